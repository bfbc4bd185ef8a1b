// What somebody has changed: the difference between settings as they are written and as he wants them.

import { at, isTable, isWithin, put, same, type Json, type Path, type Table } from './json';

/** One setting, or a whole table, that is to be another or is to go. */
export type Edit = { path: string[]; value: Json } | { path: string[]; remove: true };

/** What the server shows of a secret that is written. */
export function isSecret(value: Json | undefined): boolean {
    return isTable(value) && value.secret === true && Object.keys(value).length === 1;
}

/** What has to be edited so that settings are as they are wanted: each setting by itself, and what is new as a whole. */
export function differences(before: Table, now: Table, path: Path = []): Edit[] {
    if (before === now) return [];
    const gone = Object.keys(before)
        .filter(key => !Object.hasOwn(now, key))
        .map((key): Edit => ({ path: [...path, key], remove: true }));
    const others = Object.entries(now).flatMap(([key, value]): Edit[] => {
        const was = at(before, [key]);
        if (same(was, value)) return [];
        const here = [...path, key];
        if (isTable(was) && isTable(value) && !isSecret(was)) return differences(was, value, here);
        return [{ path: here, value }];
    });
    return [...gone, ...others];
}

/** Settings with edits done to them. */
export function applied(settings: Table, edits: readonly Edit[]): Table {
    let now: Json = settings;
    for (const edit of edits) now = put(now, edit.path, 'value' in edit ? edit.value : undefined) ?? {};
    return isTable(now) ? now : {};
}

/** Of paths that others changed, those where one of these edits says something too. */
export function contested(changed: readonly Path[], edits: readonly Edit[]): Path[] {
    return changed.filter(path => edits.some(edit => isWithin(edit.path, path) || isWithin(path, edit.path)));
}
