import { describe, expect, it } from 'vitest';
import {
    asked,
    DEFAULT,
    exported,
    isFiltered,
    isFoundAlone,
    read,
    sortedBy,
    write,
    type Query,
} from './query';

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
            cause: 'transferred',
            sort: 'talked',
            page: 2,
            rows: 25,
        };
        expect(read(new URLSearchParams(write(query).toString()))).toEqual(query);
    });
    it('in which anything stands asks for what can be asked', () => {
        const params =
            'when=ever&from=x&queue=%3Cb%3E&agent=demo/a/b&cause=bored&sort=password&order=up&page=-4&rows=500';
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
        const chosen = { queue: 'demo/support', agent: 'demo/anna', cause: 'cut-off' };
        const query: Query = { ...DEFAULT, ...chosen, number: ' 0701 ' };
        expect(asked(query, NOW, ZONE)).toMatchObject({ ...chosen, number: '0701' });
    });
    it('makes a table of all pages of what is asked for', () => {
        const question = asked({ ...DEFAULT, number: '+46701', page: 3 }, NOW, ZONE);
        if (typeof question === 'string') throw new Error(question);
        expect(exported(question)).toBe(
            '/api/v1/calls/export?sort=began&order=descending&from=2026-11-20T23%3A00%3A00.000Z&number=%2B46701',
        );
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
