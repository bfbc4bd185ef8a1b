// The settings of an organisation as they are written and as somebody wants them: what he has changed is gathered here, looked at
// and then saved as one. Nothing of it is lost but by his word, or with the page.

import { Problem } from '../api/problem';
import type { Complaint, Outcome, Server } from './configuration';
import { applied, contested, differences, type Edit } from './edits';
import { at, isTable, isWithin, parsed, put, type Json, type Path, type Table } from './json';
import { Model } from './schema';

/** A complaint with the setting that it is about, where it names one. */
export interface Placed extends Complaint {
    at: string[] | null;
}

/** What others have changed meanwhile. */
export interface Conflict {
    changed: string[][];
    /** Those that are changed here too. */
    both: string[][];
}

/** What a refusal of a change says beside its text. */
interface Refusal {
    problems?: Complaint[];
    changed?: string[];
}

/** What is done just now. */
type Doing = 'reading' | 'looking' | 'saving';

export class Change {
    model: Model | null = $state.raw(null);
    /** Settings as they are written; secrets are not shown. */
    written: Table = $state.raw({});
    /** Settings as they are wanted. */
    now: Table = $state.raw({});
    /** Whether what is written is what runs. */
    isInForce = $state(true);
    /** What is wrong with what is written. */
    ills: Placed[] = $state.raw([]);
    /** What the server says of the changes as they are now. */
    outcome: Outcome | null = $state.raw(null);
    /** Why the changes can't be. */
    problems: Placed[] = $state.raw([]);
    conflict: Conflict | null = $state.raw(null);
    doing: Doing | null = $state(null);
    /** What a saved change left to be done. */
    restart: string[] = $state.raw([]);

    readonly edits = $derived(differences(this.written, this.now));

    private version = '';

    constructor(private readonly server: Server) {}

    /** Reads what is written. What is changed here stays changed. */
    async read() {
        await this.do('reading', async () => {
            const [schema, written] = await Promise.all([
                this.model ? null : this.server.schema(),
                this.server.read(),
            ]);
            if (schema) this.model = new Model(schema);
            this.take(written, this.edits);
        });
    }

    /** Wants a setting so; written nowhere, without a value. */
    set(path: Path, value: Json | undefined) {
        const now = put(this.now, path, value);
        this.want(isTable(now) ? now : {});
        this.problems = this.problems.filter(({ at }) => !at || !(isWithin(at, path) || isWithin(path, at)));
    }

    /** Wants all settings so. */
    want(now: Table) {
        this.now = now;
        this.outcome = null;
    }

    /** As it is written again. */
    undo(path: Path) {
        this.set(path, at(this.written, path));
    }

    /** All as it is written. */
    discard() {
        this.want(this.written);
        this.problems = [];
        this.conflict = null;
    }

    /** What others have changed too is left to them. */
    yield() {
        const both = this.conflict?.both ?? [];
        const edits = this.edits.filter(edit => contested(both, [edit]).length > 0);
        for (const { path } of edits) this.undo(path);
        this.conflict = null;
    }

    /** Asks what the changes would do. */
    async look(): Promise<boolean> {
        return this.judged('looking', async edits => {
            this.outcome = await this.server.preview({ version: this.version, edits });
        });
    }

    /** Saves all changes, or none. */
    async save(): Promise<boolean> {
        return this.judged('saving', async edits => {
            const sent = this.now;
            const { restart } = await this.server.save({ version: this.version, edits });
            this.restart = restart;
            this.outcome = null;
            // What was written while it was being saved is changed still.
            this.take(await this.server.read(), differences(sent, this.now));
        });
    }

    /** What the server says of edits that are not among the changes yet; its refusal, where it would refuse them. */
    async tried(now: Table): Promise<{ outcome: Outcome | null; problems: Placed[] }> {
        try {
            const edits = differences(this.written, now);
            const outcome = await this.server.preview({ version: this.version, edits });
            return { outcome, problems: [] };
        } catch (problem) {
            if (!(problem instanceof Problem) || problem.status !== 422) throw problem;
            return { outcome: null, problems: complaints(problem) };
        }
    }

    /** What is wrong with a setting itself, or with anything in it where that can't be shown any closer. */
    problemsAt(path: Path, isWhole: boolean): Placed[] {
        return this.problems.filter(({ at }) => {
            if (!at) return false;
            return isWhole ? isWithin(at, path) : isWithin(at, path) && at.length === path.length;
        });
    }

    private take(written: Awaited<ReturnType<Server['read']>>, edits: readonly Edit[]) {
        this.version = written.version;
        this.written = written.settings;
        this.isInForce = written.in_force;
        this.ills = written.problems.map(placed);
        this.want(applied(written.settings, edits));
    }

    private async judged(doing: Doing, ask: (edits: Edit[]) => Promise<void>): Promise<boolean> {
        return this.do(doing, async () => {
            const { edits } = this;
            this.problems = [];
            this.conflict = null;
            try {
                await ask(edits);
                return true;
            } catch (problem) {
                if (!(problem instanceof Problem)) throw problem;
                if (problem.status === 422) this.problems = complaints(problem);
                else if (problem.status === 409) await this.meet(problem);
                else throw problem;
                return false;
            }
        });
    }

    /** Somebody else has changed the files: what he changed is told, and what is changed here stays, on top of that. */
    private async meet(problem: Problem) {
        const { edits, written } = this;
        this.take(await this.server.read(), edits);
        const said = (problem.said as Refusal).changed?.map(parsed);
        const changed = said ?? differences(written, this.written).map(({ path }) => path);
        this.conflict = { changed, both: contested(changed, edits).map(path => [...path]) };
    }

    private async do<Result>(doing: Doing, work: () => Promise<Result>): Promise<Result> {
        this.doing = doing;
        try {
            return await work();
        } finally {
            this.doing = null;
        }
    }
}

function placed(complaint: Complaint): Placed {
    return { ...complaint, at: complaint.path ? parsed(complaint.path) : null };
}

function complaints(problem: Problem): Placed[] {
    const { problems = [] } = problem.said as Refusal;
    if (problems.length > 0) return problems.map(placed);
    return [{ problem: problem.message, at: null }];
}
