// Moments as a clock on the wall shows them somewhere: `2026-12-24T10:00`, as fields of a form have them.

import {
    fromAbsolute,
    getLocalTimeZone,
    parseDateTime,
    toCalendarDateTime,
    toZoned,
} from '@internationalized/date';

/** What the clock of a zone shows then, to the minute; the browser's, where no zone is known. */
export function shown(at: number, zone: string | undefined): string {
    const there = toCalendarDateTime(fromAbsolute(at, zone ?? getLocalTimeZone()));
    return there.toString().slice(0, 16);
}

/** When that clock shows it, in ms since 1970; null, where it never does. */
export function meant(text: string, zone: string | undefined): number | null {
    try {
        return toZoned(parseDateTime(text), zone ?? getLocalTimeZone())
            .toDate()
            .getTime();
    } catch {
        return null;
    }
}

/** The next full quarter of an hour, so much later. */
export function later(at: number, ms: number): number {
    return Math.ceil((at + ms) / QUARTER_MS) * QUARTER_MS;
}

const QUARTER_MS = 900_000;
