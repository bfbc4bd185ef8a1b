// A caller's journey through a queue, as its settings make it: what he meets, in order, and where each way leads. A drawing is
// made of it, and every part of it leads to what it is set by.

import { at, isTable, type Json, type Table } from './json';

/** What is said of a part of the journey: a text of the pages by its name, what is filled in, and words of the files. */
export interface Said {
    key: string;
    values?: Record<string, string | number>;
}

/** A way off the journey. */
export interface Branch {
    id: string;
    /** The setting that makes it. */
    setting: string[];
    /** From when on, where that is set. */
    when: Said | null;
    /** What is said first, if anything. */
    message: string | null;
    /** Where it leads: a place, or what becomes of the call. */
    leads: Place | Said;
    /** Whether it is written, or only what happens anyhow. */
    isWritten: boolean;
}

/** Where callers are sent. */
export interface Place {
    kind: 'queue' | 'user' | 'group' | 'menu' | 'number' | 'outside' | 'message';
    name: string;
}

/** A part of the journey. */
export interface Step {
    id: string;
    setting: string[];
    says: Said[];
    branches: Branch[];
}

const PLACES: readonly Place['kind'][] = ['queue', 'user', 'group', 'menu', 'number', 'outside', 'message'];

/** Whether a branch leads to a place. */
export function isPlace(leads: Place | Said): leads is Place {
    return 'kind' in leads;
}

/** Where a table of a destination leads. */
export function placeOf(value: Json | undefined): Place | null {
    for (const kind of PLACES) {
        const name = at(value, [kind]);
        if (typeof name === 'string' && name !== '') return { kind, name };
    }
    return null;
}

/** The journey through a queue of these settings; `fallback` says what holds where a setting isn't written. */
export function journey(settings: Table, queue: string, fallback: (key: string) => Json | undefined): Step[] {
    const table = at(settings, ['queues', queue]);
    const queued = isTable(table) ? table : {};
    const of = (key: string) => String(queued[key] ?? fallback(key) ?? '');
    const asks = [
        called(settings, queue, queued),
        opening(queued),
        joining(queued, of),
        welcomed(queued, of),
        waiting(queued, of, fallback),
    ];
    if (isTable(queued.callback) && queued.callback.enabled !== false) asks.push(calledBack(queued.callback));
    return [...asks, offered(queued, of), answered(of)];
}

function called(settings: Table, queue: string, queued: Table): Step {
    const numbers = numbersOf(settings, queue);
    const says: Said[] = numbers.map(number => ({ key: 'called.number', values: { number } }));
    if (queued.extension !== undefined) {
        says.push({ key: 'called.extension', values: { extension: String(queued.extension) } });
    }
    if (says.length === 0) says.push({ key: 'called.nowhere' });
    return { id: 'called', setting: ['extension'], says, branches: [] };
}

/** Which numbers lead to a queue, straight or by a route. */
export function numbersOf(settings: Table, queue: string): string[] {
    const numbers = isTable(settings.numbers) ? Object.entries(settings.numbers) : [];
    return numbers
        .filter(([, number]) => {
            const routes = at(number, ['routes']);
            const ways = [number, ...(Array.isArray(routes) ? routes : [])];
            return ways.some(way => at(way, ['queue']) === queue);
        })
        .map(([number]) => number);
}

function opening(queued: Table): Step {
    const hours = typeof queued.hours === 'string' ? queued.hours : null;
    const says: Said[] = [
        hours === null ? { key: 'opening.always' } : { key: 'opening.hours', values: { hours } },
    ];
    const closed = branch(queued, 'closed', { key: 'leads.busy' });
    const after = (key: string) => branch(queued, key, closed.leads);
    const branches =
        hours === null ? [after('quick_closed')] : [closed, after('holiday'), after('quick_closed')];
    return { id: 'opening', setting: ['hours'], says, branches };
}

function joining(queued: Table, of: (key: string) => string): Step {
    const branches = [branch(queued, 'full', { key: 'leads.busy' })];
    if (isTable(queued.close_when)) {
        const loaded = branch(queued, 'loaded', { key: 'leads.busy' });
        branches.push(
            queued.loaded === undefined ? { ...loaded, setting: ['close_when'], isWritten: true } : loaded,
        );
    }
    for (const key of ['no_agents', 'none_reachable', 'all_paused']) {
        if (queued[key] !== undefined) branches.push(branch(queued, key, { key: 'leads.busy' }));
    }
    const says: Said[] = [{ key: 'joining.max', values: { count: Number(of('waiting_max')) } }];
    if (queued.no_agents === undefined) says.push({ key: 'joining.no-agents' });
    return { id: 'joining', setting: ['waiting_max'], says, branches };
}

function welcomed(queued: Table, of: (key: string) => string): Step {
    const says: Said[] = [{ key: `welcome.${of('answer')}` }];
    for (const key of ['welcome', 'first_message']) {
        const prompt = of(key);
        if (prompt !== 'none' && prompt !== '') says.push({ key: 'plays', values: { prompt } });
    }
    return {
        id: 'welcome',
        setting: [queued.welcome === undefined ? 'answer' : 'welcome'],
        says,
        branches: [],
    };
}

function waiting(
    queued: Table,
    of: (key: string) => string,
    fallback: (key: string) => Json | undefined,
): Step {
    const repeated = [queued.repeated ?? fallback('repeated') ?? []].flat().map(String);
    const says: Said[] = [{ key: 'waiting.music', values: { prompt: of('music') } }];
    if (repeated.length > 0) {
        says.push({
            key: 'waiting.repeated',
            values: { prompts: repeated.join(', '), every: of('repeat_every') },
        });
    }
    says.push({ key: `waiting.position.${of('position')}` }, { key: `waiting.wait.${of('wait')}` });
    const keys = isTable(queued.keys) ? Object.entries(queued.keys) : [];
    const branches = keys.map(([key, value]): Branch => ({
        id: `key ${key}`,
        setting: ['keys', key],
        when: null,
        message: null,
        leads: placeOf(value) ?? { key: 'leads.unsaid' },
        isWritten: true,
    }));
    branches.push(tooLong(queued));
    return { id: 'waiting', setting: ['music'], says, branches };
}

function tooLong(queued: Table): Branch {
    const after = at(queued.timed_out, ['after']);
    if (typeof after !== 'string') return branch(queued, 'timed_out', { key: 'leads.waits-on' });
    return {
        ...branch(queued, 'timed_out', { key: 'leads.ends' }),
        when: { key: 'after', values: { after } },
    };
}

function calledBack(callback: Table): Step {
    const key = String(callback.key ?? '2');
    const says: Said[] = [{ key: 'callback.offered', values: { key } }];
    for (const condition of ['average_wait_over', 'expected_wait_over', 'waiting_at_least', 'between']) {
        const value = callback[condition];
        if (value !== undefined)
            says.push({ key: `callback.${condition}`, values: { value: String(value) } });
    }
    const windows = isTable(callback.windows) ? Object.keys(callback.windows) : [];
    if (windows.length > 0) says.push({ key: 'callback.windows', values: { windows: windows.join(', ') } });
    const branches: Branch[] = [
        {
            id: 'called-back',
            setting: ['callback'],
            when: null,
            message: null,
            leads: { key: callback.automatic === true ? 'leads.automatic' : 'leads.list' },
            isWritten: true,
        },
    ];
    return { id: 'callback', setting: ['callback'], says, branches };
}

function offered(queued: Table, of: (key: string) => string): Step {
    const members = Array.isArray(queued.members) ? queued.members.length : 0;
    const says: Said[] = [
        { key: 'offered.members', values: { count: members } },
        { key: 'offered.policy', values: { policy: of('policy') } },
        { key: 'offered.ring', values: { ring: of('ring') } },
    ];
    if (isTable(queued.requires) && Object.keys(queued.requires).length > 0) {
        const asked = Object.entries(queued.requires).map(([skill, level]) => `${skill} ${String(level)}`);
        says.push({ key: 'offered.requires', values: { skills: asked.join(', ') } });
    }
    return { id: 'offered', setting: ['members'], says, branches: [] };
}

function answered(of: (key: string) => string): Step {
    const says: Said[] = [{ key: 'answered.wrap-up', values: { wrap_up: of('wrap_up') } }];
    return { id: 'answered', setting: ['wrap_up'], says, branches: [] };
}

/** The way that a table such as `closed` makes; `otherwise` is where it leads without one. */
function branch(queued: Table, key: string, otherwise: Place | Said): Branch {
    const table = queued[key];
    const message = at(table, ['message']);
    return {
        id: key,
        setting: [key],
        when: null,
        message: typeof message === 'string' ? message : null,
        leads: placeOf(at(table, ['then'])) ?? otherwise,
        isWritten: table !== undefined,
    };
}
