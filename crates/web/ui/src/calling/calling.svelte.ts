// One's own calls, as they happen, and what one has done with them. The server carries it out on whatever telephone the call is; a
// telephone within the page would have its calls here like any other.

import { createContext } from 'svelte';
import { answered, api, type OwnCall } from '../api/client';
import { notices } from '../lib/notices.svelte';
import { live } from '../live/live.svelte';
import type { Act } from './calls';

type Answer = Promise<{ data?: unknown; error?: unknown; response: Response }>;

export class Calling {
    /** All of one's own calls: told whole, at the beginning and whenever one changes. */
    calls: OwnCall[] = $state.raw([]);
    /** What is being asked for, so that it isn't twice. */
    busy: string | null = $state(null);

    /** Begins to follow what happens; returns what ends that. */
    follow(): () => void {
        return live.listen((name, data) => {
            if (name === 'own-calls') this.calls = (data as { calls: OwnCall[] }).calls;
        });
    }

    /** Has a number called; whether its telephone rings. */
    async dial(number: string): Promise<boolean> {
        return this.doing('dial', () => api.POST('/api/v1/me/calls', { body: { number } }));
    }

    /** Does one of the things that need nothing more to be said. */
    async act(call: OwnCall, act: Exclude<Act, 'transfer'>): Promise<boolean> {
        const params = { path: { leg: call.id } };
        const asking = {
            take: () => api.POST('/api/v1/me/calls/{leg}/take', { params }),
            decline: () => api.POST('/api/v1/me/calls/{leg}/decline', { params }),
            'hang-up': () => api.POST('/api/v1/me/calls/{leg}/hang-up', { params }),
            hold: () => api.POST('/api/v1/me/calls/{leg}/hold', { params }),
            resume: () => api.POST('/api/v1/me/calls/{leg}/resume', { params }),
        };
        return this.doing(`${act} ${call.id}`, asking[act]);
    }

    /** Sends the other to a number, at once. */
    async transfer(call: OwnCall, to: string): Promise<boolean> {
        const params = { path: { leg: call.id } };
        return this.doing(`transfer ${call.id}`, () =>
            api.POST('/api/v1/me/calls/{leg}/transfer', { params, body: { to } }),
        );
    }

    /** Lets the other wait, and calls a number, to join both later. */
    async consult(call: OwnCall, number: string): Promise<boolean> {
        if (call.held === 'no' && !(await this.act(call, 'hold'))) return false;
        return this.dial(number);
    }

    /** Has the others of two calls talk with each other. */
    async join(call: OwnCall, other: OwnCall): Promise<boolean> {
        const params = { path: { leg: call.id } };
        return this.doing(`join ${call.id}`, () =>
            api.POST('/api/v1/me/calls/{leg}/join', { params, body: { with: other.id } }),
        );
    }

    private async doing(what: string, asking: () => Answer): Promise<boolean> {
        if (this.busy) return false;
        this.busy = what;
        notices.clear();
        try {
            await answered(asking());
            return true;
        } catch (problem) {
            notices.tell(problem);
            return false;
        } finally {
            this.busy = null;
        }
    }
}

/** The one of the pages that are open. */
export const [theCalling, setCalling] = createContext<Calling>();
