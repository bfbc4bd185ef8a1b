import { describe, expect, it } from 'vitest';
import { asked, DEFAULT, isFiltered, read, sortedBy, write, type Query } from './query';

describe('an address', () => {
    it('says what is asked for, and nothing that is so anyway', () => {
        expect(write(DEFAULT).toString()).toBe('');
        const query: Query = {
            ...DEFAULT,
            search: 'räkning +46',
            sort: 'number',
            order: 'descending',
            page: 3,
        };
        expect(read(new URLSearchParams(write(query).toString()))).toEqual(query);
    });
    it('in which anything stands asks for what can be asked', () => {
        const params = 'status=%3Cb%3E&sort=password&order=up&page=-4&rows=100000&search=' + 'x'.repeat(500);
        const query = read(new URLSearchParams(params));
        expect(query).toEqual({ ...DEFAULT, search: 'x'.repeat(100) });
        expect(read(new URLSearchParams('page=99999999999')).page).toBe(1_000_000);
    });
});

describe('the server', () => {
    it('is asked for all that are open, where nothing else is chosen', () => {
        const { status, ...rest } = asked(DEFAULT);
        expect(status).toContain('not-handled');
        expect(status).not.toContain('done');
        expect(rest).toEqual({ when: 'any', sort: 'due', order: 'ascending', page: 0, rows: 50 });
    });
    it('is asked for one status, one list and one agent, or for all', () => {
        const query: Query = { ...DEFAULT, status: 'expired', list: 'demo/support', agent: 'demo/anna' };
        expect(asked(query)).toMatchObject({
            status: ['expired'],
            list: ['demo/support'],
            agent: 'demo/anna',
        });
        expect(asked({ ...DEFAULT, status: 'all' })).not.toHaveProperty('status');
    });
});

it('a heading sorts, and once more the other way, from the first page on', () => {
    const once = sortedBy({ ...DEFAULT, page: 4 }, 'number');
    expect(once).toMatchObject({ sort: 'number', order: 'ascending', page: 0 });
    expect(sortedBy(once, 'number').order).toBe('descending');
    expect(sortedBy(sortedBy(once, 'number'), 'number').order).toBe('ascending');
});

it('sorting hides nothing, and filters do', () => {
    expect(isFiltered(sortedBy(DEFAULT, 'number'))).toBe(false);
    expect(isFiltered({ ...DEFAULT, when: 'overdue' })).toBe(true);
});
