// How the many settings of a queue and of a user are laid out on their pages: by what they are about. The schema's own order says
// nothing. What stands in no group comes last, so a new setting is there before it is named here.

import type { Field } from './schema';

/** Settings that belong together. */
export interface Group<Name extends string = string> {
    name: Name;
    keys: readonly string[];
}

export type GroupName =
    | 'who'
    | 'opening'
    | 'announcements'
    | 'agents'
    | 'skills'
    | 'exits'
    | 'load'
    | 'callback'
    | 'figures'
    | 'outside'
    | 'log-in'
    | 'more';

export const GROUPS: Readonly<Record<string, readonly Group<GroupName>[]>> = {
    queues: [
        { name: 'who', keys: ['name', 'extension', 'kind', 'language'] },
        { name: 'opening', keys: ['hours', 'closed', 'holiday', 'quick_closed'] },
        {
            name: 'announcements',
            keys: [
                'answer',
                'welcome',
                'first_message',
                'music',
                'repeated',
                'repeat_every',
                'position',
                'position_intro',
                'wait',
                'wait_intro',
                'keys',
            ],
        },
        {
            name: 'agents',
            keys: [
                'members',
                'seen_by',
                'policy',
                'parallel',
                'ring',
                'wrap_up',
                'offers',
                'auto_answer',
                'logged_in_at_start',
                'last_agent',
                'deferral',
                'weight',
                'ageing',
            ],
        },
        { name: 'skills', keys: ['requires', 'widen'] },
        { name: 'load', keys: ['waiting_max', 'full', 'close_when', 'open_when', 'loaded'] },
        { name: 'exits', keys: ['no_agents', 'none_reachable', 'all_paused', 'timed_out'] },
        { name: 'callback', keys: ['callback'] },
        { name: 'figures', keys: ['service_level', 'short_abandon'] },
        { name: 'outside', keys: ['plan', 'caller_id', 'caller_name'] },
    ],
    users: [
        { name: 'who', keys: ['name', 'extension', 'role', 'licence'] },
        { name: 'log-in', keys: ['password', 'ha1_md5', 'ha1_sha256', 'web_password_hash'] },
        { name: 'agents', keys: ['skills', 'mobile', 'devices', 'contacts_max', 'intercom'] },
        { name: 'outside', keys: ['plan', 'caller_id', 'caller_ids', 'caller_name', 'forward'] },
    ],
};

/** Fields by group; in one group without a name, where a section has none. */
export function grouped(
    section: string,
    fields: readonly Field[],
): { name: GroupName | null; fields: Field[] }[] {
    const groups = Object.hasOwn(GROUPS, section) ? GROUPS[section] : undefined;
    if (!groups) return [{ name: null, fields: [...fields].sort(neededFirst) }];
    const named = groups.map(({ name, keys }) => ({
        name,
        fields: keys.flatMap(key => fields.filter(field => field.key === key)),
    }));
    const rest = fields.filter(({ key }) => !groups.some(({ keys }) => keys.includes(key)));
    return [...named, { name: 'more' as const, fields: rest }].filter(group => group.fields.length > 0);
}

function neededFirst(one: Field, other: Field): number {
    return Number(other.isNeeded) - Number(one.isNeeded);
}
