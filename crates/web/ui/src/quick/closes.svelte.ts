// What is closed and opened by hand, as the server tells it, and changing it.

import { answered, api, type Schemas } from '../api/client';
import { notices } from '../lib/notices.svelte';
import { live } from '../live/live.svelte';
import { Reading } from '../live/reading';
import type { Body, Preview } from './plan';

type All = Schemas['QuickClosesView'];

/** So that many queues that change at once are one change. */
const SETTLE_MS = 600;

export class Closes {
    /** Null until it was read. */
    all: All | null = $state.raw(null);
    isBusy = $state(false);

    private settling: ReturnType<typeof setTimeout> | undefined;
    private readonly reading = new Reading<All>({
        ask: () => answered(api.GET('/api/v1/quick-closes', { params: { query: {} } })),
        show: all => (this.all = all),
        old: live.old,
        refused: problem => notices.tell(problem),
    });

    /** Begins to follow what happens; returns what ends that. Whatever is closed by hand shows in the queues. */
    follow(): () => void {
        const unheard = live.listen(name => {
            if (name === 'resync') this.reading.anew();
            else if (name === 'queue') this.settling ??= setTimeout(() => this.settle(), SETTLE_MS);
        });
        this.reading.restart();
        return () => {
            unheard();
            clearTimeout(this.settling);
            this.reading.close();
        };
    }

    async preview(body: Body): Promise<Preview[] | null> {
        return this.doing(() => answered(api.POST('/api/v1/quick-closes/preview', { body })));
    }

    /** Whether it was done. */
    async set(body: Body): Promise<boolean> {
        const made = await this.doing(() => answered(api.POST('/api/v1/quick-closes', { body })));
        return made !== null;
    }

    async undo(id: number) {
        const params = { path: { quick_close: id } };
        await this.doing(() => answered(api.DELETE('/api/v1/quick-closes/{quick_close}', { params })));
    }

    private settle() {
        this.settling = undefined;
        this.reading.read();
    }

    /** What came of it; null where it was refused. */
    private async doing<T>(asking: () => Promise<T>): Promise<T | null> {
        if (this.isBusy) return null;
        this.isBusy = true;
        notices.clear();
        try {
            return await asking();
        } catch (problem) {
            notices.tell(problem);
            return null;
        } finally {
            this.isBusy = false;
            this.reading.restart();
        }
    }
}
