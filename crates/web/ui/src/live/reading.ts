// Something that is shown as the server told it, and as changes were heard of since. Whatever can't be read is read again, and
// meanwhile what is shown counts as old; what is heard while an answer is under way is laid over it, which may be older.

import { Problem } from '../api/problem';

/** How long until it is read again, where the server does not say. */
export const AGAIN_MS = 4_000;
/** Longest that a server's word is waited for: it may be back before. */
const AGAIN_MS_MAX = 30_000;
/** So that not all ask again at the same time: up to so much more. */
const SPREAD = 0.5;

/** What a reading needs of the world, and whom it tells. */
export interface Parts<T> {
    /** Asks the server. */
    ask: () => Promise<T>;
    /** Shows what there is. */
    show: (read: T) => void;
    /** What is shown and may be old: nothing is live while something is in here. */
    old: { add(reading: object): unknown; delete(reading: object): unknown };
    /** It was refused, and will be again. */
    refused: (problem: unknown) => void;
}

type Change<T> = (read: T) => T;

export class Reading<T> {
    private number = 0;
    private isUnderWay = false;
    private isAsked = false;
    /** What was heard since the answer that is under way was asked for. */
    private heard: Change<T>[] = [];
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(private readonly parts: Parts<T>) {}

    /** Reads it; once more, where an answer is under way that may be too old. */
    read() {
        if (this.isUnderWay) this.isAsked = true;
        else void this.begin();
    }

    /** Reads it, and an answer that is under way is none: something else is asked for. */
    restart() {
        void this.begin();
    }

    /** Changes were missed: what is shown may be old until it has been read. */
    anew() {
        this.parts.old.add(this);
        this.restart();
    }

    /** Something of it was heard, which an answer that is under way may not know yet. */
    hear(change: Change<T>) {
        if (this.isUnderWay) this.heard.push(change);
    }

    /** Nothing is read or shown any more. */
    close() {
        this.number++;
        this.isUnderWay = false;
        clearTimeout(this.timer);
        this.parts.old.delete(this);
    }

    private async begin() {
        const number = ++this.number;
        clearTimeout(this.timer);
        this.isUnderWay = true;
        this.isAsked = false;
        this.heard = [];
        try {
            let read: T = await this.parts.ask();
            if (number !== this.number) return;
            this.isUnderWay = false;
            for (const change of this.heard) read = change(read);
            this.parts.show(read);
            this.parts.old.delete(this);
            if (this.isAsked) this.restart();
        } catch (problem) {
            if (number !== this.number) return;
            this.isUnderWay = false;
            this.failed(problem);
        }
    }

    private failed(problem: unknown) {
        if (!isPassing(problem)) {
            this.parts.old.delete(this);
            return this.parts.refused(problem);
        }
        this.parts.old.add(this);
        const least = problem.retryAfter === null ? AGAIN_MS : problem.retryAfter * 1_000;
        const wait = Math.min(Math.max(least, AGAIN_MS), AGAIN_MS_MAX);
        this.timer = setTimeout(() => this.restart(), wait * (1 + Math.random() * SPREAD));
    }
}

/** The server does not answer, or has too much to do: it will. */
function isPassing(problem: unknown): problem is Problem {
    return problem instanceof Problem && [0, 429, 502, 503, 504].includes(problem.status);
}
