// Callers in a queue's line, as a supervisor looks at them, and who could be given one.

import type { Agent, Caller } from '../api/client';
import { called } from './order';

/** A caller as he is shown: one who has gone stays where he was while somebody points at the line. */
export interface InLine {
    caller: Caller;
    isGone: boolean;
}

/** What is shown: the line as it is now; while it is held those shown before, each as he is now or was last. */
export function standing(now: readonly Caller[], shown: readonly InLine[], isHeld: boolean): InLine[] {
    if (!isHeld || shown.length === 0) return now.map(caller => ({ caller, isGone: false }));
    const known = new Map(now.map(caller => [caller.call, caller]));
    return shown.map(({ caller }) => {
        const found = known.get(caller.call);
        return { caller: found ?? caller, isGone: !found };
    });
}

/** States in which an agent has a call, or can't be called. */
const TAKEN: readonly Agent['state'][] = ['in-call', 'offered', 'own-call', 'unreachable'];

/** Whether an agent could be rung: he need not be free, nor logged in. */
export function isFreeToBeRung({ state, reachable }: Pick<Agent, 'state' | 'reachable'>): boolean {
    return reachable && !TAKEN.includes(state);
}

/** Agents of the queue's organisation who could be rung: oneself, then those who are logged in to the queue, then the others. */
export function takers(agents: readonly Agent[], queue: string, me: string, language: string): Agent[] {
    const { compare } = new Intl.Collator(language);
    const organisation = queue.slice(0, queue.indexOf('/') + 1);
    const rank = ({ name, queues }: Agent) => (name === me ? 0 : queues.includes(queue) ? 1 : 2);
    return agents
        .filter(agent => agent.name.startsWith(organisation) && isFreeToBeRung(agent))
        .toSorted(
            (one, other) =>
                rank(one) - rank(other) ||
                compare(called(one), called(other)) ||
                compare(one.name, other.name),
        );
}
