import { describe, expect, it } from 'vitest';
import { differences } from './edits';
import { level, may, named, people, queues, skillColumns, withLevel, withMay } from './matrix';
import { settings } from './testing';

it('has everybody by the name that people know, and finds them', () => {
    expect(people(settings).map(({ title }) => title)).toEqual(['Anna Åkesson', 'bosse', 'Eva']);
    expect(
        people(settings)
            .filter(({ seesAll }) => seesAll)
            .map(({ user }) => user),
    ).toEqual(['eva']);
    expect(named(people(settings), 'åke').map(({ user }) => user)).toEqual(['anna']);
});

describe('skills', () => {
    it('are all that somebody has or that is asked for', () => {
        expect(skillColumns(settings, ['danish'])).toEqual(['danish', 'invoices', 'swedish']);
        expect(level(settings, 'anna', 'swedish')).toBe(8);
        expect(level(settings, 'bosse', 'swedish')).toBeNull();
    });
    it('are changed one by one, and none is not 0', () => {
        expect(differences(settings, withLevel(settings, 'bosse', 'swedish', 0))).toEqual([
            { path: ['users', 'bosse', 'skills'], value: { swedish: 0 } },
        ]);
        expect(differences(settings, withLevel(settings, 'anna', 'invoices', 3))).toEqual([
            { path: ['users', 'anna', 'skills', 'invoices'], value: 3 },
        ]);
        expect(differences(settings, withLevel(settings, 'anna', 'swedish', null))).toEqual([
            { path: ['users', 'anna', 'skills'], remove: true },
        ]);
    });
});

describe('permissions', () => {
    it('are what is written', () => {
        expect(queues(settings)).toEqual(['support', 'kontor']);
        expect(may(settings, 'anna', 'support')).toBe(1);
        expect(may(settings, 'bosse', 'support')).toBe(2);
        expect(may(settings, 'eva', 'support')).toBeNull();
    });
    it('keep place and weight of a member whose priority changes', () => {
        const edits = differences(settings, withMay(settings, 'bosse', 'support', 4));
        expect(edits).toEqual([
            {
                path: ['queues', 'support', 'members'],
                value: ['anna', { user: 'bosse', priority: 4, weight: 3 }],
            },
        ]);
    });
    it('write a member of the first priority by name alone', () => {
        const second = withMay(settings, 'anna', 'support', 2);
        expect(may(second, 'anna', 'support')).toBe(2);
        expect(withMay(second, 'anna', 'support', 1)).toEqual(settings);
    });
    it('go from member to whoever only sees, and to nothing', () => {
        const sees = withMay(settings, 'anna', 'support', 'sees');
        expect(may(sees, 'anna', 'support')).toBe('sees');
        expect(differences(settings, sees)).toEqual([
            { path: ['queues', 'support', 'members'], value: [{ user: 'bosse', priority: 2, weight: 3 }] },
            { path: ['queues', 'support', 'seen_by'], value: ['anna'] },
        ]);
        const nothing = withMay(sees, 'anna', 'support', null);
        expect(may(nothing, 'anna', 'support')).toBeNull();
        expect(withMay(nothing, 'anna', 'support', null)).toEqual(nothing);
    });
    it('begin in a queue that has no members yet', () => {
        expect(differences(settings, withMay(settings, 'eva', 'kontor', 1))).toEqual([
            { path: ['queues', 'kontor', 'members'], value: ['eva'] },
        ]);
    });
});
