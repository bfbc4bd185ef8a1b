import { describe, expect, it } from 'vitest';
import { prose } from './schema';
import { entries } from './search';
import { model } from './testing';

const fieldsOf = (name: string) => {
    const section = model.section(name);
    const kind = section?.kind.is === 'map' ? model.kind(section.kind.values, name) : section?.kind;
    if (kind?.is !== 'table') throw new Error(`${name} is no table`);
    return kind.fields;
};
const field = (section: string, key: string) => {
    const found = fieldsOf(section).find(field => field.key === key);
    if (!found) throw new Error(`${section} has no ${key}`);
    return found;
};
const kindOf = (section: string, key: string) => model.kind(field(section, key).node);

it('has every section, and knows whose entries are things', () => {
    const things = model.sections().filter(({ hasThings }) => hasThings);
    expect(things.map(({ name }) => name)).toEqual([
        'groups',
        'hours',
        'menus',
        'numbers',
        'plans',
        'queues',
        'trunks',
        'users',
    ]);
    expect(model.section('pause_reasons')?.kind.is).toBe('map');
    expect(model.section('agents')?.kind.is).toBe('table');
    expect(model.section('toString')).toBeUndefined();
});

it('has a field for every setting that there is', () => {
    const all = entries(model);
    const raw = all.filter(({ field }) => model.kind(field.node).is === 'raw');
    expect(raw.map(({ path }) => path.join('.'))).toEqual([]);
    expect(all.length).toBeGreaterThan(250);
});

describe('a setting', () => {
    it('is a text by its pattern, a span of time, or a number in its bounds', () => {
        const extension = kindOf('queues', 'extension');
        expect(extension.is === 'text' && extension.pattern?.test('1000')).toBe(true);
        expect(extension.is === 'text' && extension.pattern?.test('1000a')).toBe(false);
        expect(kindOf('queues', 'ring')).toEqual({ is: 'duration' });
        expect(kindOf('queues', 'parallel')).toEqual({ is: 'number', min: 2, max: 32 });
    });
    it('is a switch, a choice, a list, or a table by name', () => {
        expect(kindOf('queues', 'auto_answer').is).toBe('switch');
        expect(kindOf('queues', 'kind')).toEqual({ is: 'choice', options: ['ko', 'ko-plus', 'operator'] });
        expect(kindOf('queues', 'repeated')).toMatchObject({ is: 'list', max: 32 });
        const skills = kindOf('users', 'skills');
        expect(skills.is === 'map' && model.kind(skills.values)).toEqual({ is: 'number', min: 0, max: 10 });
    });
    it('is a table, which may be one of several things, or may be written in several ways', () => {
        expect(kindOf('queues', 'closed')).toMatchObject({
            is: 'table',
            definition: 'queues.closed',
            oneOf: [],
        });
        const members = kindOf('queues', 'members');
        expect(members.is === 'list' && model.kind(members.items).is).toBe('any');
        const then = kindOf('groups', 'then');
        expect(then.is === 'table' && then.oneOf).toEqual([
            'queue',
            'user',
            'group',
            'menu',
            'message',
            'number',
            'outside',
        ]);
    });
    it('has its name, its description, its default, and says whether it is needed', () => {
        expect(field('queues', 'ring')).toMatchObject({
            name: 'queues.ring',
            fallback: '20s',
            isNeeded: false,
        });
        expect(field('groups', 'members').isNeeded).toBe(true);
        expect(field('queues', 'closed').about).toMatch(/outside of those hours/);
    });
});

it('reads a description without what it says of the manual', () => {
    expect(prose('In which order ([below](#who)).')).toEqual([{ text: 'In which order.', isCode: false }]);
    expect(prose('By `key`, see [*Who* calls](#whom).')).toEqual([
        { text: 'By ', isCode: false },
        { text: 'key', isCode: true },
        { text: ', see Who calls.', isCode: false },
    ]);
});
