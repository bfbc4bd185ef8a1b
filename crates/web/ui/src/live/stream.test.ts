import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SILENT_MS, Stream, type State } from './stream';

/** A server whose answers are made up as they are asked for. */
class Server {
    asked: (string | null)[] = [];
    private feeds: ReadableStreamDefaultController<Uint8Array>[] = [];
    refusals: number[] = [];

    fetch: typeof fetch = async (_, init) => {
        const headers = new Headers(init?.headers);
        this.asked.push(headers.get('last-event-id'));
        const refusal = this.refusals.shift();
        if (refusal) return new Response(null, { status: refusal });
        const body = new ReadableStream<Uint8Array>({
            start: feed => {
                this.feeds.push(feed);
                init?.signal?.addEventListener('abort', () => feed.error(new Error('aborted')));
            },
        });
        return new Response(body);
    };

    private get newest() {
        const feed = this.feeds.at(-1);
        if (!feed) throw new Error('nobody reads');
        return feed;
    }

    async say(text: string) {
        this.newest.enqueue(new TextEncoder().encode(text));
        await vi.advanceTimersByTimeAsync(1);
    }

    async end() {
        this.newest.close();
        await vi.advanceTimersByTimeAsync(1);
    }
}

function reading() {
    const server = new Server();
    const states: State[] = [];
    const events: [string, unknown][] = [];
    let ended = 0;
    const stream = new Stream({
        url: '/events',
        fetch: server.fetch,
        state: state => states.push(state),
        event: (name, data) => events.push([name, data]),
        ended: () => ended++,
    });
    void stream.run();
    return { server, stream, states, events, ended: () => ended };
}

describe('a stream', () => {
    beforeEach(() => {
        vi.useFakeTimers();
    });
    afterEach(() => {
        vi.useRealTimers();
    });

    it('goes on where it was, and says meanwhile that it is not live', async () => {
        const { server, states, events } = reading();
        await vi.advanceTimersByTimeAsync(1);
        await server.say('id: 1-7\nevent: callback\ndata: {"id":"b1"}\n\n');
        expect(states).toEqual(['connecting', 'live']);
        await server.end();
        expect(states.at(-1)).toBe('reconnecting');
        await vi.advanceTimersByTimeAsync(1_000);
        expect(server.asked).toEqual([null, '1-7']);
        expect(states.at(-1)).toBe('live');
        await server.say('id: 1-8\nevent: callback\ndata: {"id":"b2"}\n\n');
        expect(events).toEqual([
            ['resync', {}],
            ['callback', { id: 'b1' }],
            ['callback', { id: 'b2' }],
        ]);
    });

    it('that has fallen silent is read anew, and one that only says that it is there is not', async () => {
        const { server, states } = reading();
        await vi.advanceTimersByTimeAsync(1);
        for (let times = 0; times < 4; times++) {
            await vi.advanceTimersByTimeAsync(SILENT_MS - 1_000);
            await server.say(': alive\n\n');
        }
        expect(server.asked.length).toBe(1);
        await vi.advanceTimersByTimeAsync(SILENT_MS + 1_000);
        expect(server.asked.length).toBe(2);
        expect(states).toEqual(['connecting', 'live', 'reconnecting', 'live']);
    });

    it('ends with the session', async () => {
        const { server, stream, ended } = reading();
        await vi.advanceTimersByTimeAsync(1);
        server.refusals = [401];
        await server.end();
        await vi.advanceTimersByTimeAsync(1_000);
        expect(ended()).toBe(1);
        await vi.advanceTimersByTimeAsync(60_000);
        expect(server.asked.length).toBe(2);
        stream.close();
    });

    it('is tried ever more seldom while the server is away, and at once when somebody looks', async () => {
        const { server, stream, states } = reading();
        await vi.advanceTimersByTimeAsync(1);
        server.refusals = new Array(50).fill(503);
        await server.end();
        await vi.advanceTimersByTimeAsync(60_000);
        const tries = server.asked.length;
        expect(tries).toBeGreaterThan(5);
        expect(tries).toBeLessThan(14);
        expect(states.at(-1)).toBe('reconnecting');
        server.refusals = [];
        stream.hurry();
        await vi.advanceTimersByTimeAsync(1);
        expect(states.at(-1)).toBe('live');
    });

    it('that is closed asks no more', async () => {
        const { server, stream } = reading();
        await vi.advanceTimersByTimeAsync(1);
        stream.close();
        await vi.advanceTimersByTimeAsync(60_000);
        expect(server.asked.length).toBe(1);
    });
});
