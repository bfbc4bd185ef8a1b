// What settings there are: the server's JSON Schema of an organisation's files, read as forms. Only what that schema uses is
// understood; anything else becomes `raw`, which is edited as it is written.

import type { Json } from './json';

/** A part of the schema. */
export interface Node {
    $ref?: string;
    allOf?: Node[];
    anyOf?: Node[];
    oneOf?: { required: string[] }[];
    type?: string | string[];
    enum?: string[];
    pattern?: string;
    maxLength?: number;
    minimum?: number;
    maximum?: number;
    items?: Node;
    maxItems?: number;
    properties?: Record<string, Node>;
    patternProperties?: Record<string, Node>;
    required?: string[];
    default?: Json;
    description?: string;
    'x-secret'?: boolean;
    'x-restart'?: boolean;
}

/** The whole schema. */
export interface Schema extends Node {
    definitions: Record<string, Node>;
}

/** How a value is edited. */
export type Kind =
    | { is: 'text'; pattern: RegExp | null; charsMax: number | null; mayBeNumber: boolean }
    | { is: 'duration' }
    | { is: 'number'; min: number | null; max: number | null }
    | { is: 'switch' }
    | { is: 'choice'; options: readonly string[] }
    | { is: 'list'; items: Node; max: number | null }
    | { is: 'table'; definition: string; fields: Field[]; oneOf: string[] }
    | { is: 'map'; keys: RegExp; values: Node }
    | { is: 'any'; of: Node[] }
    | { is: 'raw' };

/** A setting of a table. */
export interface Field {
    key: string;
    /** Its name in the schema, by which it has labels: `queues.callback.lease`. */
    name: string;
    node: Node;
    about: string;
    /** What holds where it isn't written, where the schema says so. */
    fallback: Json | undefined;
    isNeeded: boolean;
    isSecret: boolean;
    takesRestart: boolean;
}

/** A section of the files. */
export interface Section {
    name: string;
    about: string;
    kind: Kind;
    /** Its entries are things with names: queues, users. */
    hasThings: boolean;
}

/** How durations are told from other texts: the schema gives all of them this pattern. */
const DURATION = /^\^\\s\*\(\[0-9\]\+d\)\?/;

/** What the schema says, by what is asked for. */
export class Model {
    constructor(private readonly schema: Schema) {}

    /** All sections, in the schema's order. */
    sections(): Section[] {
        return Object.entries(this.schema.properties ?? {}).map(([name, node]) => {
            const kind = this.kind(node, name);
            const values = kind.is === 'map' ? this.kind(kind.values, name) : null;
            return { name, about: node.description ?? '', kind, hasThings: values?.is === 'table' };
        });
    }

    /** A section; nothing, where there is none of that name. */
    section(name: string): Section | undefined {
        return this.sections().find(section => section.name === name);
    }

    /** Keys whose values are shown nowhere. */
    secretKeys(): string[] {
        const tables = Object.values(this.schema.definitions).flatMap(({ properties }) =>
            Object.entries(properties ?? {}),
        );
        return [...new Set(tables.filter(([, node]) => node['x-secret'] === true).map(([key]) => key))];
    }

    /** How values of a part of the schema are edited. `name` is what it is called where it has no definition of its own. */
    kind(asked: Node, name = ''): Kind {
        const { node, definition } = this.resolved(asked, name);
        if (node.anyOf) return { is: 'any', of: node.anyOf };
        if (node.enum) return { is: 'choice', options: node.enum };
        const types = [node.type ?? []].flat();
        if (types.includes('string')) {
            if (DURATION.test(node.pattern ?? '')) return { is: 'duration' };
            return {
                is: 'text',
                pattern: node.pattern === undefined ? null : new RegExp(node.pattern, 'u'),
                charsMax: node.maxLength ?? null,
                mayBeNumber: types.includes('integer'),
            };
        }
        if (types.includes('integer')) {
            return { is: 'number', min: node.minimum ?? null, max: node.maximum ?? null };
        }
        if (types.includes('boolean')) return { is: 'switch' };
        if (types.includes('array') && node.items) {
            return { is: 'list', items: node.items, max: node.maxItems ?? null };
        }
        const [pattern] = Object.entries(node.patternProperties ?? {});
        if (pattern) return { is: 'map', keys: new RegExp(pattern[0], 'u'), values: pattern[1] };
        if (node.properties) return this.table(node, definition);
        return { is: 'raw' };
    }

    private table(node: Node, definition: string): Kind {
        const needed = node.required ?? [];
        const fields = Object.entries(node.properties ?? {}).map(([key, field]): Field => {
            const inner = this.resolved(field, '').node;
            return {
                key,
                name: `${definition}.${key}`,
                node: field,
                about: field.description ?? inner.description ?? '',
                fallback: field.default ?? inner.default,
                isNeeded: needed.includes(key),
                isSecret: (field['x-secret'] ?? inner['x-secret']) === true,
                takesRestart: (field['x-restart'] ?? inner['x-restart']) === true,
            };
        });
        const oneOf = (node.oneOf ?? []).flatMap(({ required }) => required);
        return { is: 'table', definition, fields, oneOf };
    }

    /** A part of the schema that stands elsewhere is looked up there, with the name that it has. */
    private resolved(node: Node, name: string): { node: Node; definition: string } {
        const ref = node.$ref ?? (node.allOf?.length === 1 ? node.allOf[0]?.$ref : undefined);
        if (ref === undefined) return { node, definition: name };
        const definition = ref.replace(/^#\/definitions\//, '');
        const found = Object.hasOwn(this.schema.definitions, definition)
            ? this.schema.definitions[definition]
            : undefined;
        return { node: found ?? {}, definition };
    }
}

/** A description in parts, of which some are words of the files. What it says of places elsewhere in the manual is left out. */
export function prose(text: string): { text: string; isCode: boolean }[] {
    const plain = text
        .replace(/ ?\(\[below\]\([^)]*\)\)/g, '')
        .replace(/, see below(?=[.,])/g, '')
        .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
        .replace(/\*([^*`]+)\*/g, '$1');
    return plain
        .split('`')
        .map((part, place) => ({ text: part, isCode: place % 2 === 1 }))
        .filter(part => part.text !== '');
}
