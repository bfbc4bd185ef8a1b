// Which prompts are shown.

import type { Prompt } from './list.svelte';

export const SHOWN = ['own', 'all'] as const;
export type Shown = (typeof SHOWN)[number];

/** Those of one's own, or all, in which that text stands. */
export function rows(all: readonly Prompt[], shown: Shown, text: string): Prompt[] {
    const wanted = text.trim().toLowerCase();
    return all.filter(
        ({ name, from }) =>
            (shown === 'all' || (from !== 'standard' && from !== 'nowhere')) && name.includes(wanted),
    );
}

/** What a prompt may be called: as all that settings name. */
export function isName(text: string): boolean {
    return /^[a-z0-9_-][a-z0-9_.-]{0,63}$/.test(text) && text !== 'none';
}

/** Bytes as people read them. */
export function size(bytes: number, language: string): string {
    const [unit, value] = bytes < 1_000_000 ? ['kilobyte', bytes / 1_000] : ['megabyte', bytes / 1_000_000];
    return new Intl.NumberFormat(language, {
        style: 'unit',
        unit: unit as string,
        maximumFractionDigits: unit === 'kilobyte' ? 0 : 1,
    }).format(value as number);
}
