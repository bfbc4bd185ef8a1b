// What the server tells of itself, as rows of facts.

import type { Ban, Registration, Schemas, Trunk } from '../api/client';
import { span } from '../lib/time';

export type Tone = 'good' | 'warn' | 'bad';

/** A row: what it is known by, and a text for each column. */
export interface FactRow {
    key: string;
    cells: { text: string; tone?: Tone }[];
}

type Organisation = Schemas['OrganisationView'];
/** Puts a word of the server's into the language that is chosen. */
type Said = (prefix: string, word: string) => string;
/** A name as people of that organisation read it. */
type Named = (name: string) => string;

const TRUNKS: Record<string, Tone> = { up: 'good', down: 'bad' };

const text = (value: string | number | null | undefined) => ({ text: value?.toString() ?? '' });
const seconds = (value: number | null | undefined) =>
    text(value === null || value === undefined ? '' : span(value * 1000));

export const TRUNK_COLUMNS = ['trunk', 'state', 'since', 'calls', 'registered', 'trouble'] as const;

export function trunkRows(trunks: readonly Trunk[], named: Named, said: Said): FactRow[] {
    return trunks.map(trunk => {
        const tone = TRUNKS[trunk.state];
        const state = { text: said('operation.trunk', trunk.state), ...(tone && { tone }) };
        const registered = [
            trunk.registered_at,
            trunk.registered_for_s === null || trunk.registered_for_s === undefined
                ? null
                : span(trunk.registered_for_s * 1000),
        ];
        return {
            key: trunk.name,
            cells: [
                text(named(trunk.name)),
                state,
                seconds(trunk.since_s),
                text(trunk.calls),
                text(registered.filter(Boolean).join(' · ')),
                text(trunk.trouble),
            ],
        };
    });
}

export const REGISTRATION_COLUMNS = ['user', 'device', 'contact', 'source', 'transport', 'expires'] as const;

export function registrationRows(registrations: readonly Registration[], named: Named): FactRow[] {
    return registrations.map((one, number) => ({
        // One device may be registered over several flows.
        key: `${one.user} ${one.contact} ${one.source} ${String(one.reg_id ?? '')} ${String(number)}`,
        cells: [
            text(named(one.user)),
            text(one.user_agent),
            text(one.contact),
            text(one.source),
            text(one.transport),
            seconds(one.expires_in_s),
        ],
    }));
}

export const BAN_COLUMNS = ['source', 'cause', 'banned', 'ends', 'times'] as const;

export function banRows(bans: readonly Ban[], said: Said): FactRow[] {
    return bans.map(ban => ({
        key: ban.source,
        cells: [
            text(ban.source),
            text(said('operation.ban', ban.cause)),
            seconds(ban.since_s),
            seconds(ban.ends_in_s),
            text(ban.times),
        ],
    }));
}

export const ORGANISATION_COLUMNS = [
    'organisation',
    'domain',
    'users',
    'devices',
    'queues',
    'waiting',
    'talking',
    'agents',
    'trunks',
] as const;

export function organisationRows(
    organisations: readonly Organisation[],
    down: (count: number) => string,
): FactRow[] {
    return organisations.map(one => ({
        key: one.name,
        cells: [
            text(one.name),
            text(one.domain),
            text(one.users),
            text(one.registrations),
            text(one.queues),
            text(one.waiting),
            text(one.connected),
            text(one.agents_logged_in),
            one.trunks_down > 0
                ? { text: `${String(one.trunks)} · ${down(one.trunks_down)}`, tone: 'bad' }
                : text(one.trunks),
        ],
    }));
}

export const LISTENER_COLUMNS = ['service', 'transport', 'address'] as const;

export function listenerRows(listeners: readonly Schemas['ListenerView'][]): FactRow[] {
    return listeners.map(({ service, transport, address }) => ({
        key: `${service} ${transport} ${address}`,
        cells: [text(service.toUpperCase()), text(transport), text(address)],
    }));
}

/** The address of a banned source: that of the block, where it is one. */
export function addressOf(source: string): string {
    return source.split('/')[0] ?? source;
}

/** Whether that looks like an address; the server knows. */
export function isAddress(written: string): boolean {
    const text = written.trim();
    return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) || (/^[0-9a-f:.]+$/i.test(text) && text.includes(':'));
}
