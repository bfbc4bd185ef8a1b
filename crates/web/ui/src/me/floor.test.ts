import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Agent, Me, Queue } from '../api/client';
import { Floor } from './floor.svelte';

type Told = (name: string, data: unknown) => void;
type Asked = { path: string; give: (data: unknown) => Promise<void> };

const server = vi.hoisted(() => ({ asked: [] as Asked[], tell: (() => undefined) as Told }));

vi.mock('../api/client', async importOriginal => ({
    ...(await importOriginal<typeof import('../api/client')>()),
    api: {
        GET: (path: string) =>
            new Promise(give => {
                server.asked.push({
                    path,
                    give: async data => {
                        give({ data, response: new Response() });
                        await vi.advanceTimersByTimeAsync(1);
                    },
                });
            }),
    },
}));
vi.mock('../live/live.svelte', () => ({
    live: {
        old: new Set(),
        listen: (listener: Told) => {
            server.tell = listener;
            return () => undefined;
        },
    },
}));

const queue = (name: string, waiting = 0) => ({ name, waiting }) as Queue;
const agent = (name: string, queues: string[]) => ({ name, queues }) as Agent;

function me(queues: string[]): Me {
    const may = queues.map(name => ({ name, logged_in: true }));
    return { agent: agent('demo/anna', queues), queues: may } as Me;
}

/** How often that was asked for. */
const times = (path: string) => server.asked.filter(asked => asked.path === path).length;

/** Gives the latest answer to that question. */
async function give(path: string, data: unknown) {
    const asked = server.asked.findLast(it => it.path === path);
    if (!asked) throw new Error('nobody asked');
    await asked.give(data);
}

const names = (floor: Floor) => floor.queues?.map(({ name }) => name);

/** A floor with two queues, which are all that I may work in. */
async function open() {
    const floor = new Floor();
    const end = floor.follow();
    await give('/api/v1/me', me(['demo/sales', 'demo/support']));
    await give('/api/v1/queues', { queues: [queue('demo/sales'), queue('demo/support')] });
    return { floor, end };
}

beforeEach(() => {
    vi.useFakeTimers();
    server.asked = [];
});
afterEach(() => {
    vi.useRealTimers();
});

it('a queue that I see no longer is gone at once, and what I may is read anew', async () => {
    const { floor, end } = await open();
    server.tell('queue-gone', { name: 'demo/sales' });
    expect(names(floor)).toEqual(['demo/support']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([times('/api/v1/me'), times('/api/v1/queues')]).toEqual([2, 1]);
    await give('/api/v1/me', me(['demo/support']));
    expect(floor.me?.queues.map(({ name }) => name)).toEqual(['demo/support']);
    end();
});

it('a queue that is gone does not come back with an answer that was made before', async () => {
    const { floor, end } = await open();
    server.tell('resync', {});
    server.tell('queue-gone', { name: 'demo/sales' });
    await give('/api/v1/queues', { queues: [queue('demo/sales'), queue('demo/support')] });
    expect(names(floor)).toEqual(['demo/support']);
    end();
});

it('a queue that I may see now is there, and what I may in it is read', async () => {
    const { floor, end } = await open();
    server.tell('queue', queue('demo/office', 3));
    expect(names(floor)).toEqual(['demo/office', 'demo/sales', 'demo/support']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times('/api/v1/me')).toBe(2);
    await give('/api/v1/me', me(['demo/office']));
    server.tell('queue', queue('demo/office', 4));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times('/api/v1/me')).toBe(2);
    end();
});

it('a colleague who is gone is nothing to me, and where it is I, I am no agent any more', async () => {
    const { floor, end } = await open();
    server.tell('agent-gone', { name: 'demo/bosse' });
    await vi.advanceTimersByTimeAsync(1_000);
    expect([floor.me?.agent?.name, times('/api/v1/me')]).toEqual(['demo/anna', 1]);
    server.tell('agent-gone', { name: 'demo/anna' });
    expect([floor.me?.agent, floor.me?.queues.some(it => it.logged_in)]).toEqual([null, false]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(times('/api/v1/me')).toBe(2);
    end();
});
