// What sections and settings are called. A language is a file here, by its code, as far as it has words of its own; in any other,
// and for any other setting, its key says it.

import type { Field } from './schema';

const files = import.meta.glob<Record<string, string>>('./??.json', { eager: true, import: 'default' });
const languages = new Map(Object.entries(files).map(([file, texts]) => [file.slice(2, 4), texts]));

/** `wrap_up` as people write it. */
export function readable(key: string): string {
    const words = key.replaceAll('_', ' ');
    return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a setting is called. */
export function label(field: Pick<Field, 'key' | 'name'>, code: string): string {
    return languages.get(code)?.[field.name] ?? readable(field.key);
}

/** What a section is called. */
export function sectionLabel(name: string, code: string): string {
    return languages.get(code)?.[`[${name}]`] ?? readable(name);
}
