import { expect, it } from 'vitest';
import { count, dayIn, isDay, local, plus, time, weekday, weekdays, written } from './days';

it('a day is that of the place', () => {
    const late = Date.parse('2026-11-26T23:30:00Z');
    expect(dayIn('Europe/Stockholm', late)).toBe('2026-11-27');
    expect(dayIn('UTC', late)).toBe('2026-11-26');
});

it('days are counted over changes of the clock, months and years', () => {
    expect(plus('2026-03-28', 2)).toBe('2026-03-30');
    expect(plus('2028-02-28', 1)).toBe('2028-02-29');
    expect(plus('2027-01-01', -1)).toBe('2026-12-31');
    expect(count('2026-10-24', '2026-10-26')).toBe(3);
    expect([isDay('2026-02-30'), isDay('26-1-1'), isDay(''), isDay('2028-02-29')]).toEqual([
        false,
        false,
        false,
        true,
    ]);
});

it('a week begins on Monday, in the words of its language', () => {
    expect(['2026-11-23', '2026-11-29'].map(weekday)).toEqual([0, 6]);
    expect(weekdays('sv-SE')).toEqual(['mån', 'tis', 'ons', 'tors', 'fre', 'lör', 'sön']);
    expect(written('2026-11-27', 'sv-SE', 'weekday')).toBe('fre 27 nov.');
    expect(written('2026-11-27', 'en-GB', 'year')).toBe('27 Nov 2026');
});

it('a moment is told as the clock there shows it', () => {
    expect(local('2026-10-25T02:15:00+01:00')).toEqual({ day: '2026-10-25', hour: 2, minute: 15 });
    expect(time({ hour: 8, minute: 5 })).toBe('08:05');
});
