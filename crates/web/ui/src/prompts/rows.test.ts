import { expect, it } from 'vitest';
import type { From, Prompt } from './list.svelte';
import { isName, rows, size } from './rows';

const prompt = (name: string, from: From): Prompt => ({ name, from, number: null, seconds: 3, versions: [] });
const ALL = [
    prompt('closed', 'standard'),
    prompt('try-later', 'file'),
    prompt('queue-welcome', 'versions'),
    prompt('to-come', 'nowhere'),
];

it('shows those of one’s own, or all, in which a text stands', () => {
    const names = (shown: 'own' | 'all', text: string) => rows(ALL, shown, text).map(({ name }) => name);
    expect(names('own', '')).toEqual(['try-later', 'queue-welcome']);
    expect(names('all', ' CLO ')).toEqual(['closed']);
    expect(names('all', '')).toHaveLength(4);
});

it('knows what a prompt may be called', () => {
    for (const name of ['welcome', 'a', 'our-2nd_one.x']) expect(isName(name), name).toBe(true);
    for (const name of ['', 'None!', 'none', '.x', 'å', 'a/b', 'a'.repeat(65)])
        expect(isName(name), name).toBe(false);
});

it('writes sizes as people do', () => {
    expect(size(48_044, 'en-GB')).toBe('48 kB');
    expect(size(2_500_000, 'sv-SE')).toBe('2,5 MB');
});
