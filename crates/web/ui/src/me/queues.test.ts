import { expect, it } from 'vitest';
import type { Me, Queue } from '../api/client';
import { apart, percent, pressure, told, without } from './queues';

const queue = (name: string, waiting = 0) => ({ name, waiting }) as Queue;

it('a queue changes where it stands, and a new one comes by its name', () => {
    const queues = [queue('demo/a'), queue('demo/c')];
    expect(told(queues, queue('demo/c', 3)).map(({ waiting }) => waiting)).toEqual([0, 3]);
    expect(told(queues, queue('demo/b')).map(({ name }) => name)).toEqual(['demo/a', 'demo/b', 'demo/c']);
});

it('a queue that is gone leaves the others where they are', () => {
    const queues = [queue('demo/a'), queue('demo/b'), queue('demo/c')];
    expect(without(queues, 'demo/b').map(({ name }) => name)).toEqual(['demo/a', 'demo/c']);
    expect(without(queues, 'demo/x')).toEqual(queues);
});

it('who is gone as an agent is logged in nowhere, and nobody else is touched by that', () => {
    const me = { agent: { name: 'demo/anna' }, queues: [{ name: 'demo/a', logged_in: true }] } as Me;
    expect(apart(me, 'demo/bosse')).toBe(me);
    expect(apart(me, 'demo/anna')).toEqual({ agent: null, queues: [{ name: 'demo/a', logged_in: false }] });
});

it('callers for whom nobody is there are worse than callers who wait', () => {
    expect(pressure({ waiting: 0, agents_logged_in: 0 })).toBe('');
    expect(pressure({ waiting: 2, agents_logged_in: 1 })).toBe('warn');
    expect(pressure({ waiting: 1, agents_logged_in: 0 })).toBe('bad');
});

it('a share of none is no zero', () => {
    expect(percent(null, 'en')).toBe('–');
    expect(percent(0.805, 'en')).toBe('81%');
});
