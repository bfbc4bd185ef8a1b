import { describe, expect, it } from 'vitest';
import type { Row } from './rows';
import { STRONGEST, week } from './week';

const row = (from: string, more: Partial<Row>) =>
    ({
        from: `${from}:00:00+01:00`,
        entered: 0,
        answered: 0,
        abandoned: 0,
        abandoned_soon: 0,
        waiting: 0,
        in_time: 0,
        ...more,
    }) as Row;
// Mondays, and a Sunday.
const ROWS = [
    row('2026-11-16T08', { entered: 10, answered: 10, mean_wait_s: 10, service_level: 1, in_time: 10 }),
    row('2026-11-16T10', { entered: 2, abandoned: 2, abandoned_soon: 1, service_level: 0 }),
    row('2026-11-22T09', {}),
    row('2026-11-23T08', { entered: 20, answered: 30, mean_wait_s: 50, service_level: 0.5, in_time: 10 }),
];

describe('a week', () => {
    it('has the hours from the first with callers to the last, on seven days', () => {
        const { hours, days } = week(ROWS, 'callers');
        expect(hours).toEqual([8, 9, 10]);
        expect(days.map(day => day.length)).toEqual(Array(7).fill(3));
        expect(days[0]?.map(({ value }) => value)).toEqual([15, null, 2]);
        expect(days[6]?.map(({ value }) => value)).toEqual([null, 0, null]);
    });
    it('is coloured by the largest of all', () => {
        const { days } = week(ROWS, 'callers');
        expect(days[0]?.map(({ strength }) => strength)).toEqual([STRONGEST, 0, 1]);
    });
    it('of waits and shares goes by callers, not by hours', () => {
        const of = (measure: 'wait' | 'level') => week(ROWS, measure).days[0]?.map(({ value }) => value);
        expect(of('wait')).toEqual([40, null, null]);
        expect(of('level')).toEqual([20 / 30, null, 0]);
    });
    it('in which nobody came has no hours', () => {
        expect(week([row('2026-11-16T08', {})], 'callers').hours).toEqual([]);
    });
});
