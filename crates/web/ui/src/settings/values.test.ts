import { expect, it } from 'vitest';
import type { Kind } from './schema';
import { model, schema } from './testing';
import { fits, shown, typed, wayOf, ways, wrong } from './values';

const NUMBER: Kind = { is: 'number', min: 2, max: 32 };
const TEXT: Kind = { is: 'text', pattern: /^[0-9]+$/u, charsMax: 4, mayBeNumber: false };

it('takes what is typed as what it is, and keeps what is not yet', () => {
    expect(typed(NUMBER, '12')).toBe(12);
    expect(typed(NUMBER, '1x')).toBe('1x');
    expect(typed(NUMBER, '')).toBeUndefined();
    expect(typed(TEXT, '0812')).toBe('0812');
    expect(typed({ ...TEXT, mayBeNumber: true }, '15')).toBe(15);
    expect(typed({ ...TEXT, mayBeNumber: true }, 'last')).toBe('last');
    expect(shown(12)).toBe('12');
    expect(shown(['a'])).toBe('');
});

it('says what is wrong with a value', () => {
    expect(wrong(NUMBER, 12)).toBeNull();
    expect(wrong(NUMBER, 33)).toBe('range');
    expect(wrong(NUMBER, '1x')).toBe('number');
    expect(wrong(TEXT, 'abc')).toBe('pattern');
    expect(wrong(TEXT, '12345')).toBe('long');
    expect(wrong(TEXT, '')).toBe('empty');
    expect(wrong(TEXT, undefined)).toBeNull();
    expect(wrong({ is: 'duration' }, '1h30m')).toBeNull();
    expect(wrong({ is: 'duration' }, '1 hour')).toBe('duration');
    expect(wrong({ is: 'choice', options: ['ko'] }, 'kö')).toBe('choice');
});

it('knows in which way a value is written that may be in several', () => {
    const soon = schema.definitions['queues.callback']?.properties?.soon?.anyOf ?? [];
    const all = ways(model, soon);
    expect(all.map(way => (way.is === 'constant' ? way.value : way.kind.is))).toEqual([true, false, 'table']);
    expect(wayOf(all, false)).toBe(1);
    expect(wayOf(all, { entries: 3 })).toBe(2);
    expect(wayOf(all, undefined)).toBe(-1);
    const eves = ways(model, [{ enum: ['julafton'] }, { $ref: '#/definitions/hours.eves' }]);
    expect(wayOf(eves, 'julafton')).toBe(0);
    expect(wayOf(eves, { day: 'julafton' })).toBe(1);
    expect(fits({ is: 'list', items: {}, max: null }, {})).toBe(false);
});
