// Two tables over all agents: what each is able to, and which queues each may see and log in to. A cell is a setting, and changing
// one is an edit like any other.

import { at, isTable, put, type Json, type Table } from './json';
import { skills } from './references';

/** A person, as a row. */
export interface Person {
    user: string;
    title: string;
    /** Whoever looks after agents sees every queue. */
    seesAll: boolean;
}

/** Highest level of a skill. */
export const LEVEL_MAX = 10;
/** Last of the priorities among a queue's members; the first is 1. */
export const PRIORITY_MAX = 9;

/** Everybody, by the name that people know. */
export function people(settings: Table): Person[] {
    const users = isTable(settings.users) ? Object.entries(settings.users) : [];
    return users
        .map(([user, table]) => {
            const name = at(table, ['name']);
            const role = at(table, ['role']);
            return {
                user,
                title: typeof name === 'string' ? name : user,
                seesAll: role === 'supervisor' || role === 'administrator',
            };
        })
        .sort((one, other) => one.title.localeCompare(other.title));
}

/** Those whose names have these words in them. */
export function named(all: readonly Person[], words: string): Person[] {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    return all.filter(({ user, title }) => {
        const text = `${user} ${title}`.toLowerCase();
        return wanted.every(word => text.includes(word));
    });
}

/** Every skill there is, and those that are new to this page. */
export function skillColumns(settings: Table, added: readonly string[]): string[] {
    return [...new Set([...skills(settings), ...added])].sort();
}

/** How able somebody is; null, where he isn't, which is not the same as 0. */
export function level(settings: Table, user: string, skill: string): number | null {
    const value = at(settings, ['users', user, 'skills', skill]);
    return typeof value === 'number' ? value : null;
}

/** The same settings with somebody able to that much. Who has no skill left has no table of them. */
export function withLevel(settings: Table, user: string, skill: string, value: number | null): Table {
    const path = ['users', user, 'skills'];
    const table = put(at(settings, path) ?? {}, [skill], value ?? undefined);
    const isEmpty = !isTable(table) || Object.keys(table).length === 0;
    return set(settings, path, isEmpty ? undefined : table);
}

/** What somebody may in a queue: nothing, see it, or log in to it with a priority among its members. */
export type May = null | 'sees' | number;

/** All queues by their names. */
export function queues(settings: Table): string[] {
    return isTable(settings.queues) ? Object.keys(settings.queues) : [];
}

/** What somebody may in a queue, beside what his role lets him. */
export function may(settings: Table, user: string, queue: string): May {
    const member = list(settings, ['queues', queue, 'members']).find(one => memberOf(one) === user);
    if (member !== undefined) {
        const priority = at(member, ['priority']);
        return typeof priority === 'number' ? priority : 1;
    }
    return list(settings, ['queues', queue, 'seen_by']).includes(user) ? 'sees' : null;
}

/** The same settings with somebody allowed that. A member keeps his place in the list and his weight. */
export function withMay(settings: Table, user: string, queue: string, now: May): Table {
    const members = ['queues', queue, 'members'];
    const seen = ['queues', queue, 'seen_by'];
    const before = list(settings, members);
    const place = before.findIndex(one => memberOf(one) === user);
    let after = before;
    if (typeof now === 'number') {
        const member = withPriority(before[place] ?? user, user, now);
        after = place < 0 ? [...before, member] : before.with(place, member);
    } else if (place >= 0) after = before.toSpliced(place, 1);
    const seers = list(settings, seen).filter(one => one !== user);
    if (now === 'sees') seers.push(user);
    const changed = after === before ? settings : set(settings, members, after);
    if (list(settings, seen).length === seers.length) return changed;
    return set(changed, seen, seers.length > 0 ? seers : undefined);
}

/** Somebody as a member: by his name alone, unless more is said of him. */
function withPriority(member: Json, user: string, priority: number): Json {
    const table = put(
        isTable(member) ? member : { user },
        ['priority'],
        priority === 1 ? undefined : priority,
    );
    return isTable(table) && Object.keys(table).length > 1 ? table : user;
}

function memberOf(member: Json): Json | undefined {
    return isTable(member) ? member.user : member;
}

function list(settings: Table, path: string[]): Json[] {
    const value = at(settings, path);
    return Array.isArray(value) ? value : [];
}

function set(settings: Table, path: string[], value: Json | undefined): Table {
    const now = put(settings, path, value);
    return isTable(now) ? now : {};
}
