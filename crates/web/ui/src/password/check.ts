// Another password, looked at before the server is asked, and what the server says to it, in words.

import type { Problem } from '../api/problem';
import type { Key } from '../lib/messages.svelte';

/** Shortest that the server takes, in characters. */
export const CHARS_MIN = 8;
/** Longest that it takes, in bytes. */
export const BYTES_MAX = 512;

/** Why the server need not be asked; null where it must be. */
export function refused(old: string, chosen: string, again: string): Key | null {
    if (Array.from(chosen).length < CHARS_MIN) return 'password.short';
    if (new TextEncoder().encode(chosen).length > BYTES_MAX) return 'password.long';
    if (chosen === old) return 'password.same';
    return chosen === again ? null : 'password.differs';
}

/** What the server's refusal is of this; null where it is one that anything may have. */
export function told(problem: Problem): Key | null {
    switch (problem.status) {
        case 409:
            return 'password.wrong';
        case 422:
            return 'password.refused';
        default:
            return null;
    }
}
