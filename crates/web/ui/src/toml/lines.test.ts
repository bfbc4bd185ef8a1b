import { describe, expect, it } from 'vitest';
import { byLine, count, gutter, offset } from './lines';

describe('lines', () => {
    it('have what is wrong in them beside their numbers', () => {
        const problems = [
            { line: 2, problem: 'one' },
            { line: 2, problem: 'two' },
            { line: 9, problem: 'gone' },
            { line: null, problem: 'of all' },
        ];
        const marks = byLine(problems, 3);
        expect([...marks]).toEqual([[2, 'one · two']]);
        expect(gutter(3, marks)).toBe('1\n▸ 2\n3');
    });

    it('are counted as an editor shows them', () => {
        expect(['', 'a', 'a\n', 'a\nb'].map(count)).toEqual([1, 1, 2, 2]);
    });

    it('are found by line and column, in characters', () => {
        const text = 'a\n🙂 = "Ö"\nlast';
        expect(offset(text, 1, 1)).toBe(0);
        expect(text.slice(offset(text, 2, 3))).toBe('= "Ö"\nlast');
        expect(offset(text, 2, 99)).toBe(text.indexOf('\nlast'));
        expect(offset(text, 9, 1)).toBe(text.length);
        expect(offset(text, 3, 2)).toBe(text.indexOf('ast'));
    });
});
