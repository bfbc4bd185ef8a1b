import { expect, it } from 'vitest';
import { applied, contested, differences } from './edits';
import { put, type Table } from './json';
import { settings } from './testing';

const changed = (...changes: [string[], Parameters<typeof put>[2]][]) =>
    changes.reduce((now, [path, value]) => put(now, path, value) as Table, settings);

it('says each changed setting by itself, what is new as a whole, and what goes', () => {
    const now = changed(
        [['queues', 'support', 'ring'], '20s'],
        [['queues', 'sales'], { name: 'Sales', members: ['anna'] }],
        [['users', 'bosse'], undefined],
    );
    expect(differences(settings, now)).toEqual([
        { path: ['queues', 'support', 'ring'], value: '20s' },
        { path: ['queues', 'sales'], value: { name: 'Sales', members: ['anna'] } },
        { path: ['users', 'bosse'], remove: true },
    ]);
});

it('says nothing of what was changed back', () => {
    const now = changed([['queues', 'support', 'ring'], '20s'], [['queues', 'support', 'ring'], '15s']);
    expect(differences(settings, now)).toEqual([]);
});

it('gives lists as a whole', () => {
    const now = changed([['queues', 'support', 'members', '0'], 'eva']);
    expect(differences(settings, now)).toEqual([
        { path: ['queues', 'support', 'members'], value: ['eva', { user: 'bosse', priority: 2, weight: 3 }] },
    ]);
});

it('writes a secret anew, and never what is shown in its place', () => {
    const now = changed([['users', 'anna', 'password'], 'new'], [['users', 'anna', 'extension'], '103']);
    expect(differences(settings, now)).toEqual([
        { path: ['users', 'anna', 'extension'], value: '103' },
        { path: ['users', 'anna', 'password'], value: 'new' },
    ]);
});

it('does edits again on other settings', () => {
    const edits = differences(
        settings,
        changed([['queues', 'support', 'ring'], '20s'], [['users', 'bosse'], undefined]),
    );
    const theirs = put(settings, ['queues', 'support', 'wrap_up'], '9s') as Table;
    const now = applied(theirs, edits);
    expect(differences(theirs, now)).toEqual(edits);
    expect(applied(settings, [])).toBe(settings);
});

it('knows which of what others changed is changed here too', () => {
    const edits = differences(settings, changed([['queues', 'support', 'closed'], { message: 'closed' }]));
    const theirs = [['queues', 'support', 'closed', 'message'], ['queues', 'support', 'ring'], ['queues']];
    expect(contested(theirs, edits)).toEqual([['queues', 'support', 'closed', 'message'], ['queues']]);
});
