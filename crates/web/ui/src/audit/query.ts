// What somebody wants to see of the audit log: as it stands in the page's address, and as the server is asked for it.

import type { paths } from '../api/schema';
import type { Key } from '../lib/messages.svelte';
import { readPaging, written, type Paging } from '../lib/paging';
import { PERIODS, readChosen, spanOf, type Chosen } from '../lib/period';

type Asked = NonNullable<paths['/api/v1/audit']['get']['parameters']['query']>;

export const ROWS = [25, 50, 100, 150];

export interface Query extends Paging, Chosen {}

/** What is shown to whoever has chosen nothing: the last month. */
export const DEFAULT: Query = { when: 'month', from: '', to: '', page: 0, rows: 50 };

/** Of an address, in which anything may stand. */
export function read(params: URLSearchParams): Query {
    return {
        ...readChosen(params, PERIODS, DEFAULT.when),
        ...readPaging(params, ROWS, DEFAULT.rows),
    };
}

/** For an address: only what is not so anyway. */
export function write(query: Query): URLSearchParams {
    return written(query, DEFAULT);
}

/** As the server is asked, or why it can't be. */
export function asked({ page, rows, ...chosen }: Query, now: number, zone: string | undefined): Asked | Key {
    const span = spanOf(chosen, now, zone);
    if (!span) return 'span.refused.order';
    return { page, rows, from: span.from.toISOString(), ...(span.to && { to: span.to.toISOString() }) };
}
