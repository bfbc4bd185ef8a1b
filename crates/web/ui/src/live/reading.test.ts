import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '../api/problem';
import { Reading } from './reading';

type Answer = { give: (read: string[]) => Promise<void>; refuse: (problem: Problem) => Promise<void> };

/** A reading, and a server whose answers are given by hand. */
function reading() {
    const asked: Answer[] = [];
    const shown: string[][] = [];
    const old = new Set<object>();
    const refused: unknown[] = [];
    const reading = new Reading<string[]>({
        ask: () =>
            new Promise((give, refuse) => {
                const soon = () => vi.advanceTimersByTimeAsync(1).then(() => undefined);
                asked.push({
                    give: read => (give(read), soon()),
                    refuse: problem => (refuse(problem), soon()),
                });
            }),
        show: read => shown.push(read),
        old,
        refused: problem => refused.push(problem),
    });
    const answer = (number: number) => {
        const one = asked[number];
        if (!one) throw new Error(`only ${asked.length} were asked for`);
        return one;
    };
    return { reading, asked, answer, shown, old, refused };
}

const busy = (retryAfter: number | null) => new Problem(503, {}, retryAfter);

describe('what is shown', () => {
    beforeEach(() => {
        vi.useFakeTimers();
    });
    afterEach(() => {
        vi.useRealTimers();
    });

    it('is old from when changes were missed until it has been read', async () => {
        const { reading: it, answer, shown, old } = reading();
        it.anew();
        expect(old.size).toBe(1);
        await answer(0).give(['a']);
        expect([shown, old.size]).toEqual([[['a']], 0]);
    });

    it('is old where it could not be read, and is read again by itself until it can be', async () => {
        const { reading: it, asked, answer, shown, old } = reading();
        it.read();
        await answer(0).give(['a']);
        it.read();
        expect(old.size).toBe(0);
        await answer(1).refuse(Problem.away());
        expect(old.size).toBe(1);
        await vi.advanceTimersByTimeAsync(7_000);
        await answer(2).refuse(busy(null));
        expect(old.size).toBe(1);
        await vi.advanceTimersByTimeAsync(7_000);
        await answer(3).give(['b']);
        expect([shown.at(-1), old.size]).toEqual([['b'], 0]);
        await vi.advanceTimersByTimeAsync(60_000);
        expect(asked.length).toBe(4);
    });

    it('is read again when the server says, and not before', async () => {
        const { reading: it, asked, answer } = reading();
        it.read();
        await answer(0).refuse(busy(12));
        await vi.advanceTimersByTimeAsync(11_900);
        expect(asked.length).toBe(1);
        await vi.advanceTimersByTimeAsync(7_000);
        expect(asked.length).toBe(2);
    });

    it('has what was heard while its answer was under way', async () => {
        const { reading: it, answer, shown } = reading();
        it.hear(read => [...read, 'long before']);
        it.read();
        it.hear(read => [...read, 'heard']);
        await answer(0).give(['a']);
        expect(shown).toEqual([['a', 'heard']]);
        it.read();
        await answer(1).give(['b']);
        expect(shown.at(-1)).toEqual(['b']);
    });

    it('is read once more, and no oftener, where much happens while an answer is under way', async () => {
        const { reading: it, asked, answer, shown } = reading();
        it.read();
        for (let times = 0; times < 9; times++) it.read();
        expect(asked.length).toBe(1);
        await answer(0).give(['a']);
        expect([asked.length, shown.length]).toEqual([2, 1]);
        await answer(1).give(['b']);
        expect(asked.length).toBe(2);
    });

    it('is never what was asked for before something else was', async () => {
        const { reading: it, answer, shown, old } = reading();
        it.read();
        it.restart();
        await answer(1).give(['new']);
        await answer(0).give(['late']);
        expect([shown, old.size]).toEqual([[['new']], 0]);
    });

    it('is told where it is refused, and not asked for again', async () => {
        const { reading: it, asked, answer, refused, old } = reading();
        it.anew();
        await answer(0).refuse(new Problem(401, {}, null));
        await vi.advanceTimersByTimeAsync(60_000);
        expect([asked.length, refused.length, old.size]).toEqual([1, 1, 0]);
    });

    it('is asked for by nobody any more who has gone elsewhere', async () => {
        const { reading: it, asked, answer, shown, old } = reading();
        it.read();
        await answer(0).refuse(Problem.away());
        it.close();
        await vi.advanceTimersByTimeAsync(60_000);
        expect([asked.length, shown.length, old.size]).toEqual([1, 0, 0]);
    });
});
