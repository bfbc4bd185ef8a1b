import { describe, expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { Files, type Outcome, type Server } from './files.svelte';

const TEXT = '[queues.support]\nring = "15s"\nweight = 5\n';
const OUTCOME: Outcome = { version: '2', files: [], warnings: [], effects: [], restart: [] };

/** A server with one file, which refuses what it is told to. */
function world() {
    const stands = { text: TEXT, version: '1', refuses: null as Problem | null, inForce: true };
    const asked: unknown[] = [];
    const refuse = () => {
        const problem = stands.refuses;
        stands.refuses = null;
        return problem ? Promise.reject(problem) : null;
    };
    const server: Server = {
        read: () =>
            Promise.resolve({
                version: stands.version,
                settings: {},
                files: ['organisation.toml', 'queues.toml'].map(name => ({ name, version: '1' })),
                in_force: stands.inForce,
                problems: [],
            }),
        file: name => refuse() ?? Promise.resolve({ name, version: stands.version, text: stands.text }),
        preview: change => {
            asked.push(change);
            return refuse() ?? Promise.resolve(OUTCOME);
        },
        save: change => {
            const refused = refuse();
            if (refused) return refused;
            stands.text = change.file.text;
            stands.version = '2';
            return Promise.resolve(OUTCOME);
        },
    };
    return { stands, asked, files: new Files(server) };
}

describe('a file', () => {
    it('is shown, changed, looked at and saved', async () => {
        const { stands, asked, files } = world();
        await files.begin();
        expect([files.name, files.text, files.isChanged]).toEqual(['organisation.toml', TEXT, false]);
        const text = TEXT.replace('15s', '20s');
        files.write(text);
        expect(files.isChanged).toBe(true);
        await files.look();
        expect(asked).toEqual([{ version: '1', file: { name: 'organisation.toml', text } }]);
        expect(files.outcome).toEqual(OUTCOME);
        // What is written after it was looked at has not been.
        files.write(`${text}# more\n`);
        expect(files.outcome).toBeNull();
        await files.save();
        expect(stands.text).toBe(`${text}# more\n`);
        expect([files.isSaved, files.isChanged]).toEqual([true, false]);
    });

    it('that is wrong keeps its text, and says where', async () => {
        const { stands, files } = world();
        await files.begin();
        files.write('x');
        const problems = [{ file: 'organisation.toml', line: 1, column: 1, problem: 'not TOML' }];
        stands.refuses = new Problem(422, { problems } as never, null);
        await files.save();
        expect(files.problems).toEqual(problems);
        expect([files.text, files.isSaved]).toEqual(['x', false]);
    });

    it('that somebody else has changed has both changes, and what clashes is told', async () => {
        const { stands, files } = world();
        await files.begin();
        files.write(TEXT.replace('15s', '20s'));
        stands.text = TEXT.replace('weight = 5', 'weight = 6');
        stands.version = '7';
        stands.refuses = new Problem(409, { changed: ['queues.support.weight'] } as never, null);
        await files.look();
        expect(files.text).toBe('[queues.support]\nring = "20s"\nweight = 6\n');
        expect(files.conflict).toEqual({ changed: ['queues.support.weight'], clashes: [] });
        expect([files.outcome, files.isChanged]).toEqual([null, true]);
        await files.save();
        expect(stands.text).toBe('[queues.support]\nring = "20s"\nweight = 6\n');
        files.write(stands.text.replace('20s', '21s'));
        stands.text = stands.text.replace('20s', '22s');
        stands.refuses = new Problem(409, {}, null);
        await files.save();
        expect(files.text).toContain('21s');
        expect(files.conflict?.changed).toBeNull();
        expect(files.conflict?.clashes).toEqual([
            { line: 2, mine: ['ring = "21s"'], theirs: ['ring = "22s"'] },
        ]);
        expect(files.isSaved).toBe(false);
    });

    it('that can’t be read is closed, and another can be chosen', async () => {
        const { stands, files } = world();
        stands.refuses = new Problem(422, { problems: [{ problem: 'not TOML' }] } as never, null);
        await files.begin();
        expect([files.isClosed, files.text, files.isChanged]).toEqual([true, '', false]);
        await files.choose('queues.toml');
        expect([files.isClosed, files.name, files.text]).toEqual([false, 'queues.toml', TEXT]);
    });

    it('that is half written is left as it is by whoever comes back', async () => {
        const { files } = world();
        await files.begin();
        await files.choose('queues.toml');
        files.write('half');
        await files.begin();
        expect([files.name, files.text]).toEqual(['queues.toml', 'half']);
        await files.discard();
        expect([files.text, files.isChanged]).toEqual([TEXT, false]);
    });
});
