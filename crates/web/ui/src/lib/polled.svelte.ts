// What the server does not tell of by itself: read anew every few seconds while somebody looks at it.

import { Reading } from '../live/reading';
import { notices } from './notices.svelte';

export class Polled<T> {
    /** What was read last; null until something was. */
    found: T | null = $state.raw(null);
    /** It can't be read just now, so what is shown grows old. */
    isOld = $state(false);
    private readonly reading: Reading<T>;

    constructor(
        ask: () => Promise<T>,
        private readonly everyMs: number,
    ) {
        this.reading = new Reading<T>({
            ask,
            show: found => (this.found = found),
            old: { add: () => (this.isOld = true), delete: () => (this.isOld = false) },
            refused: problem => notices.tell(problem),
        });
    }

    /** Begins to read; returns what ends that. */
    follow(): () => void {
        this.reading.restart();
        const timer = setInterval(() => {
            if (document.visibilityState === 'visible') this.reading.read();
        }, this.everyMs);
        return () => {
            clearInterval(timer);
            this.reading.close();
        };
    }

    /** Reads it at once: something was done, or something else is asked for. */
    again() {
        this.reading.restart();
    }

    /** What was done was answered with what there is now; an answer that is under way is older. */
    put(found: T) {
        this.found = found;
        this.reading.restart();
    }
}
