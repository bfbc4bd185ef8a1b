// Days of a queue's hours as they are drawn: when it is open on each, and what was done by hand on it.

import type { Schemas } from '../api/client';
import { meant } from '../lib/local';
import { plus, weekday } from '../statistics/days';

export type Day = Schemas['DayView'];
export type Told = Schemas['HoursView'];
type Open = Day['open'][number];
type QuickClose = Schemas['QuickCloseView'];

/** Minutes of a day as a clock shows them. */
export const DAY_MINUTES = 1_440;

/** From one minute of a day until another. */
export interface Block {
    from: number;
    until: number;
}

/** The Monday of a day's week. */
export function monday(day: string): string {
    return plus(day, -weekday(day));
}

/** `17:30` in minutes. */
export function minutes(clock: string): number {
    const [hour = 0, minute = 0] = clock.split(':').map(Number);
    return hour * 60 + minute;
}

/** When it is open on each of these days, one after the other: what goes over midnight is of the next one too, unless that is a
 *  day of its own or a holiday, which replaces the whole day. */
export function blocks(days: readonly Day[]): Block[][] {
    return days.map((day, index) => {
        const before = day.decided_by === 'schedule' ? (days[index - 1]?.open ?? []) : [];
        const night = before.filter(isOvernight).map(({ until }) => ({ from: 0, until: minutes(until) }));
        const own = day.open.map(open => ({
            from: minutes(open.from),
            until: isOvernight(open) ? DAY_MINUTES : minutes(open.until),
        }));
        return [...night, ...own].filter(({ from, until }) => from < until);
    });
}

function isOvernight({ from, until }: Open): boolean {
    return minutes(until) <= minutes(from);
}

/** What of a day was closed or opened by hand: minutes by the clock of its zone. */
export function byHand(quick: QuickClose, day: string, zone: string): Block | null {
    const starts = meant(`${day}T00:00`, zone);
    const ends = meant(`${plus(day, 1)}T00:00`, zone);
    if (starts === null || ends === null) return null;
    // A day of 23 or 25 hours is drawn as long as the others.
    const minute = (at: string) =>
        Math.round(Math.min(Math.max((Date.parse(at) - starts) / (ends - starts), 0), 1) * DAY_MINUTES);
    const [from, until] = [minute(quick.from), minute(quick.until)];
    return from < until ? { from, until } : null;
}

/** Times as they are written: `08:00–12:00, 13:00–17:00`. */
export function times(open: readonly Open[]): string {
    return open.map(({ from, until }) => `${from}–${until}`).join(', ');
}

/** Days by the month that they are of: `2026-11`. */
export function byMonth(days: readonly Day[]): { month: string; days: Day[] }[] {
    const months: { month: string; days: Day[] }[] = [];
    for (const day of days) {
        const month = day.date.slice(0, 7);
        const last = months.at(-1);
        if (last?.month === month) last.days.push(day);
        else months.push({ month, days: [day] });
    }
    return months;
}
