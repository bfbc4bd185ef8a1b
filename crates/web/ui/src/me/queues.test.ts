import { expect, it } from 'vitest';
import type { Queue } from '../api/client';
import { percent, pressure, told } from './queues';

const queue = (name: string, waiting = 0) => ({ name, waiting }) as Queue;

it('a queue changes where it stands, and a new one comes by its name', () => {
    const queues = [queue('demo/a'), queue('demo/c')];
    expect(told(queues, queue('demo/c', 3)).map(({ waiting }) => waiting)).toEqual([0, 3]);
    expect(told(queues, queue('demo/b')).map(({ name }) => name)).toEqual(['demo/a', 'demo/b', 'demo/c']);
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
