// The files of an organisation's settings as their administrator edits them: one at a time, from the version that he has seen.
// What he has written stays his, whoever changes the file meanwhile and wherever he goes, until it is saved or put away.

import { Problem } from '../api/problem';
import { ask, type Complaint, type Outcome, type Written } from '../settings/configuration';
import { merge, type Clash } from './merge';

export type { Complaint, Outcome };

/** A file's text, without its secrets. */
interface File {
    name: string;
    version: string;
    text: string;
}

/** One file's whole text, at the version of all that was seen. */
interface Change {
    version: string;
    file: { name: string; text: string };
}

/** Where files come from and go to. */
export interface Server {
    read(): Promise<Written>;
    file(name: string): Promise<File>;
    preview(change: Change): Promise<Outcome>;
    save(change: Change): Promise<Outcome>;
}

/** The server that the pages are from. */
export const server: Server = {
    read: () => ask(''),
    file: name => ask(`/files/${encodeURIComponent(name)}`),
    preview: change => ask('/preview', change),
    save: change => ask('/changes', change),
};

/** What somebody else has changed meanwhile. */
export interface Conflict {
    /** By the settings' paths; null where it isn't known. */
    changed: readonly string[] | null;
    /** Lines of this file that both have changed. */
    clashes: readonly Clash[];
}

/** What a refusal says beside its text. */
interface Refusal {
    problems?: Complaint[];
    changed?: string[];
}

type Doing = 'reading' | 'looking' | 'saving';

export class Files {
    names: readonly string[] = $state.raw([]);
    /** Whether what is written is what runs, and why not. */
    isInForce = $state(true);
    ills: readonly Complaint[] = $state.raw([]);
    /** The file that is shown. */
    name: string | null = $state(null);
    text = $state('');
    /** What the server says of the text as it is now. */
    outcome: Outcome | null = $state.raw(null);
    /** Why it can't be. */
    problems: readonly Complaint[] = $state.raw([]);
    conflict: Conflict | null = $state.raw(null);
    doing: Doing | null = $state(null);
    isSaved = $state(false);
    /** The file can't be shown. */
    isClosed = $state(false);

    /** As the server has it. */
    private base = $state('');
    private version = '';

    readonly isChanged = $derived(this.name !== null && this.text !== this.base);

    constructor(private readonly server: Server) {}

    /** Reads which files there are, and the one that is shown; the first, where none is. What is written here stays. */
    async begin() {
        await this.do('reading', async () => {
            const written = await this.server.read();
            this.names = written.files.map(({ name }) => name);
            this.isInForce = written.in_force;
            this.ills = written.problems;
            if (this.name !== null && this.isChanged) return;
            const name = this.names.find(name => name === this.name) ?? this.names[0];
            if (name !== undefined) await this.open(name);
        });
    }

    /** Shows another file. */
    async choose(name: string) {
        await this.do('reading', () => this.open(name));
    }

    /** The text is this now. */
    write(text: string) {
        this.text = text;
        this.outcome = null;
        this.isSaved = false;
    }

    /** As the server has it. */
    async discard() {
        if (this.name !== null) await this.choose(this.name);
    }

    /** Asks what the text would do. */
    async look() {
        await this.judged('looking', async change => {
            this.outcome = await this.server.preview(change);
        });
    }

    /** Saves it. */
    async save() {
        await this.judged('saving', async change => {
            const { name, text } = change.file;
            await this.server.save(change);
            // What was written while it was being saved is not saved.
            const file = await this.server.file(name);
            const isLeft = this.text === text;
            this.take(file);
            if (isLeft) this.text = file.text;
            this.isSaved = true;
            this.isInForce = true;
            this.ills = [];
        });
    }

    private async open(name: string) {
        this.forget();
        this.name = name;
        try {
            const file = await this.server.file(name);
            this.take(file);
            this.text = file.text;
        } catch (problem) {
            if (!(problem instanceof Problem) || problem.status !== 422) throw problem;
            [this.base, this.text] = ['', ''];
            this.isClosed = true;
            this.problems = (problem.said as Refusal).problems ?? [];
        }
    }

    private take({ text, version }: File) {
        this.base = text;
        this.version = version;
        this.forget();
    }

    private forget() {
        this.outcome = null;
        this.problems = [];
        this.conflict = null;
        this.isSaved = false;
        this.isClosed = false;
    }

    private async judged(doing: Doing, ask: (change: Change) => Promise<void>) {
        const { name, text, version } = this;
        if (name === null) return;
        await this.do(doing, async () => {
            this.forget();
            try {
                await ask({ version, file: { name, text } });
            } catch (problem) {
                if (!(problem instanceof Problem)) throw problem;
                if (problem.status === 422) this.problems = complaints(problem);
                else if (problem.status === 409) await this.meet(name, problem);
                else throw problem;
            }
        });
    }

    /** Somebody else has changed the files: what he changed is in the text now, beside what was written here. */
    private async meet(name: string, problem: Problem) {
        const { changed } = problem.said as Refusal;
        const { base, text } = this;
        const theirs = await this.server.file(name);
        const merged = merge(base, text, theirs.text);
        this.take(theirs);
        this.text = merged.text;
        this.conflict = { changed: changed ?? null, clashes: merged.clashes };
    }

    private async do(doing: Doing, work: () => Promise<void>) {
        if (this.doing !== null) return;
        this.doing = doing;
        try {
            await work();
        } finally {
            this.doing = null;
        }
    }
}

function complaints(problem: Problem): Complaint[] {
    const { problems = [] } = problem.said as Refusal;
    if (problems.length > 0) return problems;
    return [{ problem: problem.message }];
}

class Kept {
    private files: Files | null = null;
    private user = '';

    /** Those of this user: what he has not saved is still there when he comes back to the page. */
    of(user: string): Files {
        if (!this.files || this.user !== user) this.files = new Files(server);
        this.user = user;
        return this.files;
    }
}

export const kept = new Kept();
