import { describe, expect, it } from 'vitest';
import { choices, EXCEPTIONS, KEYS, referenceAt, skills, standardPrompts, uses, VALUES } from './references';
import { entries } from './search';
import { model, schema, settings } from './testing';

it('names only keys and sections that the schema has', () => {
    const keys = new Set(entries(model).map(({ field }) => field.key));
    expect(Object.keys(KEYS).filter(key => !keys.has(key))).toEqual([]);
    const sections = Object.keys(schema.properties ?? {});
    const named = [...Object.values(KEYS), ...VALUES.map(({ reference }) => reference)].map(
        ({ what }) => what,
    );
    expect(named.filter(what => !sections.includes(what))).toEqual([]);
    const roots = [...VALUES, ...EXCEPTIONS].map(({ path }) => path[0] ?? '');
    expect(roots.filter(root => !sections.includes(root))).toEqual([]);
});

describe('a setting names', () => {
    it('by its key', () => {
        expect(referenceAt(['queues', 'support', 'hours'])?.what).toBe('hours');
        expect(referenceAt(['queues', 'support', 'closed', 'then', 'queue'])?.what).toBe('queues');
        expect(referenceAt(['organisation', 'plan'])?.what).toBe('plans');
    });
    it('in a list, by the list', () => {
        expect(referenceAt(['queues', 'support', 'members', '0'])?.what).toBe('users');
        expect(referenceAt(['queues', 'support', 'members', '1', 'user'])?.what).toBe('users');
        expect(referenceAt(['queue_groups', 'alla', '0'])?.what).toBe('queues');
    });
    it('something else where it says so', () => {
        expect(referenceAt(['quick_close', 'group'])?.what).toBe('queue_groups');
        expect(referenceAt(['groups', 'sales', 'members', '0'])).toEqual({ what: 'users', isOpen: true });
    });
    it('nothing where a key means something of its own', () => {
        expect(referenceAt(['hours', 'kontor', 'rules', '0', 'hours', '0'])).toBeNull();
        expect(referenceAt(['trunks', 'provider', 'register', 'user'])).toBeNull();
    });
    it('nothing by the name of a thing', () => {
        expect(referenceAt(['prompts', 'welcome'])).toBeNull();
        expect(referenceAt(['queues', 'user'])).toBeNull();
        expect(referenceAt(['queues', 'support', 'name'])).toBeNull();
    });
});

it('offers what there is', () => {
    expect(choices(settings, 'users')[0]).toEqual({ value: 'anna', title: 'Anna Åkesson' });
    expect(choices(settings, 'numbers').map(({ value }) => value)).toEqual([
        '+46850001000',
        '+46850001001',
        '+46850009999',
    ]);
    expect(choices(settings, 'prompts').map(({ value }) => value)).toContain('try-later');
    expect(choices(settings, 'prompts').map(({ value }) => value)).toContain('our-times');
    expect(skills(settings)).toEqual(['invoices', 'swedish']);
    expect(standardPrompts(model)).toEqual(
        expect.arrayContaining(['queue-welcome', 'queue-repeat', 'music/waiting']),
    );
});

it('finds who names a thing', () => {
    expect(uses(settings, 'queues', 'support').map(path => path.join('.'))).toEqual([
        'queues.kontor.closed.then.queue',
        'numbers.+46850001000.queue',
        'numbers.+46850001001.routes.0.queue',
        'queue_groups.alla.0',
    ]);
    expect(uses(settings, 'users', 'eva')).toEqual([]);
});
