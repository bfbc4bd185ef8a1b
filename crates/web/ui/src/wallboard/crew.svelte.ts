// The agents that one sees, as they stand, and what whoever supervises them changes of that.

import { answered, api, type Agent } from '../api/client';
import { notices } from '../lib/notices.svelte';
import { live } from '../live/live.svelte';
import { Reading } from '../live/reading';
import type { Device } from '../me/devices';
import { told } from '../me/queues';

type Answer = Promise<{ data?: unknown; error?: unknown; response: Response }>;

export class Crew {
    /** All agents that I see, by name; null until they are read. */
    agents: Agent[] | null = $state.raw(null);
    /** Something is being asked for. */
    isBusy = $state(false);

    private readonly reading = new Reading<Agent[]>({
        ask: async () => (await answered(api.GET('/api/v1/agents'))).agents,
        show: agents => (this.agents = agents),
        old: live.old,
        refused: problem => notices.tell(problem),
    });

    /** Begins to follow what happens; returns what ends that. */
    follow(): () => void {
        const unheard = live.listen((name, data) => this.hear(name, data));
        this.reading.restart();
        return () => {
            unheard();
            this.reading.close();
        };
    }

    async pause(agent: string, reason: string) {
        const body = { agent, ...(reason && { reason }) };
        await this.doing(() => api.POST('/api/v1/agents/pause', { body }));
    }

    async resume(agent: string) {
        await this.doing(() => api.POST('/api/v1/agents/resume', { body: { agent } }));
    }

    async endWrapUp(agent: string) {
        await this.doing(() => api.POST('/api/v1/agents/end-wrap-up', { body: { agent } }));
    }

    async extendWrapUp(agent: string) {
        await this.doing(() => api.POST('/api/v1/agents/extend-wrap-up', { body: { agent } }));
    }

    /** Logs him in to all queues that he may. */
    async logIn(agent: string) {
        await this.doing(() => api.POST('/api/v1/agents/log-in', { body: { agent } }));
    }

    /** Logs him out of a queue; of all, where none is named. */
    async logOut(agent: string, queue?: string) {
        const body = { agent, ...(queue && { queue }) };
        await this.doing(() => api.POST('/api/v1/agents/log-out', { body }));
    }

    /** Has him take calls there from now on. */
    async use(agent: string, device: Device) {
        await this.doing(() => api.POST('/api/v1/agents/device', { body: { agent, device } }));
    }

    private async doing(asking: () => Answer) {
        if (this.isBusy) return;
        this.isBusy = true;
        notices.clear();
        try {
            this.stand((await answered(asking())) as Agent);
        } catch (problem) {
            notices.tell(problem);
        } finally {
            this.isBusy = false;
        }
    }

    private hear(name: string, data: unknown) {
        if (name === 'agent') this.stand(data as Agent);
        else if (name === 'agent-gone') this.lose((data as { name: string }).name);
        else if (name === 'resync') this.reading.anew();
    }

    private stand(agent: Agent) {
        this.change(agents => told(agents, agent));
    }

    private lose(name: string) {
        this.change(agents => agents.filter(agent => agent.name !== name));
    }

    /** What is shown, and an answer that is under way. */
    private change(change: (agents: Agent[]) => Agent[]) {
        if (this.agents) this.agents = change(this.agents);
        this.reading.hear(change);
    }
}
