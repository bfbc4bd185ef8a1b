import { describe, expect, it } from 'vitest';
import type { Ban, Registration, Schemas, Trunk } from '../api/client';
import { addressOf, banRows, isAddress, organisationRows, registrationRows, trunkRows } from './rows';

const said = (prefix: string, word: string) => `${prefix}.${word}`;
const short = (name: string) => name.replace('demo/', '');
const texts = (rows: { cells: { text: string }[] }[]) =>
    rows.map(({ cells }) => cells.map(({ text }) => text));

describe('rows', () => {
    it('of trunks say what is known and are empty where nothing is', () => {
        const up: Trunk = {
            name: 'demo/provider',
            state: 'up',
            since_s: 61,
            calls: 2,
            registered_for_s: 300,
            registered_at: '192.0.2.1:5060',
            trouble: null,
        };
        const down: Trunk = {
            ...up,
            name: 'demo/other',
            state: 'down',
            since_s: null,
            registered_for_s: null,
            registered_at: null,
            trouble: '503',
        };
        const rows = trunkRows([up, down], short, said);
        expect(texts(rows)).toEqual([
            ['provider', 'operation.trunk.up', '1:01', '2', '192.0.2.1:5060 · 5:00', ''],
            ['other', 'operation.trunk.down', '', '2', '', '503'],
        ]);
        expect(rows.map(({ cells }) => cells[1]?.tone)).toEqual(['good', 'bad']);
    });

    it('of registrations have each a key of its own', () => {
        const one = { user: 'demo/anna', contact: 'sip:a', source: 'x', transport: 'UDP', expires_in_s: 60 };
        const rows = registrationRows([one, one] as Registration[], short);
        expect(new Set(rows.map(({ key }) => key)).size).toBe(2);
        expect(texts(rows)[0]).toEqual(['anna', '', 'sip:a', 'x', 'UDP', '1:00']);
    });

    it('of bans name their cause', () => {
        const ban: Ban = { source: '2001:db8::/64', cause: 'scanner', since_s: 5, ends_in_s: 595, times: 2 };
        const row = ['2001:db8::/64', 'operation.ban.scanner', '0:05', '9:55', '2'];
        expect(texts(banRows([ban], said))).toEqual([row]);
        expect(addressOf(ban.source)).toBe('2001:db8::');
    });

    it('of organisations mark those with a trunk that is down', () => {
        const one = { name: 'demo', domain: 'd', trunks: 2, trunks_down: 1 } as Schemas['OrganisationView'];
        const [row] = organisationRows([one], count => `${String(count)} down`);
        expect(row?.cells.at(-1)).toEqual({ text: '2 · 1 down', tone: 'bad' });
    });
});

describe('an address', () => {
    it('is one of IPv4 or IPv6', () => {
        expect(['192.0.2.1', ' 2001:db8::1 ', '::1'].map(isAddress)).toEqual([true, true, true]);
        expect(['', 'example.com', '192.0.2', '192.0.2.1/24'].map(isAddress)).toEqual([
            false,
            false,
            false,
            false,
        ]);
    });
});
