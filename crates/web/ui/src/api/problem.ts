// Refusals: each is a problem document (RFC 9457) that says who stands in the way, and is told in the reader's language.

import type { Key, Values } from '../lib/messages.svelte';
import { short } from '../lib/names';

/** Why something can't be done with one's own call, as the server says it in a word. */
const REASONS = [
    'no-such-call',
    'not-now',
    'held-on-phone',
    'answered-on-phone',
    'no-number',
    'unknown-number',
    'not-allowed',
    'no-telephone',
    'dialling-already',
    'too-many-calls',
    'draining',
] as const;

/** What of a problem document is used. */
interface Document {
    detail?: string;
    entry?: string;
    held_by?: string;
    version?: number | string;
    /** A code is asked for beside the password. */
    totp?: boolean;
    /** Of one own call: in a word, why it cannot be. */
    reason?: string;
}

/** Why something was not done. */
export class Problem extends Error {
    constructor(
        readonly status: number,
        readonly said: Document,
        readonly retryAfter: number | null,
    ) {
        super(said.detail ?? String(status));
    }

    /** Of an answer. */
    static of(response: Response, body: unknown): Problem {
        const said = typeof body === 'object' && body !== null ? (body as Document) : {};
        const after = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
        return new Problem(response.status, said, Number.isNaN(after) ? null : after);
    }

    /** No answer came. */
    static away(): Problem {
        return new Problem(0, {}, null);
    }
}

/** A text, by its name and what is filled in. */
export interface Telling {
    key: Key;
    values?: Values;
    /** What the server said of it, where our own words say less. */
    detail?: string;
}

/** How a refusal is told to whoever is `me`. */
export function telling(problem: Problem, me: string): Telling {
    const { detail, entry, held_by, reason, version } = problem.said;
    const more = detail === undefined ? {} : { detail };
    const why = REASONS.find(known => known === reason);
    if (why) return { key: `calling.refused.${why}` };
    switch (problem.status) {
        case 0:
            return { key: 'problem.away' };
        case 401:
            return { key: 'log-in.ended' };
        case 403:
            return { key: 'problem.forbidden', ...more };
        case 404:
            return { key: 'problem.gone' };
        case 409:
            if (version !== undefined && entry) {
                const who = held_by && held_by !== me ? short(held_by) : 'nobody';
                return { key: 'problem.changed', values: { who, entry } };
            }
            if (held_by && entry) {
                if (held_by === me) return { key: 'problem.mine-first', values: { entry } };
                return { key: 'problem.held', values: { who: short(held_by), entry } };
            }
            return { key: 'problem.other', ...more };
        case 429:
            return { key: 'problem.later', values: { seconds: problem.retryAfter ?? 15 } };
        case 503:
            return { key: 'problem.busy' };
        default:
            return { key: 'problem.other', ...more };
    }
}
