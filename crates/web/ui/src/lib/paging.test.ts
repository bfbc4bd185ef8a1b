import { expect, it } from 'vitest';
import { PAGE_MAX, range, readPaging, written } from './paging';

it('the rows of a page are counted from one, and none are none', () => {
    expect(range({ page: 1, rows: 50 }, 120)).toEqual({ from: 51, to: 100, pages: 3 });
    expect(range({ page: 2, rows: 50 }, 120)).toEqual({ from: 101, to: 120, pages: 3 });
    expect(range({ page: 0, rows: 50 }, 0)).toEqual({ from: 0, to: 0, pages: 1 });
});

it('an address asks for pages that there can be, and rows that can be chosen', () => {
    const read = (params: string) => readPaging(new URLSearchParams(params), [25, 50], 50);
    expect(read('page=3&rows=25')).toEqual({ page: 3, rows: 25 });
    expect(read('page=-4&rows=100000')).toEqual({ page: 0, rows: 50 });
    expect(read('page=99999999999')).toEqual({ page: PAGE_MAX, rows: 50 });
});

it('an address says nothing that is so anyway', () => {
    const usual = { search: '', page: 0 };
    expect(written({ search: 'räkning', page: 0 }, usual).toString()).toBe('search=r%C3%A4kning');
});
