import { describe, expect, it } from 'vitest';
import type { Call, OwnCall } from '../api/client';
import { acts, answering, begins, callable, isOffer, isOpen, meant, numberOf, partners, who } from './calls';

const CALL: OwnCall = {
    id: 'l3-1-2',
    stage: 'talking',
    number: '+46701234567',
    name: null,
    colleague: null,
    queue: 'demo/support',
    arrived: '2026-11-28T11:00:00Z',
    connected: '2026-11-28T11:00:20Z',
    held: 'no',
    taking: 'on-phone',
};

describe('a call', () => {
    it('can have done with it what its stage allows', () => {
        expect(acts({ ...CALL, stage: 'offered' })).toEqual(['decline']);
        expect(acts({ ...CALL, stage: 'ringing' })).toEqual(['decline']);
        for (const stage of ['dialling', 'calling', 'sending'] as const) {
            expect(acts({ ...CALL, stage })).toEqual(['hang-up']);
        }
        expect(acts(CALL)).toEqual(['hold', 'transfer', 'hang-up']);
        expect(acts({ ...CALL, held: 'by-command' })).toEqual(['resume', 'transfer', 'hang-up']);
        expect(acts({ ...CALL, held: 'on-phone' })).toEqual(['transfer', 'hang-up']);
    });
    it('is taken where its telephone answers when it is told to, and says so where it does not', () => {
        const rings: OwnCall = { ...CALL, stage: 'offered' };
        expect([acts(rings), answering(rings)]).toEqual([['decline'], 'calling.answer']);
        const possible: OwnCall = { ...rings, taking: 'possible' };
        expect([acts(possible), answering(possible)]).toEqual([['take', 'decline'], null]);
        expect([isOpen('take', possible), isOpen('decline', possible)]).toEqual([true, true]);
        for (const taking of ['asked', 'refused'] as const) {
            const told = { ...possible, taking };
            expect(acts(told)).toEqual(['take', 'decline']);
            expect([isOpen('take', told), isOpen('decline', told)]).toEqual([false, true]);
        }
        expect(answering({ ...possible, taking: 'asked' })).toBeNull();
        expect(answering({ ...possible, taking: 'refused' })).toBe('calling.answer.refused');
    });
    it('that was dialled elsewhere is taken too while its telephone rings', () => {
        const dialling: OwnCall = { ...CALL, stage: 'dialling', taking: 'possible' };
        expect(acts(dialling)).toEqual(['take', 'hang-up']);
        expect(answering(dialling)).toBeNull();
        expect(answering({ ...dialling, taking: 'refused' })).toBe('calling.answer.refused');
        expect(answering(CALL)).toBeNull();
    });
    it('is joined with another that one talks in, and with none that rings', () => {
        const other = { ...CALL, id: 'l4-1-1' };
        const rings: OwnCall = { ...CALL, id: 'l5-1-1', stage: 'ringing' };
        expect(partners(CALL, [CALL, other, rings])).toEqual([other]);
        expect(partners(rings, [CALL, other, rings])).toEqual([]);
    });
    it('names the other as well as he is known', () => {
        expect(who({ ...CALL, name: 'Cilla' }, 'demo')).toBe('Cilla');
        expect(who({ ...CALL, colleague: 'demo/bosse' }, 'demo')).toBe('bosse');
        expect(who(CALL, 'demo')).toBe('+46 70 123 45 67');
        expect(who({ ...CALL, number: null }, 'demo')).toBeNull();
    });
    it('tells how long its caller waits, and then how long they talk', () => {
        expect(begins({ ...CALL, stage: 'offered' })).toBe(CALL.arrived);
        expect(begins(CALL)).toBe(CALL.connected);
        expect(begins({ ...CALL, stage: 'calling' })).toBeNull();
        expect([isOffer({ ...CALL, stage: 'offered' }), isOffer(CALL)]).toEqual([true, false]);
    });
});

describe('a record', () => {
    const record = { caller_user: null, caller: '+46701234567', dialled: '1000', outside: null } as Call;
    it('says whom to call again: the other', () => {
        expect(callable(record, 'demo/anna')).toBe('+46701234567');
        expect(callable({ ...record, caller: null }, 'demo/anna')).toBeNull();
        const own = { ...record, caller_user: 'demo/anna', caller: '101', dialled: '102' };
        expect(callable(own, 'demo/anna')).toBe('102');
        expect(callable({ ...own, outside: '+46850001000' }, 'demo/anna')).toBe('+46850001000');
        expect(callable({ ...own, dialled: 'bosse' }, 'demo/anna')).toBeNull();
    });
});

describe('what is written to be called', () => {
    const colleagues = [
        { name: 'demo/bosse', display_name: 'Bosse B', number: '102', presence: 'free' as const },
        { name: 'demo/eva', display_name: null, number: null, presence: 'free' as const },
        { name: 'demo/carl', display_name: null, number: '104', presence: 'free' as const },
    ];
    const all = meant(colleagues, [{ name: 'demo/support', number: '1000' }], 'demo');
    it('may be the name of whoever has a number', () => {
        expect(all.map(({ label }) => label)).toEqual(['Bosse B', 'carl', 'support']);
        expect(numberOf(' bosse b ', all)).toBe('102');
        expect(numberOf('Support', all)).toBe('1000');
    });
    it('is a number otherwise, also where two have that name', () => {
        expect(numberOf(' 070-123 45 67 ', all)).toBe('070-123 45 67');
        expect(numberOf('carl', [...all, { number: '105', label: 'Carl' }])).toBe('carl');
    });
});
