// A week as a grid of its days and hours, of one week or of several together.

import type { Key } from '../lib/messages.svelte';
import { local, weekday } from './days';
import type { Row, Unit } from './rows';

/** What the grid tells. */
export const MEASURES = ['callers', 'abandoned', 'wait', 'level'] as const;
export type Measure = (typeof MEASURES)[number];

export const TITLES: Record<Measure, Key> = {
    callers: 'statistics.entered',
    abandoned: 'statistics.abandoned',
    wait: 'statistics.wait.mean',
    level: 'statistics.service-level',
};

export const UNITS: Record<Measure, Unit> = {
    callers: 'count',
    abandoned: 'count',
    wait: 'seconds',
    level: 'share',
};

/** How strongly a field is coloured at most. */
export const STRONGEST = 5;

export interface Field {
    /** Nothing, where there is none. */
    value: number | null;
    /** From 0 to `STRONGEST`, by the largest of all. */
    strength: number;
}

export interface Week {
    /** The hours that are shown: from the first in which somebody came to the last. */
    hours: number[];
    /** By day, from Monday on, and then by those hours. */
    days: Field[][];
}

/** Sums of a field: of what, and by how much each counts. */
interface Sum {
    of: number;
    by: number;
}

/** Of rows that are an hour each. Counts are those of one week, where there are several the mean of them. */
export function week(rows: Row[], measure: Measure): Week {
    const sums = new Map<string, Sum>();
    const busy = new Set<number>();
    for (const row of rows) {
        const { day, hour } = local(row.from);
        const place = `${weekday(day)} ${hour}`;
        const sum = sums.get(place) ?? { of: 0, by: 0 };
        const weight = weighed(row, measure);
        sums.set(place, { of: sum.of + weight.of, by: sum.by + weight.by });
        if (row.entered > 0) busy.add(hour);
    }
    const hours = between(busy);
    const values = Array.from({ length: 7 }, (_, day) =>
        hours.map(hour => {
            const sum = sums.get(`${day} ${hour}`);
            return sum && sum.by > 0 ? sum.of / sum.by : null;
        }),
    );
    const most = Math.max(0, ...values.flat().map(value => value ?? 0));
    const field = (value: number | null): Field => ({ value, strength: strength(value, most) });
    return { hours, days: values.map(day => day.map(field)) };
}

function strength(value: number | null, most: number): number {
    return value === null || most === 0 ? 0 : Math.ceil((value / most) * STRONGEST);
}

/** A mean goes by those of whom it is: else an hour with one caller would count as much as one with a hundred. */
function weighed(row: Row, measure: Measure): Sum {
    switch (measure) {
        case 'callers':
            return { of: row.entered, by: 1 };
        case 'abandoned':
            return { of: row.abandoned, by: 1 };
        case 'wait':
            return { of: (row.mean_wait_s ?? 0) * row.answered, by: row.answered };
        case 'level': {
            const counted = row.entered - row.waiting - row.abandoned_soon;
            return row.service_level === null || row.service_level === undefined
                ? { of: 0, by: 0 }
                : { of: row.in_time, by: counted };
        }
    }
}

function between(busy: Set<number>): number[] {
    const [first, last] = [Math.min(...busy), Math.max(...busy)];
    return busy.size === 0 ? [] : Array.from({ length: last - first + 1 }, (_, at) => first + at);
}
