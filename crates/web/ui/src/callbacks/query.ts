// What somebody wants to see of callback lists: as it stands in the page's address, and as the server is asked for it.

import type { Status } from '../api/client';
import type { paths } from '../api/schema';
import { readPaging, written, type Paging } from '../lib/paging';

type Asked = NonNullable<paths['/api/v1/callbacks']['get']['parameters']['query']>;
export type Heading = NonNullable<Asked['sort']>;
export type Order = NonNullable<Asked['order']>;
export type When = NonNullable<Asked['when']>;
/** Some statuses together, or one. */
export type StatusChoice = 'open' | 'closed' | 'all' | Status;

/** In the order of the table. */
export const HEADINGS: Heading[] = [
    'due',
    'arrived',
    'window',
    'list',
    'number',
    'input',
    'tried-by',
    'attempts',
    'status',
    'latest',
];
export const OPEN: Status[] = ['not-handled', 'requeued', 'started', 'leased', 'in-call', 'awaiting-note'];
/** Those that somebody has. */
export const HELD: Status[] = ['leased', 'in-call', 'awaiting-note'];
export const CLOSED: Status[] = ['done', 'given-up', 'cancelled', 'expired'];
export const STATUS_CHOICES: StatusChoice[] = ['open', 'closed', 'all', ...OPEN, ...CLOSED];
export const WHENS: When[] = ['any', 'due', 'overdue'];
export const ROWS = [25, 50, 100, 200, 500];
/** Longest text that the server searches for. */
export const SEARCH_CHARS_MAX = 100;

export interface Query extends Paging {
    status: StatusChoice;
    when: When;
    list: string;
    agent: string;
    search: string;
    sort: Heading;
    order: Order;
}

/** What is shown to whoever has chosen nothing: whom to call, the first first. */
export const DEFAULT: Query = {
    status: 'open',
    when: 'any',
    list: '',
    agent: '',
    search: '',
    sort: 'due',
    order: 'ascending',
    page: 0,
    rows: 50,
};

/** Of an address, in which anything may stand. */
export function read(params: URLSearchParams): Query {
    const one = <T extends string>(name: string, known: readonly T[], otherwise: T): T =>
        known.find(value => value === params.get(name)) ?? otherwise;
    return {
        status: one('status', STATUS_CHOICES, DEFAULT.status),
        when: one('when', WHENS, DEFAULT.when),
        list: params.get('list') ?? '',
        agent: params.get('agent') ?? '',
        search: (params.get('search') ?? '').slice(0, SEARCH_CHARS_MAX),
        sort: one('sort', HEADINGS, DEFAULT.sort),
        order: one('order', ['ascending', 'descending'], DEFAULT.order),
        ...readPaging(params, ROWS, DEFAULT.rows),
    };
}

/** For an address: only what is not so anyway. */
export function write(query: Query): URLSearchParams {
    return written(query, DEFAULT);
}

/** As the server is asked. */
export function asked(query: Query): Asked {
    const { status, list, agent, search, ...rest } = query;
    const some = { open: OPEN, closed: CLOSED, all: [] };
    const statuses = status in some ? some[status as keyof typeof some] : [status as Status];
    return {
        ...rest,
        ...(statuses.length > 0 && { status: statuses }),
        ...(list && { list: [list] }),
        ...(agent && { agent }),
        ...(search && { search }),
    };
}

/** Sorted by that heading: the other way round, where it is already. */
export function sortedBy(query: Query, heading: Heading): Query {
    const turned = query.sort === heading && query.order === 'ascending';
    return { ...query, sort: heading, order: turned ? 'descending' : 'ascending', page: 0 };
}

/** Whether fewer are shown than there are. */
export function isFiltered({ status, when, list, agent, search }: Query): boolean {
    return status !== DEFAULT.status || when !== DEFAULT.when || Boolean(list || agent || search);
}
