// The callback lists as one page shows them: its rows, the lists, and the callback that is one's own to work on.

import {
    answered,
    api,
    type CallbackPage,
    type CallbackRow,
    type List,
    type Schemas,
    type Window,
} from '../api/client';
import { SvelteMap } from 'svelte/reactivity';
import { Problem } from '../api/problem';
import { notices } from '../lib/notices.svelte';
import { live } from '../live/live.svelte';
import { Reading } from '../live/reading';
import { drafts } from './drafts.svelte';
import { Lists } from './lists.svelte';
import { asked, DEFAULT, HELD, type Query } from './query';
import { mineOf, newest, updated, worked } from './rows';

/** What can be done with a callback that is asked for with no more than whose it is. */
export type Deed = 'lease' | 'release' | 'call';
/** What can be done for a reason. */
export type Because = 'requeue' | 'cancel';
type Note = Pick<Schemas['NoteBody'], 'text' | 'outcome' | 'then'>;

/** So that many changes at once are read once. */
const SETTLE_MS = 400;
/** Whom readings tell. */
const SAID = { old: live.old, refused: (problem: unknown) => notices.tell(problem) };

export class Board {
    rows: CallbackRow[] = $state.raw([]);
    total = $state(0);
    /** Something has been read. */
    isRead = $state(false);
    /** The callback that is mine to work on. */
    mine: CallbackRow | null = $state.raw(null);
    /** What callers keyed, whole, of those that were asked for. */
    readonly revealed = new SvelteMap<string, string>();
    /** What is being asked for, so that it isn't twice. */
    busy: string | null = $state(null);
    /** Callbacks that have changed, and whose rows wait until nobody points at others. */
    news: readonly string[] = $state.raw([]);

    private query: Query = DEFAULT;
    private isHeld = false;
    /** Something has changed that the rows were not read again for: also a row that is shown may have to go. */
    private isBehind = false;
    private settling: ReturnType<typeof setTimeout> | undefined;
    private readonly page = new Reading<CallbackPage>({
        ask: () => answered(api.GET('/api/v1/callbacks', { params: { query: asked(this.query) } })),
        show: page => this.show(page),
        ...SAID,
    });
    private readonly all = new Lists();
    private readonly held = new Reading<CallbackRow | null>({
        ask: async () => {
            const query = { agent: this.me, status: HELD };
            const page = await answered(api.GET('/api/v1/callbacks', { params: { query } }));
            return mineOf(page.callbacks, this.mine, this.me);
        },
        show: mine => (this.mine = mine),
        ...SAID,
    });

    constructor(
        /** Who works with it. */
        readonly me: string,
        private readonly isAgent: boolean,
    ) {}

    /** All lists that one sees. */
    get lists(): List[] {
        return this.all.all;
    }

    /** Begins to follow what happens; returns what ends that. */
    follow(): () => void {
        const unfollowed = this.all.follow();
        const unheard = live.listen((name, data) => this.hear(name, data));
        for (const reading of this.readings()) reading.restart();
        return () => {
            unfollowed();
            unheard();
            clearTimeout(this.settling);
            for (const reading of this.readings()) reading.close();
        };
    }

    /** Shows something else. */
    ask(query: Query) {
        this.query = query;
        this.page.restart();
    }

    /** While somebody points at rows, none comes, goes or moves. */
    hold(isHeld: boolean) {
        this.isHeld = isHeld;
        if (!isHeld && this.isBehind) this.settle();
    }

    showNews() {
        this.page.restart();
    }

    /** Whether I am logged in to a list. */
    staffs(list: string): boolean {
        return this.lists.some(one => one.list === list && one.staffed_by.includes(this.me));
    }

    /** Logs me in to a list, or out of it. */
    async staff(list: string, isIn: boolean) {
        const body = { list };
        await this.doing(`staff ${list}`, async () => {
            const asking = isIn
                ? api.POST('/api/v1/lists/log-in', { body })
                : api.POST('/api/v1/lists/log-out', { body });
            await answered(asking);
        });
        this.all.restart();
    }

    /** Takes whichever is to be called first. */
    async next() {
        await this.doing('next', async () => {
            try {
                this.take((await answered(api.POST('/api/v1/lists/next', { body: {} }))).callback);
            } catch (problem) {
                const isNone = problem instanceof Problem && problem.status === 409 && !problem.said.entry;
                if (!isNone) throw problem;
                notices.say({ key: 'problem.nothing-due' });
            }
        });
    }

    async deed(deed: Deed, row: CallbackRow) {
        const given = { params: { path: { callback: row.id } }, body: {} };
        const asking = {
            lease: () => api.POST('/api/v1/callbacks/{callback}/lease', given),
            release: () => api.POST('/api/v1/callbacks/{callback}/release', given),
            call: () => api.POST('/api/v1/callbacks/{callback}/call', given),
        };
        await this.doing(
            `${deed} ${row.id}`,
            async () => {
                this.takeDone(row, await answered(asking[deed]()));
            },
            row,
        );
    }

    async note(row: CallbackRow, note: Note): Promise<boolean> {
        return this.doing(
            `note ${row.id}`,
            async () => {
                const given = { params: { path: { callback: row.id } }, body: note };
                const done = await answered(api.POST('/api/v1/callbacks/{callback}/note', given));
                drafts.forget(this.me, row.id);
                this.takeDone(row, done);
            },
            row,
        );
    }

    async because(what: Because, row: CallbackRow, text: string): Promise<boolean> {
        const body = { version: row.version, ...(text.trim() && { text: text.trim() }) };
        const given = { params: { path: { callback: row.id } }, body };
        return this.doing(
            `${what} ${row.id}`,
            async () => {
                const asking =
                    what === 'requeue'
                        ? api.POST('/api/v1/callbacks/{callback}/requeue', given)
                        : api.POST('/api/v1/callbacks/{callback}/cancel', given);
                this.takeDone(row, await answered(asking));
            },
            row,
        );
    }

    /** The person is to be called then; as soon as possible, where no time is given. */
    async move(row: CallbackRow, to: Window | null): Promise<boolean> {
        const window = to && { name: to.name, from: to.from };
        const given = { params: { path: { callback: row.id } }, body: { version: row.version, window } };
        return this.doing(
            `move ${row.id}`,
            async () => {
                this.takeDone(row, await answered(api.POST('/api/v1/callbacks/{callback}/move', given)));
            },
            row,
        );
    }

    async waive(row: CallbackRow): Promise<boolean> {
        const given = { params: { path: { callback: row.id } }, body: { version: row.version } };
        return this.doing(
            `waive ${row.id}`,
            async () => {
                this.takeDone(row, await answered(api.POST('/api/v1/callbacks/{callback}/waive', given)));
            },
            row,
        );
    }

    /** Shows what the caller keyed; the server keeps that it was asked for. */
    async reveal(row: CallbackRow) {
        const given = { params: { path: { callback: row.id } }, body: {} };
        await this.doing(
            `reveal ${row.id}`,
            async () => {
                const done = await answered(api.POST('/api/v1/callbacks/{callback}/reveal', given));
                if (done.revealed) this.revealed.set(row.id, done.revealed);
                this.takeDone(row, done);
            },
            row,
        );
    }

    /** Does something unless something else is being done, and tells where it failed. */
    private async doing(what: string, deed: () => Promise<void>, row?: CallbackRow): Promise<boolean> {
        if (this.busy) return false;
        this.busy = what;
        notices.clear();
        try {
            await deed();
            return true;
        } catch (problem) {
            notices.tell(problem);
            // Whoever was refused sees how it stands.
            if (row) await this.readOne(row.id).catch(() => undefined);
            return false;
        } finally {
            this.busy = null;
        }
    }

    private waits(id: string) {
        if (!this.news.includes(id)) this.news = [...this.news, id];
    }

    private takeDone(row: CallbackRow, done: Schemas['DoneView']) {
        if (done.callback) return this.take(done.callback);
        // It can't be seen any more.
        this.lose(row.id);
        this.settle();
    }

    private take(row: CallbackRow) {
        this.rows = updated(this.rows, row);
        this.page.hear(page => ({ ...page, callbacks: updated(page.callbacks, row) }));
        this.work(mine => worked(mine, row, this.me));
    }

    private lose(id: string) {
        this.work(mine => (mine?.id === id ? null : mine));
    }

    /** What is mine to work on, now and in an answer that is under way. */
    private work(change: (mine: CallbackRow | null) => CallbackRow | null) {
        if (!this.isAgent) return;
        this.mine = change(this.mine);
        this.held.hear(change);
    }

    private hear(name: string, data: unknown) {
        if (name === 'callback') {
            const row = data as CallbackRow;
            const before = this.rows;
            this.take(row);
            if (this.isHeld && this.rows === before) this.waits(row.id);
            this.settle();
        } else if (name === 'erased') {
            const { id } = data as { id: string };
            const without = (rows: CallbackRow[]) => rows.filter(row => row.id !== id);
            this.rows = without(this.rows);
            this.page.hear(page => ({ ...page, callbacks: without(page.callbacks) }));
            this.lose(id);
            this.revealed.delete(id);
            drafts.forget(this.me, id);
            this.settle();
        } else if (name === 'resync') {
            for (const reading of this.readings()) reading.anew();
        }
    }

    private readings(): Pick<Reading<unknown>, 'restart' | 'anew' | 'close'>[] {
        return this.isAgent ? [this.page, this.held] : [this.page];
    }

    /** Reads what has changed in a moment, with whatever else changes until then. */
    private settle() {
        this.all.settle();
        this.isBehind = true;
        this.settling ??= setTimeout(() => {
            this.settling = undefined;
            if (this.isHeld) return;
            this.isBehind = false;
            this.page.read();
        }, SETTLE_MS);
    }

    private show(page: CallbackPage) {
        // What is known newer than the page was read from elsewhere.
        this.rows = newest(page.callbacks, this.rows);
        this.total = page.total;
        this.news = [];
        this.isRead = true;
    }

    private async readOne(callback: string) {
        const params = { params: { path: { callback } } };
        this.take(await answered(api.GET('/api/v1/callbacks/{callback}', params)));
    }
}
