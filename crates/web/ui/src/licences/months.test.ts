import { expect, it } from 'vitest';
import { plus, read, written } from './months';

it('counts months over the end of a year', () => {
    expect(plus('2026-11', 2)).toBe('2027-01');
    expect(plus('2026-01', -1)).toBe('2025-12');
    expect(plus('2026-12', 0)).toBe('2026-12');
});

it('reads one that has begun, and whatever stands in an address', () => {
    expect(read('2026-10', '2026-11')).toBe('2026-10');
    for (const text of [null, '', 'soon', '2026-13', '2026-12', '0001-01'])
        expect(read(text, '2026-11')).toBe('2026-11');
});

it('is written as people do', () => {
    expect(written('2026-11', 'en-GB')).toBe('November 2026');
    expect(written('2026-11', 'sv-SE')).toBe('november 2026');
});
