import { describe, expect, it } from 'vitest';
import type { List, Queue } from '../api/client';
import { isNews, level, levels, LIMITS, measured, readLimits, typed } from './limits';

const NOW = Date.parse('2026-11-27T11:00:00Z');

function queue(changed: Partial<Queue>): Queue {
    return {
        name: 'demo/support',
        waiting: 0,
        agents_logged_in: 1,
        today: { abandoned: 2, service_level: null },
        ...changed,
    } as Queue;
}

it('the figures of a queue are as they are shown, and none where there are none', () => {
    expect(measured(queue({}), undefined, NOW)).toEqual({
        waiting: 0,
        longest: null,
        'service-level': null,
        abandoned: 2,
        due: null,
    });
    const today = { abandoned: 0, service_level: 0.796 } as Queue['today'];
    const busy = queue({ waiting: 2, waiting_since: '2026-11-27T10:58:30Z', today });
    const list = { due: 4 } as List;
    expect(measured(busy, list, NOW)).toMatchObject({ longest: 90, 'service-level': 80, due: 4 });
});

describe('a figure', () => {
    it('is as bad as the last limit that it has come to', () => {
        const limit = { warn: 3, bad: 10 };
        expect([2, 3, 9, 10].map(value => level('waiting', value, limit))).toEqual([
            '',
            'warn',
            'warn',
            'bad',
        ]);
    });
    it('of the service level is the worse the less it is', () => {
        const limit = { warn: 80, bad: 60 };
        const each = [100, 80, 79, 60, 59].map(value => level('service-level', value, limit));
        expect(each).toEqual(['', '', 'warn', 'warn', 'bad']);
    });
    it('without a limit, or that there is none of, is never bad', () => {
        expect(level('abandoned', 1_000, { warn: null, bad: null })).toBe('');
        expect(level('longest', null, { warn: 0, bad: 0 })).toBe('');
    });
});

it('callers for whom nobody is there are bad, however few they are', () => {
    const deserted = queue({ waiting: 1, agents_logged_in: 0 });
    expect(levels(deserted, measured(deserted, undefined, NOW), LIMITS).waiting).toBe('bad');
    const staffed = queue({ waiting: 1 });
    expect(levels(staffed, measured(staffed, undefined, NOW), LIMITS).waiting).toBe('');
});

it('what is bad for longer is no news, and what is so anew is', () => {
    const before = new Set(['demo/support waiting']);
    expect(isNews(before, new Set(['demo/support waiting']))).toBe(false);
    expect(isNews(before, new Set())).toBe(false);
    expect(isNews(before, new Set(['demo/support waiting', 'demo/sales longest']))).toBe(true);
});

describe('limits', () => {
    it('are whole numbers, or none', () => {
        expect([typed('12'), typed(''), typed('-3'), typed('1e9'), typed('999999')]).toEqual([
            12,
            null,
            null,
            1,
            99_999,
        ]);
    });
    it('that were kept are read, and what is none is what it is at first', () => {
        expect(readLimits(undefined)).toEqual(LIMITS);
        const kept = { waiting: { warn: 5, bad: null }, longest: { warn: 'x', bad: -1 }, due: 7 };
        expect(readLimits(kept)).toEqual({ ...LIMITS, waiting: { warn: 5, bad: null } });
    });
});
