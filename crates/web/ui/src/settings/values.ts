// What is typed, and what it is as a value.

import type { Json } from './json';
import { isTable } from './json';
import type { Kind, Model, Node } from './schema';

const DURATION = /^\s*(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?\s*$/;

/** What a value is in the field that it is typed in. */
export function shown(value: Json | undefined): string {
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** The value of what is typed; none, where nothing is. What is no number where one is wanted stays as it was typed. */
export function typed(kind: Kind, text: string): Json | undefined {
    if (text === '') return undefined;
    const isWhole = /^-?\d{1,15}$/.test(text.trim());
    if (kind.is === 'number' && isWhole) return Number(text);
    if (kind.is === 'text' && kind.mayBeNumber && isWhole) return Number(text);
    return text;
}

/** Why a value can't be; the server says more. */
export type Wrong = 'number' | 'range' | 'duration' | 'pattern' | 'long' | 'choice' | 'empty';

/** What is wrong with a value by what its kind says; null, where nothing is or where only the server can tell. */
export function wrong(kind: Kind, value: Json | undefined): Wrong | null {
    if (value === undefined) return null;
    switch (kind.is) {
        case 'number':
            if (typeof value !== 'number') return 'number';
            return value < (kind.min ?? value) || value > (kind.max ?? value) ? 'range' : null;
        case 'duration':
            if (value === '') return 'empty';
            return typeof value === 'string' && DURATION.test(value) ? null : 'duration';
        case 'text':
            if (value === '') return 'empty';
            if (kind.mayBeNumber && typeof value === 'number') return null;
            if (typeof value !== 'string') return 'pattern';
            if (kind.charsMax !== null && [...value].length > kind.charsMax) return 'long';
            return kind.pattern && !kind.pattern.test(value) ? 'pattern' : null;
        case 'choice':
            return kind.options.includes(String(value)) ? null : 'choice';
        default:
            return null;
    }
}

/** Whether a value is of a kind at all. */
export function fits(kind: Kind, value: Json | undefined): boolean {
    switch (kind.is) {
        case 'switch':
            return typeof value === 'boolean';
        case 'number':
            return typeof value === 'number';
        case 'choice':
            return typeof value === 'string' && kind.options.includes(value);
        case 'text':
        case 'duration':
            return typeof value === 'string';
        case 'list':
            return Array.isArray(value);
        case 'table':
        case 'map':
            return isTable(value);
        default:
            return false;
    }
}

/** One of several ways in which a value may be written. */
export type Way = { is: 'constant'; value: string | boolean } | { is: 'kind'; kind: Kind; node: Node };

/** The ways of an `any`: each word that may stand there, and each kind. */
export function ways(model: Model, nodes: readonly Node[]): Way[] {
    return nodes.flatMap((node): Way[] => {
        const kind = model.kind(node);
        if (kind.is === 'choice') return kind.options.map(value => ({ is: 'constant', value }));
        if (kind.is === 'switch') return [true, false].map(value => ({ is: 'constant', value }));
        return [{ is: 'kind', kind, node }];
    });
}

/** In which of those ways a value is written; -1, where in none. */
export function wayOf(all: readonly Way[], value: Json | undefined): number {
    return all.findIndex(way => (way.is === 'constant' ? way.value === value : fits(way.kind, value)));
}

/** What a new value of a kind begins with. */
export function fresh(kind: Kind): Json {
    if (kind.is === 'list') return [];
    if (kind.is === 'table' || kind.is === 'map') return {};
    if (kind.is === 'switch') return true;
    if (kind.is === 'choice') return kind.options[0] ?? '';
    return '';
}
