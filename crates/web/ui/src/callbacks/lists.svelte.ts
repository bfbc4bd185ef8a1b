// The callback lists as they stand: read anew with whatever is heard of them, and now and then, since a clock makes callbacks
// due and tells nobody.

import { answered, api, type List } from '../api/client';
import { notices } from '../lib/notices.svelte';
import { live } from '../live/live.svelte';
import { Reading } from '../live/reading';

/** So that many changes at once are read once. */
const SETTLE_MS = 400;
const EVERY_MS = 15_000;

export class Lists {
    all: List[] = $state.raw([]);
    private settling: ReturnType<typeof setTimeout> | undefined;
    private readonly reading = new Reading<List[]>({
        ask: async () => (await answered(api.GET('/api/v1/lists'))).lists,
        show: lists => (this.all = lists),
        old: live.old,
        refused: problem => notices.tell(problem),
    });

    /** Begins to follow what happens; returns what ends that. */
    follow(): () => void {
        const unheard = live.listen(name => this.hear(name));
        const timer = setInterval(() => this.reading.read(), EVERY_MS);
        this.reading.restart();
        return () => {
            unheard();
            clearInterval(timer);
            clearTimeout(this.settling);
            this.reading.close();
        };
    }

    /** Something was done to them: what is under way may not know it. */
    restart() {
        this.reading.restart();
    }

    /** Reads them in a moment, with whatever else changes until then. */
    settle() {
        this.settling ??= setTimeout(() => {
            this.settling = undefined;
            this.reading.read();
        }, SETTLE_MS);
    }

    private hear(name: string) {
        if (['callback', 'erased', 'staff'].includes(name)) this.settle();
        else if (name === 'resync') this.reading.anew();
    }
}
