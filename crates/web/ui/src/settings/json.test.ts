import { describe, expect, it } from 'vitest';
import { at, dotted, parsed, put, same, written } from './json';

const settings = { queues: { support: { ring: '15s', members: ['anna', { user: 'bosse' }] } } };

it('finds what stands at a path, also in lists, and nothing where nothing is', () => {
    expect(at(settings, ['queues', 'support', 'ring'])).toBe('15s');
    expect(at(settings, ['queues', 'support', 'members', '1', 'user'])).toBe('bosse');
    expect(at(settings, ['queues', 'sales', 'ring'])).toBeUndefined();
    expect(at(settings, ['queues', 'toString'])).toBeUndefined();
});

describe('put', () => {
    it('makes tables on the way, and changes nothing that it is given', () => {
        const now = put(settings, ['queues', 'sales', 'ring'], '20s');
        expect(at(now, ['queues', 'sales'])).toEqual({ ring: '20s' });
        expect(at(settings, ['queues', 'sales'])).toBeUndefined();
        expect(at(now, ['queues', 'support'])).toBe(settings.queues.support);
    });
    it('keeps the order of keys and items', () => {
        const now = put(settings, ['queues', 'support', 'ring'], '20s');
        expect(Object.keys(at(now, ['queues', 'support']) as object)).toEqual(['ring', 'members']);
        expect(
            at(put(settings, ['queues', 'support', 'members', '0'], 'eva'), ['queues', 'support', 'members']),
        ).toEqual(['eva', { user: 'bosse' }]);
    });
    it('takes away what has no value, and makes nothing for what was not there', () => {
        expect(put(settings, ['queues', 'support', 'ring'], undefined)).toEqual({
            queues: { support: { members: ['anna', { user: 'bosse' }] } },
        });
        expect(put(settings, ['queues', 'sales', 'ring'], undefined)).toBe(settings);
    });
    it('takes names that JavaScript has a meaning for as names', () => {
        const now = put({}, ['users', '__proto__', 'name'], 'Proto');
        expect(at(now, ['users', '__proto__', 'name'])).toBe('Proto');
        expect({}).not.toHaveProperty('name');
    });
});

it('tells what is the same whatever the order of keys', () => {
    expect(same({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(same({ a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(same(['a', 'b'], ['b', 'a'])).toBe(false);
    expect(same(undefined, {})).toBe(false);
});

it('writes paths and values as TOML does, and reads paths back', () => {
    const path = ['numbers', '+46850001000', 'routes', '0'];
    expect(dotted(path)).toBe('numbers."+46850001000".routes.0');
    expect(parsed(dotted(path))).toEqual(path);
    expect(parsed('queues."a.b".ring')).toEqual(['queues', 'a.b', 'ring']);
    expect(parsed('hours.kontor.rules[3].hours')).toEqual(['hours', 'kontor', 'rules', '3', 'hours']);
    expect(parsed('')).toEqual([]);
    expect(written({ user: 'anna', levels: [1, true] })).toBe('{ user = "anna", levels = [1, true] }');
});
