// How one stands as an agent, and how the queues stand that one sees.

import { createContext } from 'svelte';
import { answered, api, type Agent, type Me, type Queue } from '../api/client';
import { clock } from '../lib/clock.svelte';
import { notices } from '../lib/notices.svelte';
import { live } from '../live/live.svelte';
import { Reading } from '../live/reading';
import type { Device } from './devices';
import { apart, standing, told, without } from './queues';

/** A queue or an agent that I see no longer. */
type Gone = { name: string };
type Answer = Promise<{ data?: unknown; error?: unknown; response: Response }>;

/** So that many changes at once are read once. */
const SETTLE_MS = 400;
/** Whom readings tell. */
const SAID = { old: live.old, refused: (problem: unknown) => notices.tell(problem) };

export class Floor {
    me: Me | null = $state.raw(null);
    /** All queues that I see, by name; null until they are read. */
    queues: Queue[] | null = $state.raw(null);
    /** What is being asked for, so that it isn't twice. */
    busy: string | null = $state(null);

    private settling: ReturnType<typeof setTimeout> | undefined;
    private readonly mine = new Reading<Me>({
        ask: () => answered(api.GET('/api/v1/me')),
        show: me => this.showMe(me),
        ...SAID,
    });
    private readonly all = new Reading<Queue[]>({
        ask: async () => (await answered(api.GET('/api/v1/queues'))).queues,
        show: queues => (this.queues = queues),
        ...SAID,
    });

    /** Begins to follow what happens; returns what ends that. */
    follow(): () => void {
        const unheard = live.listen((name, data) => this.hear(name, data));
        this.mine.restart();
        this.all.restart();
        return () => {
            unheard();
            clearTimeout(this.settling);
            this.mine.close();
            this.all.close();
        };
    }

    /** Logs me in to a queue, or out of it; all that I may, where none is named. */
    async logIn(isIn: boolean, queue?: string) {
        const body = queue ? { queue } : {};
        await this.doing(`log ${queue ?? 'all'}`, () =>
            isIn ? api.POST('/api/v1/agents/log-in', { body }) : api.POST('/api/v1/agents/log-out', { body }),
        );
    }

    async pause(reason: string) {
        const body = reason ? { reason } : {};
        await this.doing('pause', () => api.POST('/api/v1/agents/pause', { body }));
    }

    async resume() {
        await this.doing('resume', () => api.POST('/api/v1/agents/resume', { body: {} }));
    }

    async endWrapUp() {
        await this.doing('end', () => api.POST('/api/v1/agents/end-wrap-up', { body: {} }));
    }

    async extendWrapUp() {
        await this.doing('extend', () => api.POST('/api/v1/agents/extend-wrap-up', { body: {} }));
    }

    async use(device: Device) {
        await this.doing('device', () => api.POST('/api/v1/agents/device', { body: { device } }));
    }

    private async doing(what: string, asking: () => Answer) {
        if (this.busy) return;
        this.busy = what;
        notices.clear();
        try {
            this.stand((await answered(asking())) as Agent);
        } catch (problem) {
            notices.tell(problem);
        } finally {
            this.busy = null;
        }
        this.mine.restart();
    }

    private hear(name: string, data: unknown) {
        if (name === 'me') {
            this.stand(data as Agent);
            this.settle();
        } else if (name === 'queue') {
            const queue = data as Queue;
            const isNew = !this.queues?.some(({ name }) => name === queue.name);
            this.change(queues => told(queues, queue));
            if (isNew) this.settle();
        } else if (name === 'queue-gone') {
            const { name: gone } = data as Gone;
            this.change(queues => without(queues, gone));
            this.settle();
        } else if (name === 'agent-gone') {
            const { name: gone } = data as Gone;
            const before = this.me;
            this.changeMe(me => apart(me, gone));
            if (this.me !== before) this.settle();
        } else if (name === 'resync') {
            this.mine.anew();
            this.all.anew();
        }
    }

    private showMe(me: Me) {
        this.me = me;
        clock.zone = me.zone ?? undefined;
    }

    /** Which telephones there are, and what I may, is not told: it is read, with whatever else happens until then. */
    private settle() {
        this.settling ??= setTimeout(() => {
            this.settling = undefined;
            this.mine.read();
        }, SETTLE_MS);
    }

    private stand(agent: Agent) {
        this.changeMe(me => standing(me, agent));
    }

    /** As something was heard, also of what is being read. */
    private changeMe(change: (me: Me) => Me) {
        if (this.me) this.me = change(this.me);
        this.mine.hear(change);
    }

    private change(change: (queues: Queue[]) => Queue[]) {
        if (this.queues) this.queues = change(this.queues);
        this.all.hear(change);
    }
}

/** The one of the pages that are open, whose header shows how one stands too. */
export const [theFloor, setFloor] = createContext<Floor>();
