// In which order things stand, and that none comes, goes or moves while somebody points at them.

import type { Agent } from '../api/client';

export const ORDERS = ['state', 'name'] as const;
export type Order = (typeof ORDERS)[number];

/** Who could take a call before who takes one, and whoever is away last. */
const STATES: Agent['state'][] = [
    'free',
    'offered',
    'in-call',
    'own-call',
    'wrap-up',
    'deferred',
    'paused',
    'unreachable',
    'logged-out',
];

/** What an agent is called. */
export function called({ name, display_name }: Pick<Agent, 'name' | 'display_name'>): string {
    return display_name ?? name;
}

/** Agents in that order, those of one state by what they are called. */
export function ordered(agents: Agent[], order: Order, language: string): Agent[] {
    const { compare } = new Intl.Collator(language);
    const rank = ({ state }: Agent) => (order === 'state' ? STATES.indexOf(state) : 0);
    return agents.toSorted(
        (one, other) =>
            rank(one) - rank(other) || compare(called(one), called(other)) || compare(one.name, other.name),
    );
}

/** What is shown: as it is now; while it is held what was shown before, each as it is now or was last. */
export function standing<T extends { name: string }>(now: T[], shown: T[], isHeld: boolean): T[] {
    if (!isHeld || shown.length === 0) return now;
    const known = new Map(now.map(one => [one.name, one]));
    return shown.map(one => known.get(one.name) ?? one);
}
