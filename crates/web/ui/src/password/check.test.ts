import { describe, expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { refused, told } from './check';

describe('another password', () => {
    it('is long enough, another one, and written the same twice', () => {
        expect(refused('demo-anna', 'seven77', 'seven77')).toBe('password.short');
        expect(refused('demo-anna', '😀😀😀😀😀😀😀', '')).toBe('password.short');
        expect(refused('demo-anna', 'å'.repeat(257), '')).toBe('password.long');
        expect(refused('demo-anna', 'demo-anna', 'demo-anna')).toBe('password.same');
        expect(refused('demo-anna', 'horse battery', 'horse batery')).toBe('password.differs');
        expect(refused('demo-anna', 'horse battery', 'horse battery')).toBeNull();
    });
    it('is refused in words', () => {
        const problem = (status: number) => new Problem(status, {}, null);
        expect(told(problem(409))).toBe('password.wrong');
        expect(told(problem(422))).toBe('password.refused');
        expect(told(problem(429))).toBeNull();
    });
});
