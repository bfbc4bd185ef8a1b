import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Agent } from '../api/client';
import { Crew } from './crew.svelte';

type Told = (name: string, data: unknown) => void;
type Asked = { path: string; body: unknown; give: (data: unknown) => Promise<void> };

const server = vi.hoisted(() => ({ asked: [] as Asked[], tell: (() => undefined) as Told }));

vi.mock('../api/client', async importOriginal => {
    const asking = (path: string, given?: { body?: unknown }) =>
        new Promise(answer => {
            server.asked.push({
                path,
                body: given?.body,
                give: async data => {
                    answer({ data, response: new Response() });
                    await vi.advanceTimersByTimeAsync(1);
                },
            });
        });
    return {
        ...(await importOriginal<typeof import('../api/client')>()),
        api: { GET: asking, POST: asking },
    };
});
vi.mock('../live/live.svelte', () => ({
    live: {
        old: new Set(),
        listen: (listener: Told) => {
            server.tell = listener;
            return () => undefined;
        },
    },
}));

function agent(name: string, state: Agent['state']): Agent {
    return { name: `demo/${name}`, state } as Agent;
}

function asked(): Asked {
    const found = server.asked.at(-1);
    if (!found) throw new Error('nobody asked');
    return found;
}

const stands = (crew: Crew) => crew.agents?.map(({ name, state }) => `${name} ${state}`);

beforeEach(() => {
    vi.useFakeTimers();
    server.asked = [];
});
afterEach(() => {
    vi.useRealTimers();
});

it('agents are as they were heard of, whatever an answer that was made before says', async () => {
    const crew = new Crew();
    const end = crew.follow();
    server.tell('agent', agent('anna', 'paused'));
    server.tell('agent-gone', { name: 'demo/bosse' });
    expect(crew.agents).toBeNull();
    await asked().give({ agents: [agent('anna', 'free'), agent('bosse', 'free')] });
    expect(stands(crew)).toEqual(['demo/anna paused']);
    server.tell('agent', agent('adam', 'free'));
    expect(stands(crew)).toEqual(['demo/adam free', 'demo/anna paused']);
    server.tell('agent-gone', { name: 'demo/adam' });
    expect(stands(crew)).toEqual(['demo/anna paused']);
    end();
});

it('what is done is done once at a time, and is seen as soon as it is answered', async () => {
    const crew = new Crew();
    const end = crew.follow();
    await asked().give({ agents: [agent('anna', 'free')] });
    const pausing = crew.pause('demo/anna', '');
    void crew.logOut('demo/anna', 'demo/support');
    expect(server.asked.length).toBe(2);
    expect(asked()).toMatchObject({ path: '/api/v1/agents/pause', body: { agent: 'demo/anna' } });
    expect(crew.isBusy).toBe(true);
    await asked().give(agent('anna', 'paused'));
    await pausing;
    expect([crew.isBusy, ...(stands(crew) ?? [])]).toEqual([false, 'demo/anna paused']);
    void crew.logOut('demo/anna', 'demo/support');
    const body = { agent: 'demo/anna', queue: 'demo/support' };
    expect(asked()).toMatchObject({ path: '/api/v1/agents/log-out', body });
    end();
});
