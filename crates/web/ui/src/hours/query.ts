// Which queue's hours are shown, and of when: as it stands in the page's address.

import { isDay } from '../statistics/days';
import { monday } from './days';

export const VIEWS = ['week', 'year'] as const;
export type View = (typeof VIEWS)[number];

/** Years that the server tells of. */
export const YEARS = { first: 1970, last: 2200 };

export interface Query {
    queue: string;
    view: View;
    /** The Monday that the week begins on; empty for this week. */
    week: string;
    /** 0 for this year. */
    year: number;
}

/** Of an address, in which anything may stand. */
export function read(params: URLSearchParams): Query {
    const week = params.get('week') ?? '';
    const year = Number(params.get('year'));
    const isYear = Number.isInteger(year) && year >= YEARS.first && year <= YEARS.last;
    return {
        queue: params.get('queue') ?? '',
        view: params.get('view') === 'year' ? 'year' : 'week',
        week: isDay(week) ? monday(week) : '',
        year: isYear ? year : 0,
    };
}

/** For an address: only what is not so anyway. */
export function write({ queue, view, week, year }: Query): URLSearchParams {
    const params = new URLSearchParams();
    if (queue) params.set('queue', queue);
    if (view !== 'week') params.set('view', view);
    if (week) params.set('week', week);
    if (year) params.set('year', String(year));
    return params;
}
