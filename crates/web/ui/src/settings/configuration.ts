// The API of an organisation's configuration, as its contract has it.

import { Problem } from '../api/problem';
import type { Edit } from './edits';
import type { Table } from './json';
import type { Schema } from './schema';

/** What is wrong, or might be, with where it stands. */
export interface Complaint {
    file?: string | null;
    line?: number | null;
    column?: number | null;
    /** The setting, as TOML writes it. */
    path?: string | null;
    problem: string;
    mend?: string | null;
}

/** The settings as they are written. */
export interface Written {
    version: string;
    settings: Table;
    files: { name: string; version: string }[];
    in_force: boolean;
    problems: Complaint[];
}

/** A line of a file, before and after. */
export interface Line {
    kind: 'same' | 'removed' | 'added';
    line: number;
    text: string;
}

/** What a change would do, or did. */
export interface Outcome {
    version: string;
    files: { name: string; diff: Line[] }[];
    warnings: Complaint[];
    effects: { queue: string; waiting: number; what: 'changed' | 'removed' }[];
    restart: string[];
}

/** Edits of the settings at a version: all of them or none. */
export interface Changes {
    version: string;
    edits: Edit[];
}

/** Where settings come from and go to. */
export interface Server {
    schema(): Promise<Schema>;
    read(): Promise<Written>;
    preview(changes: Changes): Promise<Outcome>;
    save(changes: Changes): Promise<Outcome>;
}

/** Longest answer that is waited for: the server gives up on a request by itself before. */
const LIMIT_MS = 35_000;

/** Asks the server; a `Problem` is thrown where it refuses, or no answer comes. */
export async function ask<Answer>(path: string, body?: unknown): Promise<Answer> {
    const init: RequestInit = { signal: AbortSignal.timeout(LIMIT_MS) };
    if (body !== undefined) {
        init.method = 'POST';
        init.headers = { 'content-type': 'application/json' };
        init.body = JSON.stringify(body);
    }
    let response;
    let said: unknown;
    try {
        response = await fetch(`/api/v1/configuration${path}`, init);
        said = await response.json().catch(() => undefined);
    } catch {
        throw Problem.away();
    }
    if (!response.ok) throw Problem.of(response, said);
    return said as Answer;
}

/** The server that the pages are from. */
export const server: Server = {
    schema: () => ask('/schema'),
    read: () => ask(''),
    preview: changes => ask('/preview', changes),
    save: changes => ask('/changes', changes),
};
