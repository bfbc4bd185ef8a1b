// The colleagues of one's organisation and the numbers of its queues, read anew every so often while they are looked at: whether
// somebody is in a call is not told by itself.

import { answered, api, type Directory } from '../api/client';
import { notices } from '../lib/notices.svelte';
import { Reading } from '../live/reading';

/** How often they are read while somebody looks. */
const ANEW_MS = 5_000;

export class People {
    /** Null until they are read. */
    read: Directory | null = $state.raw(null);

    private readonly reading = new Reading<Directory>({
        ask: () => answered(api.GET('/api/v1/directory')),
        show: read => (this.read = read),
        // What is seconds old is not called live, and not said to be old either.
        old: { add: () => undefined, delete: () => undefined },
        refused: problem => notices.tell(problem),
    });

    /** Reads them once, and then again and again while the page is seen; returns what ends that. */
    follow(): () => void {
        this.reading.restart();
        const timer = setInterval(() => {
            if (!document.hidden) this.reading.read();
        }, ANEW_MS);
        return () => {
            clearInterval(timer);
            this.reading.close();
        };
    }
}
