// Changes that are not saved yet: they are asked about before somebody leaves them, and stay with the page that they were made
// on when its session ends, for whoever made them.

import { route } from '../lib/route.svelte';
import { Change } from './change.svelte';
import { server } from './configuration';
import { ROOT } from './places';

class Unsaved {
    /** Where somebody wants to go who has changes. */
    wanted: string | null = $state(null);
    private change: Change | null = null;
    private user = '';

    /** The change of this user. */
    of(user: string): Change {
        if (!this.change || this.user !== user) this.change = new Change(server);
        this.user = user;
        return this.change;
    }

    /** Keeps whoever has changes from leaving them; returns what ends that. */
    watch(change: Change): () => void {
        const unload = (event: BeforeUnloadEvent) => {
            if (change.edits.length > 0) event.preventDefault();
        };
        addEventListener('beforeunload', unload);
        route.holds = path => {
            if (path.startsWith(ROOT) || change.edits.length === 0) return false;
            this.wanted = path;
            return true;
        };
        return () => {
            removeEventListener('beforeunload', unload);
            route.holds = null;
            this.wanted = null;
        };
    }

    /** Goes where he wanted to, without his changes. */
    leave(change: Change) {
        const { wanted } = this;
        change.discard();
        this.wanted = null;
        if (wanted !== null) route.go(wanted);
    }
}

export const unsaved = new Unsaved();
