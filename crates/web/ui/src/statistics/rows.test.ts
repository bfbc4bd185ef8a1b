import { describe, expect, it } from 'vitest';
import { begins, cells, COLUMNS, isEmpty, others, shown, tick, type Report, type Row } from './rows';

const row = (more: Partial<Row>) => ({ forecast: { calls: 0 }, ...more }) as Row;
const at = (from: string) => row({ from });

describe('values', () => {
    it('are told in their unit, and none is no zero', () => {
        expect(shown(0.805, 'share', 'en-GB')).toBe('81%');
        expect(shown(92, 'seconds', 'en-GB')).toBe('1:32');
        expect(shown(2.5, 'count', 'sv-SE')).toBe('2,5');
        expect([shown(null, 'count', 'en'), shown(undefined, 'share', 'en')]).toEqual(['–', '–']);
        expect(shown(0, 'seconds', 'en')).toBe('0:00');
    });
    it('have a cell for each column', () => {
        const told = cells(
            row({ entered: 3, sent_on: 1, failed: 1, restarted: 1, longest_wait_s: 60 }),
            'en',
        );
        expect(told).toHaveLength(COLUMNS.length);
        const of = (title: string) => told[COLUMNS.findIndex(column => column.title === title)];
        expect(of('statistics.elsewhere')).toBe('3');
        expect(of('statistics.wait.longest')).toBe('1:00');
        expect(of('statistics.forecast.expected')).toBe('–');
    });
    it('of callers are parts of all', () => {
        expect(others(row({ entered: 9, answered: 5, abandoned: 3 }))).toBe(1);
    });
});

describe('intervals', () => {
    it('of one day are told by their time, others with their day', () => {
        const morning = at('2026-11-27T08:15:00+01:00');
        expect(begins(morning, 'interval', 1, 'sv-SE')).toBe('08:15');
        expect(begins(morning, 'hour', 7, 'sv-SE')).toBe('fre 27 nov. 08:15');
        expect(begins(at('2026-11-27T00:00:00+01:00'), 'day', 7, 'en-GB')).toBe('Fri 27 Nov');
    });
    it('say under a chart which day begins', () => {
        const midnight = at('2026-11-27T00:00:00+01:00');
        expect(tick(midnight, 'hour', 7, 'en-GB')).toBe('27 Nov');
        expect(tick(midnight, 'hour', 1, 'en-GB')).toBe('00:00');
        expect(tick(at('2026-11-27T08:00:00+01:00'), 'hour', 7, 'en-GB')).toBe('08:00');
    });
});

it('a time in which somebody was sent away is not empty', () => {
    const report = (total: Partial<Row>) => ({ total: row(total), agents: [] }) as unknown as Report;
    expect(isEmpty(report({ entered: 0, refused: 0 }))).toBe(true);
    expect(isEmpty(report({ entered: 0, refused: 1 }))).toBe(false);
});
