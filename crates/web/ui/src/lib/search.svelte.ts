// What is asked of the server's records, a page at a time. The server reads one thing at a time for each account: the next is
// asked for when the last is answered, and while others of his are read it is asked again by itself.

import type { Key } from './messages.svelte';
import { notices } from './notices.svelte';
import { Reading } from '../live/reading';

export class Search<Query, Page> {
    /** What was found; null until something was. */
    page: Page | null = $state.raw(null);
    /** What is shown is not yet what is asked for. */
    isUnderWay = $state(false);
    /** The server could not answer yet, and is asked again. */
    waits = $state(false);
    /** Why what is wanted can't be asked for. */
    refused: Key | null = $state(null);

    private query: Query | null = null;
    private asked: Query | null = null;
    private readonly reading: Reading<Page>;

    constructor(ask: (query: Query) => Promise<Page>) {
        this.reading = new Reading<Page>({
            ask: () => {
                this.asked = this.query;
                if (this.query === null) throw new Error('nothing is asked for');
                return ask(this.query);
            },
            show: page => this.show(page),
            old: { add: () => (this.waits = true), delete: () => (this.waits = false) },
            refused: problem => this.failed(problem),
        });
    }

    /** Asks for that, once what is under way is answered. */
    ask(query: Query) {
        this.query = query;
        this.refused = null;
        this.isUnderWay = true;
        this.reading.read();
    }

    /** That can't be asked for, so nothing is. */
    refuse(why: Key) {
        this.clear();
        this.refused = why;
    }

    /** Nothing is asked for, and nothing found. */
    clear() {
        this.query = null;
        this.page = null;
        this.isUnderWay = false;
        this.reading.close();
    }

    private show(page: Page) {
        // Something else is asked for by now.
        if (this.asked !== this.query) return;
        this.page = page;
        this.isUnderWay = false;
    }

    private failed(problem: unknown) {
        if (this.asked !== this.query) return this.reading.read();
        this.isUnderWay = false;
        notices.tell(problem);
    }
}
