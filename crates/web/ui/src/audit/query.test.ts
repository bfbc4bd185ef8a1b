import { expect, it } from 'vitest';
import { asked, DEFAULT, read, write, type Query } from './query';

const NOW = Date.parse('2026-11-27T11:00:00Z');
const ZONE = 'Europe/Stockholm';

it('an address says of which days, and in which anything stands asks for what can be asked', () => {
    expect(write(DEFAULT).toString()).toBe('');
    const query: Query = { ...DEFAULT, when: 'own', from: '2026-11-01', to: '2026-11-02', page: 3 };
    expect(read(new URLSearchParams(write(query).toString()))).toEqual(query);
    expect(read(new URLSearchParams('when=x&from=y&page=z&rows=9999'))).toEqual(DEFAULT);
});

it('the server is asked for whole days of the organisation, or for all that is kept', () => {
    const own: Query = { ...DEFAULT, when: 'own', from: '2026-11-01', to: '2026-11-02' };
    expect(asked(own, NOW, ZONE)).toEqual({
        page: 0,
        rows: 50,
        from: '2026-10-31T23:00:00.000Z',
        to: '2026-11-02T23:00:00.000Z',
    });
    const all = { page: 0, rows: 50, from: '1970-01-01T00:00:00.000Z' };
    expect(asked({ ...DEFAULT, when: 'all' }, NOW, ZONE)).toEqual(all);
    expect(asked({ ...own, to: '2026-10-01' }, NOW, ZONE)).toBe('span.refused.order');
});
