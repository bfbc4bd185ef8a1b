// What the tests of these pages share: the schema that the server is built with, and settings to try things on.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Table } from './json';
import { Model, type Schema } from './schema';

const FILE = path.resolve(import.meta.dirname, '../../../../../docs/organisation.schema.json');

export const schema = JSON.parse(readFileSync(FILE, 'utf8')) as Schema;
export const model = new Model(schema);

/** Two queues, three people, and what leads to them. */
export const settings: Table = {
    organisation: { domain: 'demo.localhost', shown_numbers: ['+46850009999'] },
    queues: {
        support: {
            name: 'Support',
            extension: '1000',
            members: ['anna', { user: 'bosse', priority: 2, weight: 3 }],
            ring: '15s',
            timed_out: { after: '1h', message: 'try-later' },
            keys: { '1': { user: 'anna' } },
            callback: { key: '5', windows: { morgon: { daily: true, hours: ['08:00-10:00'] } } },
        },
        kontor: { hours: 'kontor', closed: { then: { queue: 'support' } }, requires: { invoices: 5 } },
    },
    users: {
        anna: { name: 'Anna Åkesson', extension: '101', password: { secret: true }, skills: { swedish: 8 } },
        bosse: { extension: '102' },
        eva: { name: 'Eva', role: 'supervisor' },
    },
    hours: { kontor: { rules: [{ weekdays: ['mon-fri'], hours: ['08:00-17:00'] }] } },
    numbers: {
        '+46850001000': { queue: 'support' },
        '+46850001001': { queue: 'kontor', routes: [{ closed: 'kontor', queue: 'support' }] },
    },
    queue_groups: { alla: ['support', 'kontor'] },
    prompts: { 'our-times': 'our-times.wav' },
};
