// The callers in a queue's line, and what is done about one.

import { answered, api, type CallersPage } from '../api/client';
import { notices } from '../lib/notices.svelte';
import { Polled } from '../lib/polled.svelte';

/** How often the line is read: as often as a supervisor looks up. */
const EVERY_MS = 2_000;

type Asking = Promise<{ data?: CallersPage; error?: unknown; response: Response }>;

export class Callers {
    readonly polled: Polled<CallersPage>;
    /** Something is being asked for. */
    isBusy = $state(false);
    private readonly path: { organisation: string; queue: string };

    constructor(name: string) {
        const [organisation = '', queue = ''] = name.split('/');
        this.path = { organisation, queue };
        const params = { path: this.path };
        this.polled = new Polled(
            () => answered(api.GET('/api/v1/queues/{organisation}/{queue}/callers', { params })),
            EVERY_MS,
        );
    }

    /** Puts a caller at that place, 1 being next in turn. */
    async putForward(caller: string, place: number): Promise<boolean> {
        const params = { path: { ...this.path, caller } };
        return this.doing(() =>
            api.POST('/api/v1/queues/{organisation}/{queue}/callers/{caller}/put-forward', {
                params,
                body: { place },
            }),
        );
    }

    /** Has a caller offered to that agent now. */
    async give(caller: string, agent: string): Promise<boolean> {
        const params = { path: { ...this.path, caller } };
        return this.doing(() =>
            api.POST('/api/v1/queues/{organisation}/{queue}/callers/{caller}/give', {
                params,
                body: { agent },
            }),
        );
    }

    /** Whether it was done. */
    private async doing(asking: () => Asking): Promise<boolean> {
        if (this.isBusy) return false;
        this.isBusy = true;
        notices.clear();
        try {
            this.polled.put(await answered(asking()));
            return true;
        } catch (problem) {
            notices.tell(problem);
            this.polled.again();
            return false;
        } finally {
            this.isBusy = false;
        }
    }
}
