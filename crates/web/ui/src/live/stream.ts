// The stream of changes: it is read until it ends or falls silent, and then again from where it was. A browser's own
// EventSource hides both what a refusal was and that nothing comes any more, so it is not used.

import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** Whether what is shown is what there is. */
export type State = 'connecting' | 'live' | 'reconnecting';

/** What a stream needs of the world, and whom it tells. */
export interface Parts {
    url: string;
    fetch: typeof fetch;
    /** Whether what is shown is what there is has changed. */
    state: (state: State) => void;
    /** Something has happened. */
    event: (name: string, data: unknown) => void;
    /** Whoever reads is logged in no longer. */
    ended: () => void;
}

/** The server says something every 15 s, if only that it is there: after this it is gone, whatever the connection says. */
export const SILENT_MS = 40_000;
/** How long to wait before each further try; the last one for as long as it takes. */
export const WAITS_MS = [200, 1_000, 2_000, 4_000, 8_000];
/** So that not all come back at the same time after a restart: up to so much more. */
const SPREAD = 0.5;

/** A stream that is read. */
export class Stream {
    private last: string | null = null;
    private readonly gone = new AbortController();
    private hurried: (() => void) | null = null;

    constructor(private readonly parts: Parts) {}

    /** Reads until it is closed, or whoever reads is logged out. */
    async run() {
        let failed = 0;
        this.parts.state('connecting');
        while (!this.gone.signal.aborted) {
            const heard = await this.readOnce();
            if (this.gone.signal.aborted) return;
            if (heard === 'logged-out') return this.parts.ended();
            failed = heard === 'something' ? 0 : failed + 1;
            this.parts.state('reconnecting');
            await this.wait(failed);
        }
    }

    /** Nothing is read any more. */
    close() {
        this.gone.abort();
        this.hurry();
    }

    /** The network is back, or somebody looks again: it is tried now. */
    hurry() {
        this.hurried?.();
    }

    private wait(failed: number): Promise<void> {
        const least = WAITS_MS[Math.min(failed, WAITS_MS.length - 1)] ?? 0;
        return new Promise(done => {
            const timer = setTimeout(done, least * (1 + Math.random() * SPREAD));
            this.hurried = () => {
                clearTimeout(timer);
                done();
            };
        });
    }

    /** Reads one answer to its end. */
    private async readOnce(): Promise<'something' | 'nothing' | 'logged-out'> {
        const silent = new AbortController();
        let timer = setTimeout(() => silent.abort(), SILENT_MS);
        let heard = false;
        try {
            const headers: Record<string, string> = { accept: 'text/event-stream' };
            if (this.last !== null) headers['last-event-id'] = this.last;
            const signal = AbortSignal.any([silent.signal, this.gone.signal]);
            const response = await this.parts.fetch(this.parts.url, { headers, signal, cache: 'no-store' });
            if (response.status === 401) return 'logged-out';
            if (!response.ok || !response.body) return 'nothing';
            heard = true;
            // Whoever begins has read nothing yet that what comes now could be missing from.
            if (this.last === null) this.parts.event('resync', {});
            this.parts.state('live');
            const parser = createParser({ onEvent: event => this.take(event) });
            const texts = response.body.pipeThrough(new TextDecoderStream()).getReader();
            for (;;) {
                const { done, value } = await texts.read();
                if (done) break;
                clearTimeout(timer);
                timer = setTimeout(() => silent.abort(), SILENT_MS);
                parser.feed(value);
            }
        } catch {
            // It broke off, or was silent for too long: it is read again.
        } finally {
            clearTimeout(timer);
        }
        return heard ? 'something' : 'nothing';
    }

    private take(event: EventSourceMessage) {
        if (event.id !== undefined) this.last = event.id;
        let data: unknown;
        try {
            data = JSON.parse(event.data);
        } catch {
            return;
        }
        this.parts.event(event.event ?? 'message', data);
    }
}
