// What is drawn of rows of figures.

import type { Key } from '../lib/messages.svelte';
import { others, type Report, type Row, type Unit } from './rows';

/** A colour of the theme: what is well, what isn't, and what is neither. */
export type Tone = 'accent' | 'good' | 'bad' | 'plain';

export interface Series {
    title: Key;
    tone: Tone;
    values: (number | null)[];
}

export interface Chart {
    title: Key;
    unit: Unit;
    /** Bars stand on each other, the first the lowest. */
    as: 'bars' | 'lines';
    series: Series[];
}

/** The charts that there is something to be seen on. */
export function charts({ together, total }: Report): Chart[] {
    const series = (title: Key, tone: Tone, of: (row: Row) => number | null | undefined): Series => ({
        title,
        tone,
        values: together.map(row => of(row) ?? null),
    });
    const all: Chart[] = [
        {
            title: 'statistics.chart.callers',
            unit: 'count',
            as: 'bars',
            series: [
                series('statistics.answered', 'accent', row => row.answered),
                series('statistics.abandoned', 'bad', row => row.abandoned),
                series('statistics.others', 'plain', others),
            ],
        },
        {
            title: 'statistics.service-level',
            unit: 'share',
            as: 'lines',
            series: [series('statistics.service-level', 'good', row => row.service_level)],
        },
        {
            title: 'statistics.chart.waits',
            unit: 'seconds',
            as: 'lines',
            series: [
                series('statistics.wait.mean', 'accent', row => row.mean_wait_s),
                series('statistics.wait.p90', 'plain', row => row.wait_p90_s),
            ],
        },
        {
            title: 'statistics.chart.handling',
            unit: 'seconds',
            as: 'lines',
            series: [
                series('statistics.handling', 'accent', row => row.mean_handling_s),
                series('statistics.talk', 'plain', row => row.mean_talk_s),
            ],
        },
    ];
    if (total.forecast.calls > 0) {
        all.push({
            title: 'statistics.chart.forecast',
            unit: 'seconds',
            as: 'lines',
            series: [
                series('statistics.forecast.waited', 'accent', row => row.forecast.waited_s),
                series('statistics.forecast.expected', 'plain', row => row.forecast.expected_s),
            ],
        });
    }
    return all.filter(({ series }) => series.some(({ values }) => values.some(value => value !== null)));
}

/** What bars stand up to: each on those before it. */
export function stacked(series: Series[]): number[][] {
    const sums: number[][] = [];
    for (const { values } of series) {
        const below = sums.at(-1);
        sums.push(values.map((value, at) => (value ?? 0) + (below?.[at] ?? 0)));
    }
    return sums;
}

/** Where its axis ends: a share is never more than all, and an axis of nothing has some length too. */
export function top(unit: Unit, most: number | null | undefined): number {
    if (unit === 'share') return 1;
    return most !== null && most !== undefined && most > 0 ? most * 1.05 : 1;
}
