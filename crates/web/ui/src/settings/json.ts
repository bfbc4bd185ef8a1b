// Settings as values: what JSON and TOML have in common, by path. Values are never changed, only made anew around what differs,
// so that what is the same stays the very same.

/** A value of a setting. */
export type Json = string | number | boolean | Json[] | Table;
/** A table of settings. */
export interface Table {
    [key: string]: Json;
}
/** Keys from the outside in; of a list, places from 0. */
export type Path = readonly string[];

/** Whether a value is a table. */
export function isTable(value: Json | undefined): value is Table {
    return typeof value === 'object' && !Array.isArray(value);
}

/** What stands at a path. */
export function at(value: Json | undefined, path: Path): Json | undefined {
    let here = value;
    for (const key of path) {
        if (Array.isArray(here)) here = here[Number(key)];
        else if (isTable(here) && Object.hasOwn(here, key)) here = here[key];
        else return undefined;
    }
    return here;
}

/** The same with another value at a path, or with none there. */
export function put(value: Json | undefined, path: Path, to: Json | undefined): Json | undefined {
    const [key, ...rest] = path;
    if (key === undefined) return to;
    if (Array.isArray(value)) {
        const inner = put(value[Number(key)], rest, to);
        return inner === undefined ? value.toSpliced(Number(key), 1) : value.with(Number(key), inner);
    }
    const table = isTable(value) ? value : {};
    const inner = put(at(table, [key]), rest, to);
    if (isTable(value) && inner === at(value, [key])) return value;
    if (inner === undefined) {
        if (!Object.hasOwn(table, key)) return value;
        return Object.fromEntries(Object.entries(table).filter(([other]) => other !== key));
    }
    if (!Object.hasOwn(table, key)) return Object.fromEntries([...Object.entries(table), [key, inner]]);
    return Object.fromEntries(
        Object.entries(table).map(([other, was]) => [other, other === key ? inner : was]),
    );
}

/** Whether two values say the same; the order of a table's keys says nothing. */
export function same(one: Json | undefined, other: Json | undefined): boolean {
    if (one === other) return true;
    if (Array.isArray(one) && Array.isArray(other)) {
        return one.length === other.length && one.every((item, place) => same(item, other[place]));
    }
    if (!isTable(one) || !isTable(other)) return false;
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every(key => same(one[key], at(other, [key])));
}

/** Whether one path is the other, or leads on from it. */
export function isWithin(path: Path, outer: Path): boolean {
    return outer.length <= path.length && outer.every((key, place) => key === path[place]);
}

/** A path as TOML writes it: `queues.support.ring`. */
export function dotted(path: Path): string {
    return path.map(key => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key))).join('.');
}

/** The path that is written so; places in lists may stand in brackets. */
export function parsed(text: string): string[] {
    const keys = text.match(/"(?:[^"\\]|\\.)*"|'[^']*'|\[\d+\]|[^.[\]"']+/g) ?? [];
    return keys.map(key => {
        if (key.startsWith('[')) return key.slice(1, -1);
        if (key.startsWith("'")) return key.slice(1, -1);
        return key.startsWith('"') ? key.slice(1, -1).replace(/\\(["\\])/g, '$1') : key;
    });
}

/** A value as TOML writes it, on one line. */
export function written(value: Json): string {
    if (typeof value === 'string') return JSON.stringify(value);
    if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
    if (!isTable(value)) return String(value);
    const entries = Object.entries(value).map(([key, inner]) => `${dotted([key])} = ${written(inner)}`);
    return entries.length > 0 ? `{ ${entries.join(', ')} }` : '{}';
}
