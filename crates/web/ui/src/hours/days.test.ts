import { describe, expect, it } from 'vitest';
import { blocks, byHand, byMonth, monday, times, type Day } from './days';

const ZONE = 'Europe/Stockholm';

const day = (date: string, open: string[], decided_by: Day['decided_by'] = 'schedule'): Day => ({
    date,
    decided_by,
    name: null,
    rules: [],
    open: open.map(text => {
        const [from = '', until = ''] = text.split('-');
        return { from, until };
    }),
    differs: false,
});

it('begins weeks on Mondays', () => {
    expect(monday('2026-11-29')).toBe('2026-11-23');
    expect(monday('2026-11-23')).toBe('2026-11-23');
});

describe('when it is open', () => {
    it('goes over midnight, unless the next day is replaced as a whole', () => {
        const [friday, saturday] = blocks([
            day('2026-11-27', ['22:00-02:00']),
            day('2026-11-28', ['10:00-12:00']),
        ]);
        expect(friday).toEqual([{ from: 1320, until: 1440 }]);
        expect(saturday).toEqual([
            { from: 0, until: 120 },
            { from: 600, until: 720 },
        ]);
        const [, holiday] = blocks([day('2026-12-24', ['22:00-02:00']), day('2026-12-25', [], 'holiday')]);
        expect(holiday).toEqual([]);
    });

    it('is written as people do', () => {
        expect(times(day('2026-11-27', ['08:00-12:00', '13:00-17:00']).open)).toBe(
            '08:00–12:00, 13:00–17:00',
        );
    });
});

it('has of a day what was done by hand on it, by the clock there', () => {
    const quick = {
        id: 1,
        effect: 'close',
        in_force: true,
        queues: [],
        from: '2026-11-27T21:00:00Z',
        until: '2026-11-28T05:00:00Z',
        waiting: 'stay',
        message: null,
        by: 'demo/eva',
    } as const;
    const of = (date: string) => byHand({ ...quick, queues: [] }, date, ZONE);
    expect(of('2026-11-26')).toBeNull();
    expect(of('2026-11-27')).toEqual({ from: 1320, until: 1440 });
    expect(of('2026-11-28')).toEqual({ from: 0, until: 360 });
    expect(of('2026-11-29')).toBeNull();
});

it('puts days with their months', () => {
    const days = ['2026-01-01', '2026-01-06', '2026-04-03'].map(date => day(date, []));
    expect(byMonth(days).map(({ month, days }) => [month, days.length])).toEqual([
        ['2026-01', 2],
        ['2026-04', 1],
    ]);
});
