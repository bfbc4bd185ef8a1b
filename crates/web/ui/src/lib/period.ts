// Spans of days by the clock of a zone, as people choose them.

import {
    fromAbsolute,
    getLocalTimeZone,
    parseDate,
    toCalendarDate,
    type CalendarDate,
} from '@internationalized/date';

/** What can be chosen; `own` has days of its own, and `all` is all that is kept. */
export const PERIODS = ['today', 'yesterday', 'week', 'month', 'quarter', 'own', 'all'] as const;
export type Period = (typeof PERIODS)[number];

/** How many days there are in each that ends today; a quarter is of less than the 92 that the server reads at most, however a
 *  clock is put back in it. */
const DAYS = { today: 1, week: 7, month: 30, quarter: 91 };

/** A span that is chosen: days as `2026-11-27`, empty where none is. */
export interface Chosen {
    when: Period;
    from: string;
    to: string;
}

/** From one moment until before another, as the server is asked; up to now, where there is no other. */
export interface Span {
    from: Date;
    to?: Date;
}

/** What is chosen, by the clock of that zone (the browser's, where none is known); none, where its days are in no order. */
export function spanOf({ when, from, to }: Chosen, now: number, zone: string | undefined): Span | null {
    const timeZone = zone ?? getLocalTimeZone();
    const today = toCalendarDate(fromAbsolute(now, timeZone));
    const begins = (day: CalendarDate) => day.toDate(timeZone);
    switch (when) {
        case 'all':
            return { from: new Date(0) };
        case 'yesterday':
            return { from: begins(today.subtract({ days: 1 })), to: begins(today) };
        case 'own': {
            const last = day(to) ?? today;
            const first = day(from) ?? last;
            if (first.compare(last) > 0) return null;
            return { from: begins(first), to: begins(last.add({ days: 1 })) };
        }
        default:
            return { from: begins(today.subtract({ days: DAYS[when] - 1 })) };
    }
}

/** How many days it is long at most, also where a clock is put back in it. */
export function daysOf({ from, to }: Span, now: number): number {
    return ((to?.getTime() ?? now) - from.getTime()) / 86_400_000;
}

/** A day that somebody typed; none, where it is none. */
function day(text: string): CalendarDate | null {
    try {
        return parseDate(text);
    } catch {
        return null;
    }
}

/** Of an address, in which anything may stand. */
export function readChosen(params: URLSearchParams, choices: readonly Period[], usual: Period): Chosen {
    const text = (name: string) => {
        const value = params.get(name) ?? '';
        return day(value) ? value : '';
    };
    return {
        when: choices.find(when => when === params.get('when')) ?? usual,
        from: text('from'),
        to: text('to'),
    };
}
