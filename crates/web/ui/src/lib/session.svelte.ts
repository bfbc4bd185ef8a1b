// Who is logged in.

import { answered, api, type Session } from '../api/client';
import { Problem } from '../api/problem';
import { live } from '../live/live.svelte';

class Current {
    /** Nobody, where it is null; not known yet, where it is undefined. */
    who: Session | null | undefined = $state();
    /** He was logged in, and is no longer. */
    hasEnded = $state(false);

    /** Whoever has logged in before still is. */
    async begin() {
        try {
            this.enter(await answered(api.GET('/api/v1/session')));
        } catch (problem) {
            if (!(problem instanceof Problem) || problem.status !== 401) throw problem;
            this.who = null;
        }
    }

    /** The code is what an authenticator shows, where one is asked for. */
    async logIn(user: string, password: string, code: string | null) {
        this.enter(await answered(api.POST('/api/v1/session', { body: { user, password, code } })));
    }

    async logOut() {
        await answered(api.DELETE('/api/v1/session'));
        this.leave(false);
    }

    /** The server lets him do nothing any more. */
    readonly end = () => this.leave(true);

    private enter(who: Session) {
        this.who = who;
        this.hasEnded = false;
        live.start(this.end);
    }

    private leave(hasEnded: boolean) {
        live.stop();
        this.who = null;
        this.hasEnded = hasEnded;
    }
}

export const session = new Current();

/** Whoever is logged in, where somebody is. */
export function me(): Session {
    if (!session.who) throw new Error('nobody is logged in');
    return session.who;
}
