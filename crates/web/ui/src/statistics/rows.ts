// What rows of figures say to people: in words of their language, with a dash where there is nothing to say.

import type { Schemas } from '../api/client';
import type { Key } from '../lib/messages.svelte';
import { span } from '../lib/time';
import { percent } from '../me/queues';
import { local, time, written } from './days';
import type { By } from './query';

export type Row = Schemas['FiguresRow'];
export type Report = Schemas['FiguresReport'];

export type Unit = 'count' | 'share' | 'seconds';

const NONE = '–';

/** A value of a unit. */
export function shown(value: number | null | undefined, unit: Unit, language: string): string {
    if (value === null || value === undefined) return NONE;
    switch (unit) {
        case 'count':
            return new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value);
        case 'share':
            return percent(value, language);
        case 'seconds':
            return span(value * 1000);
    }
}

/** Callers of whom it is not told by themselves: they went elsewhere, in whichever way, or wait still. */
export function others({ entered, answered, abandoned }: Row): number {
    return entered - answered - abandoned;
}

/** Those who went elsewhere otherwise than by the queue's rules. */
export function elsewhere({ sent_on, failed, restarted }: Row): number {
    return sent_on + failed + restarted;
}

/** Whether there is anything to tell. */
export function isEmpty({ total, agents }: Report): boolean {
    return total.entered === 0 && total.refused === 0 && agents.length === 0;
}

/** What a table tells of each row, in the order of its columns. */
export const COLUMNS: { title: Key; unit: Unit; of: (row: Row) => number | null | undefined }[] = [
    { title: 'statistics.entered', unit: 'count', of: row => row.entered },
    { title: 'statistics.answered', unit: 'count', of: row => row.answered },
    { title: 'statistics.service-level', unit: 'share', of: row => row.service_level },
    { title: 'statistics.abandoned', unit: 'count', of: row => row.abandoned },
    { title: 'statistics.overflowed', unit: 'count', of: row => row.overflowed },
    { title: 'statistics.called-back', unit: 'count', of: row => row.called_back },
    { title: 'statistics.elsewhere', unit: 'count', of: elsewhere },
    { title: 'statistics.waiting', unit: 'count', of: row => row.waiting },
    { title: 'statistics.refused', unit: 'count', of: row => row.refused },
    { title: 'statistics.wait.mean', unit: 'seconds', of: row => row.mean_wait_s },
    { title: 'statistics.wait.p90', unit: 'seconds', of: row => row.wait_p90_s },
    { title: 'statistics.wait.longest', unit: 'seconds', of: row => row.longest_wait_s },
    { title: 'statistics.forecast.expected', unit: 'seconds', of: row => row.forecast.expected_s },
    { title: 'statistics.forecast.waited', unit: 'seconds', of: row => row.forecast.waited_s },
    { title: 'statistics.talk', unit: 'seconds', of: row => row.mean_talk_s },
    { title: 'statistics.wrap-up', unit: 'seconds', of: row => row.mean_wrap_up_s },
    { title: 'statistics.handling', unit: 'seconds', of: row => row.mean_handling_s },
];

/** The cells of a row. */
export function cells(row: Row, language: string): string[] {
    return COLUMNS.map(({ of, unit }) => shown(of(row), unit, language));
}

/** When an interval begins, as a table says it: its day only where there are several. */
export function begins(row: Row, by: By, days: number, language: string): string {
    const at = local(row.from);
    const isPart = by === 'interval' || by === 'hour';
    if (isPart && days === 1) return time(at);
    const day = written(at.day, language, 'weekday');
    return isPart ? `${day} ${time(at)}` : day;
}

/** The same under a chart, where there is little room: the day where it begins, and else the time. */
export function tick(row: Row, by: By, days: number, language: string): string {
    const at = local(row.from);
    const isPart = by === 'interval' || by === 'hour';
    const isMidnight = at.hour === 0 && at.minute === 0;
    return isPart && !(days > 1 && isMidnight) ? time(at) : written(at.day, language);
}
