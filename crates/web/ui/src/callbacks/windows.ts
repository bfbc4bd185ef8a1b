// Times that a callback can be moved to.

import type { Window } from '../api/client';

/** A time, and what it is chosen by. */
export interface WindowChoice {
    key: string;
    window: Window;
}

/** By what somebody's time is chosen among others; as soon as possible, where he has none. */
export function windowChosen(window: Window | null): string {
    // Two times may have one name, or begin together.
    return window ? `${window.from} ${window.name}` : '';
}

/** The times that there are, the first first, with the one that he has: it may be over, or full. */
export function windowChoices(windows: Window[], now: Window | null): WindowChoice[] {
    const all = now ? [now, ...windows] : windows;
    const choices = new Map(all.map(window => [windowChosen(window), window]));
    return [...choices]
        .map(([key, window]) => ({ key, window }))
        .sort((one, other) => Date.parse(one.window.from) - Date.parse(other.window.from));
}
