import { describe, expect, it } from 'vitest';
import type { Agent, Caller } from '../api/client';
import { standing, takers } from './line';

const caller = (call: string, place: number) => ({ call, place }) as Caller;
const calls = (line: { caller: Caller; isGone: boolean }[]) =>
    line.map(({ caller, isGone }) => `${caller.call}${isGone ? ' gone' : ''} ${caller.place}`);

describe('a line', () => {
    it('stands as it is now while nobody points at it', () => {
        const shown = standing([caller('a', 1), caller('b', 2)], [], false);
        expect(calls(shown)).toEqual(['a 1', 'b 2']);
        expect(calls(standing([caller('b', 1)], shown, false))).toEqual(['b 1']);
    });

    it('keeps its order while it is held, with what is known of each, and nobody comes or goes', () => {
        const shown = standing([caller('a', 1), caller('b', 2)], [], false);
        const held = standing([caller('b', 1), caller('c', 2)], shown, true);
        expect(calls(held)).toEqual(['a gone 1', 'b 1']);
        expect(calls(standing([caller('b', 1), caller('c', 2)], held, false))).toEqual(['b 1', 'c 2']);
    });

    it('is shown as it is now where nothing was shown before', () => {
        expect(calls(standing([caller('a', 1)], [], true))).toEqual(['a 1']);
    });
});

describe('who could be given a caller', () => {
    const agent = (name: string, state: Agent['state'], queues: string[] = [], reachable = true) =>
        ({ name: `demo/${name}`, display_name: null, state, queues, reachable }) as Agent;

    it('has no call and can be called, he himself first and then who is logged in there', () => {
        const agents = [
            agent('anna', 'logged-out'),
            agent('bosse', 'paused', ['demo/support']),
            agent('cecilia', 'in-call', ['demo/support']),
            agent('david', 'free', ['demo/sales']),
            agent('eva', 'logged-out'),
            agent('frans', 'free', ['demo/support'], false),
            agent('greta', 'own-call', ['demo/support']),
            { ...agent('hans', 'free'), name: 'other/hans' },
        ];
        const names = takers(agents, 'demo/support', 'demo/eva', 'en').map(({ name }) => name);
        expect(names).toEqual(['demo/eva', 'demo/bosse', 'demo/anna', 'demo/david']);
    });
});
