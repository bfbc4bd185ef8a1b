// What somebody looks for among calls: as it stands in the page's address, and as the server is asked for it.

import type { paths } from '../api/schema';
import type { Key } from '../lib/messages.svelte';
import { readPaging, written, type Paging } from '../lib/paging';
import { daysOf, PERIODS, readChosen, spanOf, type Chosen } from '../lib/period';

type Asked = NonNullable<paths['/api/v1/calls']['get']['parameters']['query']>;
export type Heading = NonNullable<Asked['sort']>;
export type Order = NonNullable<Asked['order']>;

/** In the order of the table. */
export const HEADINGS: Heading[] = [
    'began',
    'caller',
    'dialled',
    'direction',
    'queue',
    'agent',
    'waited',
    'talked',
    'cause',
];
export const ROWS = [25, 50, 100, 150];
/** Longest number that the server looks for. */
export const NUMBER_CHARS_MAX = 40;
/** What may stand in one. */
const SIGNS = /^[0-9+*# ()./-]*$/;
/** Why calls end, as the server says it. */
export const CAUSES = [
    'caller-hung-up',
    'callee-hung-up',
    'not-completed',
    'completed',
    'transferred',
    'signalling-failed',
    'party-lost',
    'shutdown',
    'minutes-used-up',
    'cut-off',
] as const;
/** Days that the server reads at most; any, of a number so long that it is found by itself. */
const DAYS_MAX = 92;
const NUMBER_DIGITS = 7;

export interface Query extends Paging, Chosen {
    number: string;
    queue: string;
    agent: string;
    /** One of `CAUSES`, or nothing. */
    cause: string;
    sort: Heading;
    order: Order;
}

/** What is shown to whoever has chosen nothing: the last week, the latest first. */
export const DEFAULT: Query = {
    when: 'week',
    from: '',
    to: '',
    number: '',
    queue: '',
    agent: '',
    cause: '',
    sort: 'began',
    order: 'descending',
    page: 0,
    rows: 50,
};

/** Of an address, in which anything may stand. */
export function read(params: URLSearchParams): Query {
    const one = <T extends string>(name: string, known: readonly T[], otherwise: T): T =>
        known.find(value => value === params.get(name)) ?? otherwise;
    return {
        ...readChosen(params, PERIODS, DEFAULT.when),
        number: (params.get('number') ?? '').slice(0, NUMBER_CHARS_MAX),
        queue: named(params.get('queue')),
        agent: named(params.get('agent')),
        cause: one('cause', ['', ...CAUSES], ''),
        sort: one('sort', HEADINGS, DEFAULT.sort),
        order: one('order', ['ascending', 'descending'], DEFAULT.order),
        ...readPaging(params, ROWS, DEFAULT.rows),
    };
}

/** For an address: only what is not so anyway. */
export function write(query: Query): URLSearchParams {
    return written(query, DEFAULT);
}

/** As the server is asked, or why it can't be. */
export function asked(query: Query, now: number, zone: string | undefined): Asked | Key {
    const { when, from, to, number, queue, agent, cause, ...rest } = query;
    if (!SIGNS.test(number)) return 'calls.refused.number';
    const span = spanOf({ when, from, to }, now, zone);
    if (!span) return 'span.refused.order';
    if (daysOf(span, now) > DAYS_MAX && !isFoundAlone(number)) return 'calls.refused.long';
    return {
        ...rest,
        from: span.from.toISOString(),
        ...(span.to && { to: span.to.toISOString() }),
        ...(number.trim() && { number: number.trim() }),
        ...(queue && { queue }),
        ...(agent && { agent }),
        ...(cause && { cause }),
    };
}

/** Where the same calls are, all pages of them, as a table. */
export function exported(asked: Asked): string {
    const given = Object.entries(asked).filter(([name]) => name !== 'page' && name !== 'rows');
    const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return `/api/v1/calls/export?${query.toString()}`;
}

/** Whether calls with that number are found by it alone, and not among all of a time. */
export function isFoundAlone(number: string): boolean {
    return number.replace(/\D/g, '').length >= NUMBER_DIGITS && !/[*#]/.test(number);
}

/** Sorted by that heading: the other way round, where it is already. */
export function sortedBy(query: Query, heading: Heading): Query {
    const turned = query.sort === heading && query.order === 'descending';
    return { ...query, sort: heading, order: turned ? 'ascending' : 'descending', page: 0 };
}

/** Whether fewer are shown than there are of that time. */
export function isFiltered({ number, queue, agent, cause }: Query): boolean {
    return Boolean(number || queue || agent || cause);
}

/** A queue or a user, as the server names them. */
function named(text: string | null): string {
    return text && /^[a-z0-9_.-]{1,64}\/[a-z0-9_.-]{1,64}$/.test(text) ? text : '';
}
