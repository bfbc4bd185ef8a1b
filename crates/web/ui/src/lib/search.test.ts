import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Problem } from '../api/problem';
import { AGAIN_MS } from '../live/reading';
import { notices } from './notices.svelte';
import { Search } from './search.svelte';

/** What is asked of the server, to be answered by hand. */
function server() {
    const asked: { query: string; answer: (page: string) => void; refuse: (problem: Problem) => void }[] = [];
    const search = new Search<string, string>(
        query =>
            new Promise((answer, refuse) => {
                asked.push({ query, answer, refuse });
            }),
    );
    const last = () => {
        const one = asked.at(-1);
        if (!one) throw new Error('nobody asked');
        return one;
    };
    return { asked, search, last };
}

const settled = () => vi.advanceTimersByTimeAsync(1);

beforeEach(() => {
    vi.useFakeTimers();
});
afterEach(() => {
    vi.useRealTimers();
    notices.clear();
});

it('one thing is asked for at a time, and what was asked for last is shown', async () => {
    const { asked, search, last } = server();
    search.ask('first');
    search.ask('second');
    search.ask('third');
    expect(asked.map(({ query }) => query)).toEqual(['first']);
    last().answer('of the first');
    await settled();
    expect([search.page, search.isUnderWay]).toEqual([null, true]);
    expect(asked.map(({ query }) => query)).toEqual(['first', 'third']);
    last().answer('of the third');
    await settled();
    expect([search.page, search.isUnderWay]).toEqual(['of the third', false]);
});

it('where the server reads something else of his he is told so, and it is asked again', async () => {
    const { asked, search, last } = server();
    search.ask('one');
    last().refuse(new Problem(429, {}, 2));
    await settled();
    expect([search.waits, search.isUnderWay, notices.shown]).toEqual([true, true, null]);
    await vi.advanceTimersByTimeAsync(2 * AGAIN_MS);
    expect(asked.length).toBe(2);
    last().answer('found');
    await settled();
    expect([search.waits, search.isUnderWay, search.page]).toEqual([false, false, 'found']);
});

it('what can not be asked for is not, and nothing is found', async () => {
    const { asked, search, last } = server();
    search.ask('one');
    last().answer('found');
    await settled();
    search.ask('two');
    search.refuse('calls.refused.long');
    last().answer('found late');
    await settled();
    expect([search.page, search.refused, search.isUnderWay]).toEqual([null, 'calls.refused.long', false]);
    search.ask('three');
    expect([search.refused, asked.length]).toEqual([null, 3]);
});

it('what was refused is told, unless something else is asked for by then', async () => {
    const { search, last } = server();
    search.ask('bad');
    search.ask('good');
    last().refuse(new Problem(422, { detail: 'expected a number' }, null));
    await settled();
    expect(notices.shown).toBeNull();
    expect(last().query).toBe('good');
    last().refuse(new Problem(422, { detail: 'expected less' }, null));
    await settled();
    expect(notices.shown?.detail).toBe('expected less');
    expect(search.isUnderWay).toBe(false);
});
