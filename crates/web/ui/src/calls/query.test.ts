import { describe, expect, it } from 'vitest';
import { asked, DEFAULT, isFiltered, isFoundAlone, read, sortedBy, write, type Query } from './query';

const NOW = Date.parse('2026-11-27T11:00:00Z');
const ZONE = 'Europe/Stockholm';

describe('an address', () => {
    it('says what is looked for, and nothing that is so anyway', () => {
        expect(write(DEFAULT).toString()).toBe('');
        const query: Query = {
            ...DEFAULT,
            when: 'own',
            from: '2026-11-01',
            to: '2026-11-20',
            number: '070-123 45 67',
            queue: 'demo/support',
            agent: 'demo/anna',
            sort: 'talked',
            page: 2,
            rows: 25,
        };
        expect(read(new URLSearchParams(write(query).toString()))).toEqual(query);
    });
    it('in which anything stands asks for what can be asked', () => {
        const params =
            'when=ever&from=x&queue=%3Cb%3E&agent=demo/a/b&sort=password&order=up&page=-4&rows=500';
        expect(read(new URLSearchParams(params))).toEqual(DEFAULT);
    });
});

describe('the server', () => {
    it('is asked for the week that ends today, by the clock of the organisation', () => {
        expect(asked(DEFAULT, NOW, ZONE)).toEqual({
            from: '2026-11-20T23:00:00.000Z',
            sort: 'began',
            order: 'descending',
            page: 0,
            rows: 50,
        });
    });
    it('is asked for what was chosen', () => {
        const query: Query = { ...DEFAULT, number: ' 0701 ', queue: 'demo/support', agent: 'demo/anna' };
        const chosen = { number: '0701', queue: 'demo/support', agent: 'demo/anna' };
        expect(asked(query, NOW, ZONE)).toMatchObject(chosen);
    });
    it('is asked for no more days than it reads, unless a number is looked for', () => {
        const long: Query = { ...DEFAULT, when: 'own', from: '2026-01-01', to: '2026-11-01' };
        expect(asked(long, NOW, ZONE)).toBe('calls.refused.long');
        expect(asked({ ...DEFAULT, when: 'all' }, NOW, ZONE)).toBe('calls.refused.long');
        expect(asked({ ...long, number: '0701' }, NOW, ZONE)).toBe('calls.refused.long');
        const found = asked({ ...DEFAULT, when: 'all', number: '070-123 45 67' }, NOW, ZONE);
        expect(found).toMatchObject({ from: '1970-01-01T00:00:00.000Z' });
        expect(asked({ ...DEFAULT, when: 'quarter' }, NOW, ZONE)).toBeTypeOf('object');
    });
    it('is asked for nothing that it would refuse', () => {
        expect(asked({ ...DEFAULT, number: 'anna' }, NOW, ZONE)).toBe('calls.refused.number');
        const backwards: Query = { ...DEFAULT, when: 'own', from: '2026-11-02', to: '2026-11-01' };
        expect(asked(backwards, NOW, ZONE)).toBe('span.refused.order');
    });
});

it('a number is found by itself where it is whole', () => {
    const found = ['+46 70 123 45 67', '1234567', '123456', '*21*070123456', ''].map(isFoundAlone);
    expect(found).toEqual([true, true, false, false, false]);
});

it('a heading sorts, the most first, and once more the other way, from the first page on', () => {
    const once = sortedBy({ ...DEFAULT, page: 4 }, 'talked');
    expect(once).toMatchObject({ sort: 'talked', order: 'descending', page: 0 });
    expect(sortedBy(once, 'talked').order).toBe('ascending');
    expect(sortedBy(DEFAULT, 'began').order).toBe('ascending');
});

it('times hide nothing that is looked for, and filters do', () => {
    expect(isFiltered({ ...DEFAULT, when: 'today' })).toBe(false);
    expect(isFiltered({ ...DEFAULT, number: '070' })).toBe(true);
});
