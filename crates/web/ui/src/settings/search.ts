// All settings by name, to look through: where each stands and what it means.

import { at, isTable, type Json, type Path, type Table } from './json';
import { label, sectionLabel } from './labels';
import type { Field, Model, Node, Section } from './schema';

/** A setting that there is, wherever it may stand. */
export interface Entry {
    section: string;
    /** Keys within the section's entries, `*` being any name or place. */
    path: string[];
    field: Field;
}

/** A thing that somebody made: a queue, a user. */
export interface Thing {
    section: string;
    name: string;
    title: string | null;
}

/** What was found. */
export interface Found {
    things: Thing[];
    entries: Entry[];
}

/** Most that is shown of what was found: whoever sees more writes more. */
export const FOUND_MAX = 40;

/** Every setting of every section, from the outside in; a place that leads on to places is gone into once. */
export function entries(model: Model): Entry[] {
    const found: Entry[] = [];
    const look = (section: Section, node: Node, path: Path, seen: readonly string[]) => {
        const kind = model.kind(node, section.name);
        if (kind.is === 'map') return look(section, kind.values, [...path, '*'], seen);
        if (kind.is === 'list') return look(section, kind.items, [...path, '*'], seen);
        if (kind.is === 'any') for (const one of kind.of) look(section, one, path, seen);
        if (kind.is !== 'table' || seen.includes(kind.definition)) return;
        for (const field of kind.fields) {
            const here = [...path, field.key];
            found.push({ section: section.name, path: here, field });
            look(section, field.node, here, [...seen, kind.definition]);
        }
    };
    for (const section of model.sections()) {
        const { kind } = section;
        if (kind.is === 'map') look(section, kind.values, [], []);
        if (kind.is !== 'table') continue;
        for (const field of kind.fields) {
            found.push({ section: section.name, path: [field.key], field });
            look(section, field.node, [field.key], [kind.definition]);
        }
    }
    return found;
}

/** All things that settings have names for. */
export function things(model: Model, settings: Table): Thing[] {
    return model.sections().flatMap(({ name: section, kind }) => {
        const table = settings[section];
        if (kind.is !== 'map' || !isTable(table)) return [];
        return Object.entries(table).map(([name, value]) => ({ section, name, title: titleOf(value) }));
    });
}

/** What people call a thing. */
export function titleOf(value: Json): string | null {
    if (typeof value === 'string') return value;
    const name = at(value, ['name']);
    return typeof name === 'string' ? name : null;
}

/** What has all these words in it: names before descriptions, and what stands further out first. */
export function find(all: Entry[], have: Thing[], words: string, code: string): Found {
    const wanted = words.toLocaleLowerCase(code).split(/\s+/).filter(Boolean);
    if (wanted.length === 0) return { things: [], entries: [] };
    const has = (texts: (string | null)[]) => {
        const text = texts.join(' ').toLocaleLowerCase(code);
        return wanted.every(word => text.includes(word));
    };
    const names = ({ section, path, field }: Entry) => [
        section,
        sectionLabel(section, code),
        path.join('.'),
        label(field, code),
    ];
    const byName = all
        .filter(entry => has(names(entry)))
        .sort((one, other) => one.path.length - other.path.length);
    const byText = all.filter(entry => !byName.includes(entry) && has([...names(entry), entry.field.about]));
    return {
        things: have.filter(({ section, name, title }) =>
            has([name, title, section, sectionLabel(section, code)]),
        ),
        entries: [...byName, ...byText],
    };
}
