// Notes that are half written: they are still there when their writer comes back, from another page or from being logged
// out. They are about people, so they are kept in this page's memory alone, and until their note is taken.

import type { Schemas } from '../api/client';

type Note = Schemas['NoteBody'];

/** Most that are kept: nobody has more than one callback at a time, and what is older will not be gone on with. */
const DRAFTS_MAX = 20;

/** What somebody has said of a callback so far. */
export class Draft {
    text = $state('');
    outcome: NonNullable<Note['outcome']> | '' = $state('');
    then: NonNullable<Note['then']> | '' = $state('');

    get isEmpty(): boolean {
        return !this.text && !this.outcome && !this.then;
    }

    clear() {
        this.text = '';
        this.outcome = '';
        this.then = '';
    }
}

class Drafts {
    private readonly all = new Map<string, Draft>();

    /** What this user has said of this callback so far; it changes as he writes. */
    of(user: string, entry: string): Draft {
        const key = keyed(user, entry);
        const found = this.all.get(key);
        if (found) return found;
        for (const [other, draft] of this.all) {
            if (draft.isEmpty) this.all.delete(other);
        }
        const [oldest] = this.all.keys();
        if (this.all.size >= DRAFTS_MAX && oldest !== undefined) this.all.delete(oldest);
        const draft = new Draft();
        this.all.set(key, draft);
        return draft;
    }

    /** The note is taken, or what it is about is erased. */
    forget(user: string, entry: string) {
        this.all.get(keyed(user, entry))?.clear();
    }
}

function keyed(user: string, entry: string): string {
    return JSON.stringify([user, entry]);
}

export const drafts = new Drafts();
