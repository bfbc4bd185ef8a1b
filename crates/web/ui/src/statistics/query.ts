// What somebody wants to see of figures: as it stands in the page's address, and as the server is asked for it.

import type { paths } from '../api/schema';
import { count, isDay, plus, weekday } from './days';

export type Asked = NonNullable<paths['/api/v1/figures']['get']['parameters']['query']>;
/** How long intervals are. */
export type By = NonNullable<Asked['by']>;

export const SPANS = ['today', 'yesterday', 'this-week', 'last-week', 'own'] as const;
export type Span = (typeof SPANS)[number];
export const BYS: By[] = ['interval', 'hour', 'day', 'week'];

/** Days that are told of at once, by how long intervals are: the server tells 2,016 of them, and two years. */
const DAYS_MAX: Record<By, number> = { interval: 20, hour: 83, day: 732, week: 732 };
/** Up to so many days, the usual interval is one. */
const BY_DAY_UP_TO = 92;
/** Of one day there is no week to be seen. */
const WEEK_FROM = 2;

export interface Query {
    queue: string;
    span: Span;
    /** The first day and the last, where they are one's own. */
    from: string;
    to: string;
    by: By | 'usual';
}

export const DEFAULT: Query = { queue: '', span: 'today', from: '', to: '', by: 'usual' };

/** Days that are shown: the last of them, and nothing where it has no end yet. */
export interface Range {
    from: string;
    last: string;
    isOver: boolean;
    days: number;
}

/** Of an address, in which anything may stand. */
export function read(params: URLSearchParams): Query {
    const one = <T extends string>(name: string, known: readonly T[], otherwise: T): T =>
        known.find(value => value === params.get(name)) ?? otherwise;
    const day = (name: string) => {
        const text = params.get(name) ?? '';
        return isDay(text) ? text : '';
    };
    return {
        queue: params.get('queue') ?? '',
        span: one('span', SPANS, DEFAULT.span),
        from: day('from'),
        to: day('to'),
        by: one<By | 'usual'>('by', [...BYS, 'usual'], DEFAULT.by),
    };
}

/** For an address: only what is not so anyway. */
export function write(query: Query): URLSearchParams {
    const chosen = Object.entries(query).filter(([name, value]) => DEFAULT[name as keyof Query] !== value);
    return new URLSearchParams(chosen);
}

/** Which days those are, where it is `today`. */
export function range(query: Query, today: string): Range {
    const monday = plus(today, -weekday(today));
    const days = {
        today: [today, today],
        yesterday: [plus(today, -1), plus(today, -1)],
        'this-week': [monday, today],
        'last-week': [plus(monday, -7), plus(monday, -1)],
        own: own(query, today),
    } as const;
    const [from, last] = days[query.span];
    return { from, last, isOver: last < today, days: count(from, last) };
}

/** The days that were chosen; the last seven, where they are none that have been. */
function own({ from, to }: Query, today: string): readonly [string, string] {
    const last = to && to < today ? to : today;
    const isFine = from !== '' && from <= last && count(from, last) <= DAYS_MAX.day;
    return [isFine ? from : plus(last, -6), last];
}

/** How long intervals may be for so many days. */
export function offered(days: number): By[] {
    const least: Record<By, number> = { interval: 1, hour: 1, day: 2, week: 8 };
    return BYS.filter(by => least[by] <= days && days <= DAYS_MAX[by]);
}

/** How long they are. */
export function step(query: Query, days: number): By {
    const chosen = offered(days).find(by => by === query.by);
    if (chosen) return chosen;
    if (days === 1) return 'hour';
    return days <= BY_DAY_UP_TO ? 'day' : 'week';
}

/** As the server is asked. */
export function asked(query: Query, today: string): Asked {
    const { from, last, isOver, days } = range(query, today);
    return {
        from,
        // Else until now: of hours to come there is nothing to tell.
        ...(isOver && { to: plus(last, 1) }),
        by: step(query, days),
        ...(query.queue && { queue: query.queue }),
        rows: 'together',
    };
}

/** The same by hours, of which a week is made; nothing where there is none to be seen. */
export function hours(query: Query, today: string): Asked | null {
    const { days } = range(query, today);
    const isWeek = days >= WEEK_FROM && days <= DAYS_MAX.hour;
    return isWeek ? { ...asked(query, today), by: 'hour' } : null;
}

/** Where the same is as a table for spreadsheets. */
export function exported(query: Query, today: string, rows: NonNullable<Asked['rows']>): string {
    const given = Object.entries({ ...asked(query, today), rows, format: 'csv' });
    return `/api/v1/figures?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
