import { describe, expect, it } from 'vitest';
import { merge } from './merge';

const base = 'a\nb\nc\nd\ne\nf\n';

describe('merge', () => {
    it('has what each of the two has changed elsewhere', () => {
        const mine = base.replace('b\n', 'B\n').replace('c\n', 'c\nnew\n');
        const theirs = base.replace('e\n', '').replace('f\n', 'f\nlast\n');
        expect(merge(base, mine, theirs)).toEqual({ text: 'a\nB\nc\nnew\nd\nf\nlast\n', clashes: [] });
        expect(merge(base, theirs, mine).text).toBe('a\nB\nc\nnew\nd\nf\nlast\n');
    });

    it('keeps the own lines where both have changed the same, and tells the others', () => {
        const mine = base.replace('c\n', 'mine\n');
        const theirs = base.replace('c\n', 'theirs\nmore\n').replace('a\n', 'A\n');
        const { text, clashes } = merge(base, mine, theirs);
        expect(text).toBe('A\nb\nmine\nd\ne\nf\n');
        expect(clashes).toEqual([{ line: 3, mine: ['mine'], theirs: ['theirs', 'more'] }]);
        const gone = merge(base, base.replace('c\n', ''), theirs);
        expect(gone.clashes).toEqual([{ line: 3, mine: [], theirs: ['theirs', 'more'] }]);
    });

    it('has what each has changed of lines that stand one under the other', () => {
        const mine = base.replace('c\n', 'C\n').replace('e\n', 'mine\n');
        const theirs = base.replace('d\n', 'D\n').replace('e\n', 'theirs\n');
        const { text, clashes } = merge(base, mine, theirs);
        expect(text).toBe('a\nb\nC\nD\nmine\nf\n');
        expect(clashes).toEqual([{ line: 5, mine: ['mine'], theirs: ['theirs'] }]);
    });

    it('is the one text where only one has changed it, or both alike', () => {
        const other = 'x\n' + base;
        expect(merge(base, base, other)).toEqual({ text: other, clashes: [] });
        expect(merge(base, other, base)).toEqual({ text: other, clashes: [] });
        expect(merge(base, other, other)).toEqual({ text: other, clashes: [] });
        expect(merge('', '', '')).toEqual({ text: '', clashes: [] });
        expect(merge('a', 'a', '')).toEqual({ text: '', clashes: [] });
    });

    it('loses no line of either, whatever they have done', () => {
        let seed = 7;
        const drawn = (below: number) => {
            seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
            return Math.floor((seed / 2_147_483_648) * below);
        };
        const changed = (who: string) => {
            const lines = base.split('\n');
            for (let count = drawn(4); count >= 0; count--) {
                const at = drawn(lines.length);
                if (drawn(3) === 0) lines.splice(at, 1);
                else lines.splice(at, drawn(2), `${who}${String(drawn(100))}`);
            }
            return lines.join('\n');
        };
        for (let round = 0; round < 500; round++) {
            const [mine, theirs] = [changed('m'), changed('t')];
            const { text, clashes } = merge(base, mine, theirs);
            const told = [...text.split('\n'), ...clashes.flatMap(clash => clash.theirs)];
            const own = (who: string, of: string) => of.split('\n').filter(line => line.startsWith(who));
            for (const line of own('m', mine)) expect(text.split('\n')).toContain(line);
            for (const line of own('t', theirs)) expect(told).toContain(line);
        }
    });

    it('tells of very large texts that share nothing each line', () => {
        const lines = (who: string) =>
            Array.from({ length: 3_000 }, (_, at) => `${who}${String(at)}`).join('\n');
        const { clashes } = merge(lines('b'), lines('m'), lines('t'));
        expect(clashes).toHaveLength(3_000);
    });
});
