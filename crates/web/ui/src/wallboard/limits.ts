// From where on a figure of a queue is said with colour: two limits each, as whoever looks has set them.

import type { List, Queue } from '../api/client';

/** Figures that have limits, in the order in which they are set. */
export const MEASURES = ['waiting', 'longest', 'service-level', 'abandoned', 'due'] as const;
export type Measure = (typeof MEASURES)[number];
/** How bad a figure is. */
export type Level = '' | 'warn' | 'bad';

/** A figure that has come to a limit is of its level; none, where it is null. */
export interface Limit {
    warn: number | null;
    bad: number | null;
}
export type Limits = Record<Measure, Limit>;

/** Callers and callbacks are counted, the longest wait is in seconds, and the service level in percent, of which less is worse. */
export const LIMITS: Limits = {
    waiting: { warn: 3, bad: 10 },
    longest: { warn: 60, bad: 180 },
    'service-level': { warn: 80, bad: 60 },
    abandoned: { warn: null, bad: null },
    due: { warn: null, bad: null },
};
/** Largest limit: what is beyond it is beyond all figures. */
export const LIMIT_MAX = 99_999;

/** The figures of a queue now; null for what it has none of. */
export type Measured = Record<Measure, number | null>;

export function measured(queue: Queue, list: List | undefined, now: number): Measured {
    const { waiting, waiting_since, today } = queue;
    const share = today.service_level;
    return {
        waiting,
        longest: waiting_since ? Math.max(0, Math.floor((now - Date.parse(waiting_since)) / 1000)) : null,
        // As it is shown: 79.6 is 80.
        'service-level': share === null || share === undefined ? null : Math.round(share * 100),
        abandoned: today.abandoned,
        due: list?.due ?? null,
    };
}

/** How bad that is, by these limits. */
export function level(measure: Measure, value: number | null, { warn, bad }: Limit): Level {
    if (value === null) return '';
    const isAt = (limit: number | null) =>
        limit !== null && (measure === 'service-level' ? value < limit : value >= limit);
    if (isAt(bad)) return 'bad';
    return isAt(warn) ? 'warn' : '';
}

/** How bad each figure of a queue is. Callers for whom nobody is there are bad however few they are. */
export function levels(queue: Queue, figures: Measured, limits: Limits): Record<Measure, Level> {
    const each = MEASURES.map(measure => [measure, level(measure, figures[measure], limits[measure])]);
    const all = Object.fromEntries(each) as Record<Measure, Level>;
    const isDeserted = queue.waiting > 0 && queue.agents_logged_in === 0;
    return isDeserted ? { ...all, waiting: 'bad' } : all;
}

/** Whether something is bad now that was not before. */
export function isNews(before: ReadonlySet<string>, now: ReadonlySet<string>): boolean {
    return [...now].some(one => !before.has(one));
}

/** A limit that somebody typed; none where nothing is left of it. */
export function typed(text: string): number | null {
    const value = Number.parseInt(text, 10);
    return Number.isNaN(value) || value < 0 ? null : Math.min(value, LIMIT_MAX);
}

/** Limits that were kept, in which anything may stand. */
export function readLimits(kept: unknown): Limits {
    const of = (value: unknown, name: string): unknown =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
    const one = (value: unknown, usual: number | null) => {
        if (value === null) return null;
        const isOne =
            typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LIMIT_MAX;
        return isOne ? value : usual;
    };
    const each = MEASURES.map(measure => {
        const { warn, bad } = LIMITS[measure];
        const limit = of(kept, measure);
        return [measure, { warn: one(of(limit, 'warn'), warn), bad: one(of(limit, 'bad'), bad) }];
    });
    return Object.fromEntries(each) as Limits;
}
