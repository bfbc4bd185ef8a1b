import { describe, expect, it } from 'vitest';
import { aheadBy } from './clock.svelte';
import { exact, left, moment, since, span, window } from './time';

const NOON = Date.parse('2026-11-27T11:00:00Z');
const ZONE = 'Europe/Stockholm';

describe('spans', () => {
    it('are minutes and seconds, and hours where there are some', () => {
        expect([span(0), span(92_000), span(3_725_000)]).toEqual(['0:00', '1:32', '1:02:05']);
    });
    it('end at none', () => {
        expect(left('2026-11-27T10:59:00Z', NOON)).toBe('0:00');
        expect(left('2026-11-27T11:02:00Z', NOON)).toBe('2:00');
        expect(since('2026-11-27T10:59:00Z', NOON)).toBe('1:00');
    });
});

describe('moments', () => {
    it('of the day are a time', () => {
        expect(moment('2026-11-27T13:05:00Z', NOON, 'sv', ZONE)).toBe('14:05');
        expect(moment('2026-11-27T13:05:00Z', NOON, 'en', ZONE)).toBe('14:05');
    });
    it('of another day say which, in the language that is read', () => {
        expect(moment('2026-11-28T07:00:00Z', NOON, 'sv', ZONE)).toBe('lör 28 nov. 08:00');
        expect(moment('2026-11-28T07:00:00Z', NOON, 'en', ZONE)).toContain('Nov 28');
    });
    it('of another year say which', () => {
        expect(moment('2025-01-03T07:00:00Z', NOON, 'sv', ZONE)).toContain('2025');
    });
    it('that are exact have their day and their seconds, by the clock of the zone', () => {
        expect(exact('2026-11-27T23:05:09Z', 'sv', ZONE)).toBe('2026-11-28 00:05:09');
    });
    it('that a window spans have their day once', () => {
        const spanned = window('2026-11-27T12:00:00Z', '2026-11-27T14:00:00Z', NOON, 'sv', ZONE);
        expect(spanned).toBe('13:00–15:00');
    });
});

it('a clock that is wrong is known by what the server says', () => {
    expect(aheadBy('Fri, 27 Nov 2026 11:00:10 GMT', NOON)).toBe(10_500);
    expect(aheadBy(null, NOON)).toBeNull();
    expect(aheadBy('nonsense', NOON)).toBeNull();
});
