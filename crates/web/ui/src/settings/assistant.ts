// The assistant for a first queue: what it asks, screen by screen, and the one change that it makes of the answers.

import { at, isTable, put, type Json, type Table } from './json';

/** Its screens, in order. */
export const SCREENS = ['number', 'hours', 'agents', 'prompts', 'check'] as const;
export type Screen = (typeof SCREENS)[number];

/** Somebody who is new. */
export interface Newcomer {
    user: string;
    name: string;
    extension: string;
    password: string;
}

/** What was answered so far. */
export interface Answers {
    /** The queue's name on phones; its name in the files is made of it. */
    title: string;
    extension: string;
    /** A public number that leads to it; none, where only colleagues call. */
    number: string;
    /** A schedule that is there, a new one, or none. */
    hours:
        | { is: 'always' }
        | { is: 'written'; name: string }
        | { is: 'new'; from: string; until: string; days: string };
    holidays: boolean;
    agents: string[];
    newcomers: Newcomer[];
    loggedIn: boolean;
    welcome: string;
    firstMessage: string;
    music: string;
}

/** Days that office hours are for, as the files write them. */
export const DAYS = ['mon-fri', 'mon-sat', 'mon-sun'] as const;

/** How long a first queue leaves its agents in peace, so that a call can be written down. */
const WRAP_UP = '15s';

/** What nobody has answered yet. */
export function unanswered(settings: Table): Answers {
    return {
        title: '',
        extension: freeExtension(settings),
        number: '',
        hours: { is: 'always' },
        holidays: true,
        agents: [],
        newcomers: [],
        loggedIn: true,
        welcome: '',
        firstMessage: '',
        music: '',
    };
}

/** A name for the files, of one that people read: `kundtjanst` of `Kundtjänst`. One that is taken gets a figure. */
export function fileName(title: string, taken: readonly string[], otherwise: string): string {
    const plain = title
        .normalize('NFD')
        .replace(/\p{M}/gu, '')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 60);
    const name = plain || otherwise;
    if (!taken.includes(name)) return name;
    let figure = 2;
    while (taken.includes(`${name}-${figure}`)) figure += 1;
    return `${name}-${figure}`;
}

const FIRST_EXTENSION = 1000;

/** An extension that nothing has. */
export function freeExtension(settings: Table): string {
    const taken = new Set(
        ['queues', 'users', 'groups', 'menus'].flatMap(section => {
            const table = settings[section];
            const entries = isTable(table) ? Object.values(table) : [];
            return entries.map(entry => String(at(entry, ['extension']) ?? ''));
        }),
    );
    let extension = FIRST_EXTENSION;
    while (taken.has(String(extension))) extension += 1;
    return String(extension);
}

/** What is missing on a screen before one may go on. */
export type Missing = 'title' | 'reached' | 'number' | 'extension' | 'hours' | 'agents' | 'newcomer';

const NUMBER = /^\+[1-9][0-9]{4,14}$/;
const CLOCK = /^[0-9]{2}:[0-9]{2}$/;

/** What a screen still asks for. */
export function missing(screen: Screen, answers: Answers): Missing[] {
    switch (screen) {
        case 'number': {
            const wrong: Missing[] = [];
            if (!answers.title.trim()) wrong.push('title');
            if (!answers.number && !answers.extension) wrong.push('reached');
            if (answers.number && !NUMBER.test(answers.number)) wrong.push('number');
            if (answers.extension && !/^[0-9]{1,15}$/.test(answers.extension)) wrong.push('extension');
            return wrong;
        }
        case 'hours': {
            const { hours } = answers;
            const isMissing = hours.is === 'new' && !(CLOCK.test(hours.from) && CLOCK.test(hours.until));
            return isMissing ? ['hours'] : [];
        }
        case 'agents': {
            const wrong: Missing[] = [];
            if (answers.agents.length + answers.newcomers.length === 0) wrong.push('agents');
            if (
                answers.newcomers.some(
                    ({ name, extension, password }) => !name.trim() || !extension || !password,
                )
            ) {
                wrong.push('newcomer');
            }
            return wrong;
        }
        default:
            return [];
    }
}

/** What the queue is called in the files. */
export function queueName(answers: Answers, settings: Table): string {
    return fileName(answers.title, keys(settings, 'queues'), 'queue');
}

/** The same settings with all that was answered. */
export function answeredSettings(answers: Answers, settings: Table): Table {
    const queue = queueName(answers, settings);
    let now: Json = settings;
    const set = (path: string[], value: Json) => (now = put(now, path, value) ?? {});
    const table: Table = { name: answers.title.trim() };
    if (answers.extension) table.extension = answers.extension;
    const hours = hoursName(answers, settings);
    if (hours !== null) table.hours = hours;
    if (answers.hours.is === 'new' && hours !== null) set(['hours', hours], schedule(answers));
    const users = keys(settings, 'users');
    const newcomers = answers.newcomers.map(newcomer => {
        const user = newcomer.user || fileName(newcomer.name, users, 'agent');
        users.push(user);
        const { name, extension, password } = newcomer;
        set(['users', user], { name: name.trim(), extension, password });
        return user;
    });
    table.members = [...answers.agents, ...newcomers];
    table.wrap_up = WRAP_UP;
    if (answers.loggedIn) table.logged_in_at_start = true;
    if (answers.welcome) table.welcome = answers.welcome;
    if (answers.firstMessage) table.first_message = answers.firstMessage;
    if (answers.music) table.music = answers.music;
    set(['queues', queue], table);
    if (answers.number) set(['numbers', answers.number], { queue });
    return isTable(now) ? now : {};
}

function hoursName(answers: Answers, settings: Table): string | null {
    if (answers.hours.is === 'always') return null;
    if (answers.hours.is === 'written') return answers.hours.name;
    return fileName(answers.title, keys(settings, 'hours'), 'hours');
}

function schedule(answers: Answers): Table {
    if (answers.hours.is !== 'new') return { rules: [] };
    const { days, from, until } = answers.hours;
    const table: Table = { rules: [{ weekdays: [days], hours: [`${from}-${until}`] }] };
    if (answers.holidays) table.holidays = 'sweden';
    return table;
}

function keys(settings: Table, section: string): string[] {
    const table = settings[section];
    return isTable(table) ? Object.keys(table) : [];
}
