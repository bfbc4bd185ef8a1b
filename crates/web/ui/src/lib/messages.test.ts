import { parse, TYPE, type MessageFormatElement } from '@formatjs/icu-messageformat-parser';
import { describe, expect, it } from 'vitest';
import en from '../messages/en.json';
import { best, LANGUAGES, termed, textIn, type Key } from './messages.svelte';

const files = import.meta.glob<Record<string, string>>('../messages/*.json', {
    eager: true,
    import: 'default',
});

/** The values that a text has filled in, also inside plurals and selects. */
function values(elements: MessageFormatElement[]): string[] {
    const found = elements.flatMap(element => {
        switch (element.type) {
            case TYPE.plural:
            case TYPE.select:
                return [element.value, ...Object.values(element.options).flatMap(it => values(it.value))];
            case TYPE.literal:
            case TYPE.pound:
                return [];
            default:
                return 'value' in element ? [element.value as string] : [];
        }
    });
    return [...new Set(found)].sort();
}

describe('every language', () => {
    for (const [file, texts] of Object.entries(files)) {
        it(`${file} has each text, with the same values filled in`, () => {
            expect(Object.keys(texts)).toEqual(Object.keys(en));
            for (const [key, text] of Object.entries(en)) {
                expect(values(parse(texts[key] ?? '')), key).toEqual(values(parse(text)));
            }
        });
    }
});

it('counts in the words of its language', () => {
    expect(textIn('en', 'callbacks.news', { count: 1 })).toBe('1 change waits');
    expect(textIn('sv', 'callbacks.news', { count: 3 })).toBe('3 ändringar väntar');
});

it('says words of the server, and those that it does not know as they are', () => {
    expect(termed('calls.cause', 'completed')).toBe('Completed');
    expect(termed('calls.cause', 'struck-by-lightning')).toBe('struck-by-lightning');
});

it('shows markup of others as the text that it is', () => {
    const who = '<b>{anna}</b>';
    expect(textIn('en', 'problem.held', { who, entry: 'b1' })).toBe(`${who} has b1 already.`);
});

it('speaks the first language that somebody reads, or English', () => {
    expect(best(['fi', 'sv-FI', 'en'])).toBe('sv');
    expect(best(['fi'])).toBe('en');
    expect(LANGUAGES.map(({ code }) => code)).toEqual(['en', 'sv']);
    expect(textIn('sv', 'nothing' as Key)).toBe('nothing');
});
