import { describe, expect, it } from 'vitest';
import { asked, becomes, toggled, waiters, withGroup, type Plan, type Preview } from './plan';

const ZONE = 'Europe/Stockholm';
const NOW = Date.parse('2026-12-24T09:00:00Z');
const PLAN: Plan = {
    effect: 'close',
    queues: ['demo/support'],
    begins: 'now',
    from: '',
    until: '2026-12-24T12:00',
    waiting: 'move',
    message: 'try-later',
};

describe('what is asked', () => {
    it('has an end, and a beginning only where that is not now', () => {
        expect(asked(PLAN, NOW, ZONE)).toEqual({
            queues: ['demo/support'],
            effect: 'close',
            until: '2026-12-24T12:00',
            waiting: 'move',
            message: 'try-later',
        });
        const later = { ...PLAN, begins: 'later', from: '2026-12-24T11:00' } as const;
        expect(asked(later, NOW, ZONE)).toMatchObject({ from: '2026-12-24T11:00' });
    });

    it('says nothing to callers whom it lets in', () => {
        const body = asked({ ...PLAN, effect: 'open' }, NOW, ZONE);
        expect(body).toEqual({
            queues: ['demo/support'],
            effect: 'open',
            until: '2026-12-24T12:00',
            waiting: 'stay',
        });
    });

    it('is not asked without queues or an end, or backwards', () => {
        const refused = (change: Partial<Plan>) => asked({ ...PLAN, ...change }, NOW, ZONE);
        expect(refused({ queues: [] })).toBe('quick.refused.queues');
        expect(refused({ until: '' })).toBe('quick.refused.until');
        expect(refused({ begins: 'later' })).toBe('quick.refused.from');
        expect(refused({ until: '2026-12-24T09:59' })).toBe('quick.refused.order');
        expect(refused({ begins: 'later', from: '2026-12-24T12:00' })).toBe('quick.refused.order');
    });
});

it('takes a group as a whole, and lets it go as a whole', () => {
    expect(toggled(['b'], 'a')).toEqual(['a', 'b']);
    expect(toggled(['a', 'b'], 'a')).toEqual(['b']);
    expect(withGroup(['c', 'a'], ['a', 'b'])).toEqual(['a', 'b', 'c']);
    expect(withGroup(['a', 'b', 'c'], ['a', 'b'])).toEqual(['c']);
});

describe('what it would do', () => {
    const preview: Preview = {
        queue: 'demo/support',
        is_open: true,
        will_be_open: false,
        waiting: 3,
        they_move: true,
        leads_to: { kind: 'queue', name: 'backup' },
    };

    it('is told of the queue', () => {
        const said = (change: Partial<Preview>) => becomes({ ...preview, ...change }).key;
        expect(said({})).toBe('quick.preview.closes');
        expect(said({ is_open: false })).toBe('quick.preview.still-closed');
        expect(said({ is_open: false, will_be_open: true })).toBe('quick.preview.opens');
        expect(said({ will_be_open: true })).toBe('quick.preview.still-open');
    });

    it('is told of those who wait', () => {
        expect(waiters(preview)).toEqual({
            key: 'quick.preview.to.queue',
            values: { count: 3, name: 'backup' },
        });
        expect(waiters({ ...preview, leads_to: null }).key).toBe('quick.preview.busy');
        expect(waiters({ ...preview, they_move: false }).key).toBe('quick.preview.stay');
        expect(waiters({ ...preview, will_be_open: true }).key).toBe('quick.preview.stay');
    });
});
