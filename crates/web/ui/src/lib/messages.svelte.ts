// What pages say, in the language that is chosen. A language is a file in `messages/`, by its code; English has every text,
// and is what is shown where another lacks one.

import { IntlMessageFormat } from 'intl-messageformat';
import type en from '../messages/en.json';
import { kept, keep } from './kept';

/** A text's name. */
export type Key = keyof typeof en;
/** What is filled in. */
export type Values = Record<string, string | number>;

const files = import.meta.glob<Record<string, string>>('../messages/*.json', {
    eager: true,
    import: 'default',
});
const languages = new Map(
    Object.entries(files).map(([file, texts]) => [file.replace(/^.*\/(.+)\.json$/, '$1'), texts]),
);
const FALLBACK = 'en';

/** All languages: code and own name. */
export const LANGUAGES: { code: string; name: string }[] = [...languages].map(([code, texts]) => ({
    code,
    name: texts['language.name'] ?? code,
}));

/** The first of those that somebody reads which there is. */
export function best(read: readonly string[]): string {
    const codes = read.map(tag => tag.toLowerCase().split('-')[0] ?? '');
    return codes.find(code => languages.has(code)) ?? FALLBACK;
}

class Language {
    code = $state(FALLBACK);

    /** How days, times and numbers are written in it. */
    get locale(): string {
        return languages.get(this.code)?.['language.locale'] ?? this.code;
    }

    /** As it was chosen before, or as the browser is. */
    begin() {
        const before = kept('language');
        this.show(before && languages.has(before) ? before : best(navigator.languages));
    }

    choose(code: string) {
        if (!languages.has(code)) return;
        keep('language', code);
        this.show(code);
    }

    private show(code: string) {
        this.code = code;
        document.documentElement.lang = code;
    }
}

/** The language that is chosen. */
export const language = new Language();

// It remembers and shows nothing by itself.
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const formats = new Map<string, IntlMessageFormat>();

/** A text in a language. */
export function textIn(code: string, key: Key, values?: Values): string {
    const id = `${code} ${key}`;
    let format = formats.get(id);
    if (!format) {
        const text = languages.get(code)?.[key] ?? languages.get(FALLBACK)?.[key] ?? key;
        format = new IntlMessageFormat(text, code, undefined, { ignoreTag: true });
        formats.set(id, format);
    }
    return String(format.format(values));
}

/** A text in the language that is chosen: it changes where it is shown, when another is. */
export function t(key: Key, values?: Values): string {
    return textIn(language.code, key, values);
}

/** A word of the server's in the language that is chosen; as it is, where pages have no text for it. */
export function termed(prefix: string, word: string): string {
    const key = `${prefix}.${word}`;
    return languages.get(FALLBACK)?.[key] === undefined ? word : t(key as Key);
}
