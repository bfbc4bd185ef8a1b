// Queues and agents as they stand, and what of it is said with colour.

import type { Agent, Me, Queue } from '../api/client';

/** The queues, or the agents, with that one as it is now, in the order of their names. */
export function told<T extends { name: string }>(all: T[], one: T): T[] {
    const at = all.findIndex(({ name }) => name === one.name);
    if (at >= 0) return all.with(at, one);
    return [...all, one].sort((first, second) => (first.name < second.name ? -1 : 1));
}

/** The queues without the one of that name. */
export function without(queues: Queue[], gone: string): Queue[] {
    return queues.filter(({ name }) => name !== gone);
}

/** Me, who am no agent any more where that one is I. */
export function apart(me: Me, gone: string): Me {
    if (me.agent?.name !== gone) return me;
    return { ...me, agent: null, queues: me.queues.map(queue => ({ ...queue, logged_in: false })) };
}

/** Me as the agent that I am now. */
export function standing(me: Me, agent: Agent): Me {
    const queues = me.queues.map(queue => ({ ...queue, logged_in: agent.queues.includes(queue.name) }));
    return { ...me, agent, queues };
}

/** How much a queue asks of whoever looks: callers that nobody is there for, callers who wait, or nothing. */
export function pressure({
    waiting,
    agents_logged_in,
}: Pick<Queue, 'waiting' | 'agents_logged_in'>): '' | 'warn' | 'bad' {
    if (waiting === 0) return '';
    return agents_logged_in === 0 ? 'bad' : 'warn';
}

/** A share as whole percents; a dash, where there is none. */
export function percent(share: number | null | undefined, language: string): string {
    if (share === null || share === undefined) return '–';
    return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 }).format(share);
}

/** The colour of a state: ready, at work, kept from it for a while, or in want of something. */
export function tone(state: Agent['state']): '' | 'good' | 'accent' | 'warn' | 'bad' {
    switch (state) {
        case 'free':
            return 'good';
        case 'in-call':
        case 'offered':
        case 'own-call':
            return 'accent';
        case 'wrap-up':
        case 'paused':
            return 'warn';
        case 'unreachable':
            return 'bad';
        default:
            return '';
    }
}
