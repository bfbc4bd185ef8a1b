import { describe, expect, it } from 'vitest';
import { asked, DEFAULT, exported, hours, offered, range, read, step, write, type Query } from './query';

/** A Friday. */
const TODAY = '2026-11-27';
const own = (from: string, to: string): Query => ({ ...DEFAULT, span: 'own', from, to });

describe('an address', () => {
    it('says what is asked for, and nothing that is so anyway', () => {
        expect(write(DEFAULT).toString()).toBe('');
        const query: Query = {
            queue: 'demo/support',
            span: 'own',
            from: '2026-11-01',
            to: TODAY,
            by: 'week',
        };
        expect(read(new URLSearchParams(write(query).toString()))).toEqual(query);
    });
    it('in which anything stands asks for what can be asked', () => {
        const params = 'span=ever&by=minute&from=2026-02-30&to=%3Cb%3E';
        expect(read(new URLSearchParams(params))).toEqual(DEFAULT);
    });
});

describe('days', () => {
    it('are those of the calendar, weeks from Monday on', () => {
        const of = (span: Query['span'], today = TODAY) => {
            const { from, last, isOver } = range({ ...DEFAULT, span }, today);
            return [from, last, isOver];
        };
        expect(of('today')).toEqual([TODAY, TODAY, false]);
        expect(of('yesterday')).toEqual(['2026-11-26', '2026-11-26', true]);
        expect(of('this-week')).toEqual(['2026-11-23', TODAY, false]);
        expect(of('last-week')).toEqual(['2026-11-16', '2026-11-22', true]);
        expect(of('this-week', '2026-11-29')).toEqual(['2026-11-23', '2026-11-29', false]);
        expect(of('last-week', '2026-11-23')).toEqual(['2026-11-16', '2026-11-22', true]);
        expect(of('yesterday', '2027-01-01')).toEqual(['2026-12-31', '2026-12-31', true]);
    });
    it('of one’s own are those that have been, or the last seven', () => {
        expect(range(own('2026-10-01', '2026-10-31'), TODAY)).toMatchObject({ days: 31, isOver: true });
        expect(range(own('2026-11-20', '2027-01-01'), TODAY)).toMatchObject({ last: TODAY, isOver: false });
        const seven = { from: '2026-11-21', last: TODAY, days: 7 };
        for (const query of [own('', ''), own('2027-01-01', ''), own('2020-01-01', '')]) {
            expect(range(query, TODAY)).toMatchObject(seven);
        }
    });
});

describe('intervals', () => {
    it('are as long as the server tells that many of', () => {
        expect(offered(1)).toEqual(['interval', 'hour']);
        expect(offered(7)).toEqual(['interval', 'hour', 'day']);
        expect(offered(31)).toEqual(['hour', 'day', 'week']);
        expect(offered(366)).toEqual(['day', 'week']);
    });
    it('are hours of a day, days of weeks and weeks of a year, unless they are chosen', () => {
        expect([1, 7, 92, 366].map(days => step(DEFAULT, days))).toEqual(['hour', 'day', 'day', 'week']);
        expect(step({ ...DEFAULT, by: 'interval' }, 7)).toBe('interval');
        expect(step({ ...DEFAULT, by: 'interval' }, 31)).toBe('day');
    });
});

describe('the server', () => {
    it('is asked for what has been, up to now where it is not over', () => {
        expect(asked(DEFAULT, TODAY)).toEqual({ from: TODAY, by: 'hour', rows: 'together' });
        const week: Query = { ...DEFAULT, span: 'last-week', queue: 'demo/support' };
        expect(asked(week, TODAY)).toEqual({
            from: '2026-11-16',
            to: '2026-11-23',
            by: 'day',
            queue: 'demo/support',
            rows: 'together',
        });
    });
    it('is asked for hours of weeks alone', () => {
        expect(hours(DEFAULT, TODAY)).toBeNull();
        expect(hours({ ...DEFAULT, span: 'this-week' }, TODAY)).toMatchObject({
            by: 'hour',
            from: '2026-11-23',
        });
        expect(hours(own('2026-01-01', TODAY), TODAY)).toBeNull();
    });
    it('gives the same as a table', () => {
        expect(exported(DEFAULT, TODAY, 'queues')).toBe(
            `/api/v1/figures?from=${TODAY}&by=hour&rows=queues&format=csv`,
        );
    });
});
