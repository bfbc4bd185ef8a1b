import { describe, expect, it } from 'vitest';
import { charts, stacked, top } from './charts';
import type { Report, Row } from './rows';

const row = (more: Partial<Row>) =>
    ({ entered: 0, answered: 0, abandoned: 0, forecast: { calls: 0 }, ...more }) as Row;
const report = (total: Partial<Row>, ...together: Partial<Row>[]) =>
    ({ total: row(total), together: together.map(row) }) as Report;

describe('charts', () => {
    it('stand on each other where they are parts of the same callers', () => {
        const [callers] = charts(report({}, { entered: 9, answered: 5, abandoned: 3 }, {}));
        expect(callers?.series.map(({ values }) => values)).toEqual([
            [5, 0],
            [3, 0],
            [1, 0],
        ]);
        expect(stacked(callers?.series ?? [])).toEqual([
            [5, 0],
            [8, 0],
            [9, 0],
        ]);
    });
    it('have gaps where nothing is known, and are none where nothing is', () => {
        const some = charts(report({}, { service_level: 0.5 }, {}));
        const [level] = some.slice(1);
        expect(level?.series[0]?.values).toEqual([0.5, null]);
        expect(some.map(({ title }) => title)).toEqual([
            'statistics.chart.callers',
            'statistics.service-level',
        ]);
    });
    it('show what was expected beside what came, where anything was expected', () => {
        const forecast = { calls: 2, expected_s: 60, waited_s: 90, error_s: 30 };
        const all = charts(report({ forecast }, { forecast }));
        const last = all.at(-1);
        expect(last?.title).toBe('statistics.chart.forecast');
        expect(last?.series.map(({ values }) => values[0])).toEqual([90, 60]);
    });
});

it('an axis of shares ends at all of them, others above what they show', () => {
    expect(top('share', 0.2)).toBe(1);
    expect(top('seconds', 100)).toBeGreaterThan(100);
    expect([top('count', 0), top('count', null)]).toEqual([1, 1]);
});
