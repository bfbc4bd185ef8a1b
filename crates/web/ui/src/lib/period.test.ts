import { describe, expect, it } from 'vitest';
import { daysOf, readChosen, spanOf, type Period } from './period';

// Three hours later than in Greenwich it is the next day.
const NOW = Date.parse('2026-11-27T22:30:00Z');
const MOSCOW = 'Europe/Moscow';
const STOCKHOLM = 'Europe/Stockholm';

function span(when: Period, zone: string, from = '', to = '', now = NOW) {
    const found = spanOf({ when, from, to }, now, zone);
    return found && [found.from.toISOString(), found.to?.toISOString() ?? 'now'];
}

describe('a span', () => {
    it('begins at midnight by the clock of its zone, wherever it is looked at', () => {
        expect(span('today', STOCKHOLM)).toEqual(['2026-11-26T23:00:00.000Z', 'now']);
        expect(span('today', MOSCOW)).toEqual(['2026-11-27T21:00:00.000Z', 'now']);
        expect(span('week', STOCKHOLM)?.[0]).toBe('2026-11-20T23:00:00.000Z');
    });
    it('of yesterday ends where today begins', () => {
        const days = ['2026-11-25T23:00:00.000Z', '2026-11-26T23:00:00.000Z'];
        expect(span('yesterday', STOCKHOLM)).toEqual(days);
    });
    it('of days of its own has the last of them whole, also where a clock is put back', () => {
        const days = ['2026-10-23T22:00:00.000Z', '2026-10-25T23:00:00.000Z'];
        expect(span('own', STOCKHOLM, '2026-10-24', '2026-10-25')).toEqual(days);
    });
    it('without a first day is the last alone, and without a last goes until today', () => {
        const one = ['2026-11-02T23:00:00.000Z', '2026-11-03T23:00:00.000Z'];
        expect(span('own', STOCKHOLM, '', '2026-11-03')).toEqual(one);
        expect(span('own', STOCKHOLM, '2026-11-26')?.[1]).toBe('2026-11-27T23:00:00.000Z');
    });
    it('that ends before it begins is none', () => {
        expect(span('own', STOCKHOLM, '2026-11-03', '2026-11-02')).toBeNull();
    });
    it('of a quarter is no longer than the server reads, whenever it is', () => {
        for (let day = 0; day < 366; day++) {
            const now = NOW + day * 86_400_000;
            const found = spanOf({ when: 'quarter', from: '', to: '' }, now, STOCKHOLM);
            expect(found && daysOf(found, now)).toBeLessThan(92);
        }
    });
});

it('an address asks for spans that there are, and days that are some', () => {
    const read = (params: string) => readChosen(new URLSearchParams(params), ['today', 'own'], 'today');
    expect(read('when=own&from=2026-11-01&to=2026-02-31')).toEqual({
        when: 'own',
        from: '2026-11-01',
        to: '',
    });
    expect(read('when=all').when).toBe('today');
});
