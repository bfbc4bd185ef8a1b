import { expect, it } from 'vitest';
import { read, write } from './query';

it('reads what was written, and whatever stands in an address', () => {
    const query = { queue: 'demo/support', view: 'year', week: '2026-11-23', year: 2027 } as const;
    expect(read(write(query))).toEqual(query);
    const none = { queue: '', view: 'week', week: '', year: 0 };
    expect(read(new URLSearchParams('week=soon&year=12&view=day'))).toEqual(none);
    expect(write(read(new URLSearchParams())).toString()).toBe('');
    expect(read(new URLSearchParams('week=2026-11-29')).week).toBe('2026-11-23');
});
