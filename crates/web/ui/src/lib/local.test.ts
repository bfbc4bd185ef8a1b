import { describe, expect, it } from 'vitest';
import { later, meant, shown } from './local';

const ZONE = 'Europe/Stockholm';

describe('a clock on the wall', () => {
    it('shows what it does there, in winter and in summer', () => {
        expect(shown(Date.parse('2026-12-24T09:00:30Z'), ZONE)).toBe('2026-12-24T10:00');
        expect(shown(Date.parse('2026-06-24T09:00:00Z'), ZONE)).toBe('2026-06-24T11:00');
    });

    it('is read back', () => {
        expect(meant('2026-12-24T10:00', ZONE)).toBe(Date.parse('2026-12-24T09:00:00Z'));
        expect(meant('', ZONE)).toBeNull();
        expect(meant('soon', ZONE)).toBeNull();
    });

    it('is put forward to a quarter', () => {
        const at = Date.parse('2026-12-24T09:01:00Z');
        expect(later(at, 3_600_000)).toBe(Date.parse('2026-12-24T10:15:00Z'));
        expect(later(Date.parse('2026-12-24T09:00:00Z'), 0)).toBe(Date.parse('2026-12-24T09:00:00Z'));
    });
});
