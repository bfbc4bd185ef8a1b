import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CallbackRow } from '../api/client';
import { Board } from './board.svelte';
import { HELD } from './query';

const ME = 'demo/anna';

type Told = (name: string, data: unknown) => void;
type Asked = {
    path: string;
    query: { status?: unknown } | undefined;
    give: (data: unknown) => Promise<void>;
};

const server = vi.hoisted(() => ({ asked: [] as Asked[], tell: (() => undefined) as Told }));

vi.mock('../api/client', async importOriginal => ({
    ...(await importOriginal<typeof import('../api/client')>()),
    api: {
        GET: (path: string, given?: { params?: { query?: { status?: unknown } } }) =>
            new Promise(give => {
                server.asked.push({
                    path,
                    query: given?.params?.query,
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

function row(id: string, version: number, held_by: string | null = null): CallbackRow {
    return {
        id,
        version,
        held_by,
        list: 'demo/support',
        arrived: '2026-11-27T10:00:00Z',
        due: '2026-11-27T10:00:00Z',
        time: 'due',
        number: '+46701234567',
        number_is: 'shown',
        attempts: 0,
        status: held_by ? 'leased' : 'not-handled',
    };
}

/** The latest question for mine, or for the rows of the page. */
function asked(what: 'mine' | 'rows'): Asked {
    const found = server.asked.findLast(
        ({ path, query }) => path === '/api/v1/callbacks' && (query?.status === HELD) === (what === 'mine'),
    );
    if (!found) throw new Error('nobody asked');
    return found;
}

const page = (callbacks: CallbackRow[]) => ({ callbacks, total: callbacks.length });

beforeEach(() => {
    vi.useFakeTimers();
    server.asked = [];
});
afterEach(() => {
    vi.useRealTimers();
});

it('the callback that is mine stays so, whatever an answer that was made before says', async () => {
    const board = new Board(ME, true);
    const end = board.follow();
    const late = asked('mine');
    server.tell('callback', row('b1', 2, ME));
    expect(board.mine?.id).toBe('b1');
    await late.give(page([]));
    expect(board.mine?.version).toBe(2);
    // And one that is mine no more does not come back.
    server.tell('resync', {});
    const later = asked('mine');
    server.tell('callback', row('b1', 3));
    await later.give(page([row('b1', 2, ME)]));
    expect(board.mine).toBeNull();
    end();
});

it('a page of rows has what was heard while it was under way', async () => {
    const board = new Board(ME, true);
    const end = board.follow();
    const under = asked('rows');
    server.tell('callback', row('b2', 2, 'demo/bosse'));
    server.tell('erased', { id: 'b3' });
    await under.give(page([row('b1', 1), row('b2', 1), row('b3', 1)]));
    expect(board.rows.map(({ id, held_by }) => [id, held_by])).toEqual([
        ['b1', null],
        ['b2', 'demo/bosse'],
    ]);
    end();
});

it('a row that has gone while somebody pointed at it for long goes once nobody does', async () => {
    const board = new Board(ME, true);
    const end = board.follow();
    await asked('rows').give(page([row('b1', 1), row('b2', 1)]));
    board.hold(true);
    server.tell('callback', { ...row('b1', 2), status: 'cancelled' });
    const before = asked('rows');
    await vi.advanceTimersByTimeAsync(10_000);
    // It stands there as it is now, and nothing is read that would take it away.
    expect(asked('rows')).toBe(before);
    expect(board.rows.map(({ id, status }) => `${id} ${status}`)).toEqual(['b1 cancelled', 'b2 not-handled']);
    board.hold(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked('rows')).not.toBe(before);
    await asked('rows').give(page([row('b2', 1)]));
    expect(board.rows.map(({ id }) => id)).toEqual(['b2']);
    end();
});
