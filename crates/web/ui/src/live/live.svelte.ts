// The one stream of changes that a page has, for all that shows some of them.

import { SvelteSet } from 'svelte/reactivity';
import { Stream, type State } from './stream';

type Listener = (name: string, data: unknown) => void;

class Live {
    /** What is shown and may be old, until it has been read. */
    readonly old = {
        add: (reading: object) => this.unread.add(reading),
        delete: (reading: object) => {
            this.unread.delete(reading);
            if (this.heard === 'live' && this.unread.size === 0) this.hasBeen = true;
        },
    };
    private readonly unread = new SvelteSet<object>();
    private heard: State = $state('connecting');
    /** Since it began to listen all has been read once. */
    private hasBeen = $state(false);
    private stream: Stream | null = null;
    private readonly listeners = new Set<Listener>();

    /** Whether what is shown is what there is. */
    get state(): State {
        if (this.heard !== 'live' || this.unread.size === 0) return this.heard;
        return this.hasBeen ? 'reconnecting' : 'connecting';
    }

    /** Begins to listen, for whoever is logged in; `ended` is told when he is no longer. */
    start(ended: () => void) {
        this.stop();
        this.stream = new Stream({
            url: '/api/v1/events',
            fetch: (url, init) => fetch(url, init),
            state: state => (this.heard = state),
            event: (name, data) => this.listeners.forEach(listener => listener(name, data)),
            ended,
        });
        addEventListener('online', this.hurry);
        document.addEventListener('visibilitychange', this.hurry);
        void this.stream.run();
    }

    stop() {
        removeEventListener('online', this.hurry);
        document.removeEventListener('visibilitychange', this.hurry);
        this.stream?.close();
        this.stream = null;
        this.heard = 'connecting';
        this.hasBeen = false;
    }

    /** Tells of all that happens, and with `resync` that all is to be read anew; returns what ends that. */
    listen(listener: Listener): () => void {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    private readonly hurry = () => {
        if (!document.hidden) this.stream?.hurry();
    };
}

export const live = new Live();
