// Which settings name other things, and what there is to name. The schema says only that they are texts: what they mean is told
// by their keys, which a test holds against the schema.

import { at, isTable, type Json, type Path, type Table } from './json';
import type { Model, Node } from './schema';

/** What is named: an entry of a section, or something that other settings tell. */
export type Named =
    | 'queues'
    | 'users'
    | 'groups'
    | 'menus'
    | 'hours'
    | 'plans'
    | 'queue_groups'
    | 'numbers'
    | 'prompts'
    | 'skills';

/** What a setting names. */
export interface Reference {
    what: Named;
    /** Whether it may be something else too: a number outside, a standard prompt. */
    isOpen: boolean;
}

/** Keys that mean the same wherever they stand. */
export const KEYS: Readonly<Record<string, Reference>> = {
    queue: { what: 'queues', isOpen: false },
    user: { what: 'users', isOpen: false },
    group: { what: 'groups', isOpen: false },
    menu: { what: 'menus', isOpen: false },
    number: { what: 'numbers', isOpen: true },
    open: { what: 'hours', isOpen: false },
    closed: { what: 'hours', isOpen: false },
    plan: { what: 'plans', isOpen: false },
    members: { what: 'users', isOpen: false },
    seen_by: { what: 'users', isOpen: false },
    caller_id: { what: 'numbers', isOpen: true },
    caller_ids: { what: 'numbers', isOpen: true },
    message: { what: 'prompts', isOpen: true },
    prompt: { what: 'prompts', isOpen: true },
    invalid: { what: 'prompts', isOpen: true },
    welcome: { what: 'prompts', isOpen: true },
    first_message: { what: 'prompts', isOpen: true },
    repeated: { what: 'prompts', isOpen: true },
    position_intro: { what: 'prompts', isOpen: true },
    wait_intro: { what: 'prompts', isOpen: true },
    announcement: { what: 'prompts', isOpen: true },
    music: { what: 'prompts', isOpen: true },
    hold_music: { what: 'prompts', isOpen: true },
};

/** Values of tables whose keys are anybody's, by where the tables stand; `*` is any key. */
export const VALUES: readonly { path: Path; reference: Reference }[] = [
    { path: ['queue_groups', '*'], reference: { what: 'queues', isOpen: false } },
    { path: ['prompt_numbers', '*'], reference: { what: 'prompts', isOpen: true } },
    { path: ['queues', '*', 'callback', 'prompts', '*'], reference: { what: 'prompts', isOpen: true } },
];

/** Keys that mean something else, or something at all, in one place. */
export const EXCEPTIONS: readonly { path: Path; reference: Reference | null }[] = [
    { path: ['queues', '*', 'hours'], reference: { what: 'hours', isOpen: false } },
    // Whom we are at a provider's.
    { path: ['trunks', '*', 'register', 'user'], reference: null },
    { path: ['quick_close', 'group'], reference: { what: 'queue_groups', isOpen: false } },
    { path: ['groups', '*', 'members'], reference: { what: 'users', isOpen: true } },
];

const STANDARD_PROMPTS = ['none', 'all-busy', 'closed', 'try-later'];

const isPlace = (key: string) => /^\d+$/.test(key);
const matches = (path: Path, pattern: Path) =>
    path.length === pattern.length && pattern.every((key, place) => key === '*' || key === path[place]);

/** What the text at a path names; nothing, where it is a text alone. */
export function referenceAt(path: Path): Reference | null {
    // Of an item in a list, the list says it.
    const last = path.at(-1);
    const ofList = last !== undefined && path.length > 2 && isPlace(last) ? path.slice(0, -1) : path;
    const said = [...EXCEPTIONS, ...VALUES].find(
        ({ path: pattern }) => matches(path, pattern) || matches(ofList, pattern),
    );
    if (said) return said.reference;
    // A section's own names, such as a queue that is called `user`, are no keys of settings.
    if (ofList.length < 2 || (ofList.length === 2 && ofList[0] !== 'organisation')) return null;
    const key = ofList.at(-1) ?? '';
    return Object.hasOwn(KEYS, key) ? (KEYS[key] ?? null) : null;
}

/** What a key of a table names: those of what is asked for, or able to, are skills. */
export function referenceOfKeys(path: Path): Named | null {
    return ['requires', 'skills'].includes(path.at(-1) ?? '') ? 'skills' : null;
}

/** A thing that can be named. */
export interface Choice {
    value: string;
    /** What people call it, where it has such a name. */
    title: string | null;
}

/** All things of a kind that settings have. */
export function choices(settings: Table, what: Named): Choice[] {
    if (what === 'skills') return skills(settings).map(value => ({ value, title: null }));
    const section = settings[what];
    const entries = isTable(section) ? Object.entries(section) : [];
    const listed = entries.map(([value, entry]) => {
        const name = at(entry, ['name']);
        return { value, title: typeof name === 'string' ? name : null };
    });
    if (what === 'prompts') return [...listed, ...usedPrompts(settings, listed)];
    if (what === 'numbers') {
        const shown = at(settings, ['organisation', 'shown_numbers']);
        const more = Array.isArray(shown) ? shown.filter(number => typeof number === 'string') : [];
        return [...listed, ...more.map(value => ({ value, title: null }))];
    }
    return listed;
}

/** Every skill that somebody has, or that is asked for. */
export function skills(settings: Table): string[] {
    const found = new Set<string>();
    walk(settings, [], (path, value) => {
        if (path.length < 3 || referenceOfKeys(path) !== 'skills' || !isTable(value)) return;
        for (const key of Object.keys(value)) found.add(key);
    });
    return [...found].sort();
}

function usedPrompts(settings: Table, listed: readonly Choice[]): Choice[] {
    const used = new Set(STANDARD_PROMPTS);
    for (const { path, reference } of references(settings)) {
        const value = at(settings, path);
        if (reference.what === 'prompts' && typeof value === 'string') used.add(value);
    }
    for (const { value } of listed) used.delete(value);
    return [...used].sort().map(value => ({ value, title: null }));
}

/** Standard prompts, as far as the schema names them: they hold where others aren't written. */
export function standardPrompts(model: Model): string[] {
    const found = new Set<string>();
    const look = (node: Node, seen: readonly string[]) => {
        const kind = model.kind(node);
        if (kind.is === 'map') look(kind.values, seen);
        if (kind.is !== 'table' || seen.includes(kind.definition)) return;
        for (const field of kind.fields) {
            const isPrompt = Object.hasOwn(KEYS, field.key) && KEYS[field.key]?.what === 'prompts';
            for (const value of isPrompt ? [field.fallback ?? []].flat() : []) found.add(String(value));
            look(field.node, [...seen, kind.definition]);
        }
    };
    for (const { kind } of model.sections()) {
        if (kind.is === 'map') look(kind.values, []);
        if (kind.is === 'table') for (const field of kind.fields) look(field.node, [kind.definition]);
    }
    return [...found].sort();
}

/** Where things are named. */
export function references(settings: Table): { path: string[]; reference: Reference }[] {
    const found: { path: string[]; reference: Reference }[] = [];
    walk(settings, [], (path, value) => {
        const reference = typeof value === 'string' ? referenceAt(path) : null;
        if (reference) found.push({ path: [...path], reference });
    });
    return found;
}

/** Where a thing is named by others, so that it can't simply go. */
export function uses(settings: Table, section: string, name: string): string[][] {
    return references(settings)
        .filter(({ path, reference }) => reference.what === section && at(settings, path) === name)
        .map(({ path }) => path)
        .filter(path => !(path[0] === section && path[1] === name));
}

function walk(value: Json, path: Path, tell: (path: Path, value: Json) => void) {
    tell(path, value);
    if (Array.isArray(value)) value.forEach((item, place) => walk(item, [...path, String(place)], tell));
    else if (isTable(value)) {
        for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key], tell);
    }
}
