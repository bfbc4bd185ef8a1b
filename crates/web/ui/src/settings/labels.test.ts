import { expect, it } from 'vitest';
import { GROUPS, grouped } from './groups';
import { label, readable, sectionLabel } from './labels';
import { entries, find, things } from './search';
import sv from './sv.json';
import { model, settings } from './testing';

const all = entries(model);
const names = new Set(all.map(({ field }) => field.name));
const sections = model.sections().map(({ name }) => name);

it('has Swedish words only for what there is', () => {
    const known = new Set([...names, ...sections.map(name => `[${name}]`)]);
    expect(Object.keys(sv).filter(key => !known.has(key))).toEqual([]);
});

it('has Swedish words for every section, and for all of queues, callbacks, people and hours', () => {
    const wanted = [...names].filter(name => /^(queues|users|agents|hours)\b/.test(name));
    expect(wanted.length).toBeGreaterThan(130);
    expect(wanted.filter(name => !(name in sv))).toEqual([]);
    expect(sections.filter(name => !(`[${name}]` in sv))).toEqual([]);
});

it('says a key where a language has no word', () => {
    const field = { key: 'log_in', name: 'feature_codes.log_in_' };
    expect(label(field, 'sv')).toBe('Log in');
    expect(label({ key: 'ring', name: 'queues.ring' }, 'sv')).toBe('Ringtid');
    expect(label({ key: 'ring', name: 'queues.ring' }, 'en')).toBe('Ring');
    expect(sectionLabel('queue_groups', 'en')).toBe('Queue groups');
    expect(readable('wrap_up')).toBe('Wrap up');
});

it('lays out settings that there are, each once, and leaves none out', () => {
    for (const [section, groups] of Object.entries(GROUPS)) {
        const keys = groups.flatMap(({ keys }) => keys);
        expect(new Set(keys).size).toBe(keys.length);
        const have = all.filter(entry => entry.section === section && entry.path.length === 1);
        expect(keys.filter(key => !have.some(({ field }) => field.key === key))).toEqual([]);
        const shown = grouped(
            section,
            have.map(({ field }) => field),
        ).flatMap(({ fields }) => fields);
        expect(shown.map(({ key }) => key).sort()).toEqual(have.map(({ field }) => field.key).sort());
    }
});

it('finds settings by key, by their Swedish name, and by what they mean; names first', () => {
    const found = (words: string, code: string) =>
        find(all, [], words, code).entries.map(({ section, path }) => `${section}.${path.join('.')}`);
    expect(found('wrap_up', 'en')).toContain('queues.wrap_up');
    expect(found('efterarbete', 'sv')[0]).toMatch(/wrap_up/);
    expect(found('wait', 'en').indexOf('queues.wait')).toBeLessThan(
        found('wait', 'en').indexOf('queues.close_when.wait'),
    );
    expect(found('left in peace', 'en')).toContain('queues.wrap_up');
    expect(found('zzzz', 'en')).toEqual([]);
    expect(found(' ', 'en')).toEqual([]);
});

it('finds things by name, and by what people call them', () => {
    const have = things(model, settings);
    const found = (words: string) =>
        find([], have, words, 'sv').things.map(({ section, name }) => `${section}.${name}`);
    expect(found('åkesson')).toEqual(['users.anna']);
    expect(found('kontor')).toEqual(['hours.kontor', 'queues.kontor']);
});
