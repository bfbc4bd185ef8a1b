import { beforeEach, expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { Change } from './change.svelte';
import type { Changes, Outcome, Server, Written } from './configuration';
import { applied } from './edits';
import { at, put, type Table } from './json';
import { schema, settings } from './testing';

/** A server that holds settings, and refuses as the real one does. */
class Fake implements Server {
    settings: Table = settings;
    version = 1;
    /** What was sent, in order. */
    sent: Changes[] = [];
    refusal: Problem | null = null;
    during: () => void = () => undefined;

    schema = () => Promise.resolve(schema);

    read(): Promise<Written> {
        const { settings, version } = this;
        return Promise.resolve({
            version: String(version),
            settings,
            files: [],
            in_force: true,
            problems: [],
        });
    }

    preview(changes: Changes): Promise<Outcome> {
        this.sent.push(changes);
        if (this.refusal) return Promise.reject(this.refusal);
        if (changes.version !== String(this.version)) {
            const said = { version: String(this.version), changed: ['queues.support.ring'] };
            return Promise.reject(new Problem(409, said, null));
        }
        return Promise.resolve({
            version: '?',
            files: [],
            warnings: [],
            effects: [],
            restart: ['trunks.x.transport'],
        });
    }

    async save(changes: Changes): Promise<Outcome> {
        const outcome = await this.preview(changes);
        this.settings = applied(this.settings, changes.edits);
        this.version += 1;
        this.during();
        return outcome;
    }

    /** Somebody else changes a setting. */
    others(path: string[], value: string) {
        this.settings = put(this.settings, path, value) as Table;
        this.version += 1;
    }
}

const RING = ['queues', 'support', 'ring'];
const WRAP_UP = ['queues', 'support', 'wrap_up'];
let fake: Fake;
let change: Change;

beforeEach(async () => {
    fake = new Fake();
    change = new Change(fake);
    await change.read();
});

it('gathers edits, and forgets what is changed back', () => {
    change.set(RING, '20s');
    change.set(WRAP_UP, '9s');
    expect(change.edits).toHaveLength(2);
    change.undo(RING);
    expect(change.edits).toEqual([{ path: WRAP_UP, value: '9s' }]);
    change.discard();
    expect(change.edits).toEqual([]);
});

it('saves all as one, and then nothing is changed any more', async () => {
    change.set(RING, '20s');
    change.set(WRAP_UP, '9s');
    expect(await change.look()).toBe(true);
    expect(change.outcome?.restart).toEqual(['trunks.x.transport']);
    expect(await change.save()).toBe(true);
    expect(fake.sent[1]).toEqual({ version: '1', edits: both() });
    expect(change.edits).toEqual([]);
    expect(change.restart).toEqual(['trunks.x.transport']);
    expect(at(change.written, RING)).toBe('20s');
});

const both = () => [
    { path: RING, value: '20s' },
    { path: WRAP_UP, value: '9s' },
];

it('has to be looked at anew once more is changed', async () => {
    change.set(RING, '20s');
    await change.look();
    change.set(WRAP_UP, '9s');
    expect(change.outcome).toBeNull();
});

it('keeps what is changed while it is being saved', async () => {
    change.set(RING, '20s');
    fake.during = () => change.set(WRAP_UP, '9s');
    await change.save();
    expect(change.edits).toEqual([{ path: WRAP_UP, value: '9s' }]);
});

it('shows what is wrong at its setting, until that is changed', async () => {
    const problems = [
        { path: 'queues.support.ring', problem: 'too long', mend: 'write less' },
        { path: 'queues.support.closed.then.queue', problem: 'no such queue' },
        { problem: 'something else' },
    ];
    fake.refusal = new Problem(422, { problems } as Problem['said'], null);
    change.set(RING, '20y');
    expect(await change.look()).toBe(false);
    expect(change.problemsAt(RING, true).map(({ problem }) => problem)).toEqual(['too long']);
    expect(change.problemsAt(['queues', 'support', 'closed'], false)).toEqual([]);
    expect(change.problemsAt(['queues', 'support', 'closed'], true)).toHaveLength(1);
    change.set(RING, '20s');
    expect(change.problems.map(({ problem }) => problem)).toEqual(['no such queue', 'something else']);
});

it('keeps its edits when others have changed the files, names what they changed, and goes on top of that', async () => {
    change.set(RING, '20s');
    change.set(WRAP_UP, '9s');
    fake.others(RING, '45s');
    expect(await change.save()).toBe(false);
    expect(change.conflict).toEqual({ changed: [RING], both: [RING] });
    expect(at(change.written, RING)).toBe('45s');
    expect(change.edits).toEqual(both());
    expect(await change.look()).toBe(true);
    expect(change.conflict).toBeNull();
    expect(await change.save()).toBe(true);
    expect(at(fake.settings, RING)).toBe('20s');
});

it('leaves to others what they changed too, and keeps the rest', async () => {
    change.set(RING, '20s');
    change.set(WRAP_UP, '9s');
    fake.others(RING, '45s');
    await change.look();
    change.yield();
    expect(change.edits).toEqual([{ path: WRAP_UP, value: '9s' }]);
    expect(await change.save()).toBe(true);
    expect(at(fake.settings, RING)).toBe('45s');
});

it('says what a removal would do without making it', async () => {
    const now = put(change.now, ['queues', 'kontor'], undefined) as Table;
    expect((await change.tried(now)).outcome).not.toBeNull();
    expect(fake.sent[0]?.edits).toEqual([{ path: ['queues', 'kontor'], remove: true }]);
    expect(change.edits).toEqual([]);
    fake.refusal = new Problem(422, { problems: [{ problem: 'is named' }] } as Problem['said'], null);
    expect((await change.tried(now)).problems.map(({ problem }) => problem)).toEqual(['is named']);
});

it('tells whoever asked when the server is away', async () => {
    change.set(RING, '20s');
    fake.refusal = Problem.away();
    await expect(change.look()).rejects.toBe(fake.refusal);
    expect(change.doing).toBeNull();
    expect(change.edits).toHaveLength(1);
});
