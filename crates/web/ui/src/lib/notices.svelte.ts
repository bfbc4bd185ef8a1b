// What somebody is told of what he did: one notice at a time, until he has read it or does something else.

import { Problem, telling, type Telling } from '../api/problem';
import { session } from './session.svelte';

class Notices {
    /** What is told now. */
    shown: Telling | null = $state(null);

    clear() {
        this.shown = null;
    }

    /** Tells what went wrong. */
    tell(problem: unknown) {
        if (!(problem instanceof Problem)) throw problem;
        if (problem.status === 401) return session.end();
        this.shown = telling(problem, session.who?.user ?? '');
    }

    /** Tells something of our own. */
    say(said: Telling) {
        this.shown = said;
    }
}

export const notices = new Notices();
