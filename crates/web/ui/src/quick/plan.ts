// What somebody wants closed or opened by hand, and what that would do, in words.

import type { Schemas } from '../api/client';
import { meant } from '../lib/local';
import type { Key, Values } from '../lib/messages.svelte';
import { short } from '../lib/names';

export type Body = Schemas['QuickCloseBody'];
export type Preview = Schemas['QuickPreview'];
export type QuickClose = Schemas['QuickCloseView'];

/** As it stands in the form: moments by the clock of the queues, empty where none is. */
export interface Plan {
    effect: 'close' | 'open';
    queues: string[];
    begins: 'now' | 'later';
    from: string;
    until: string;
    waiting: 'stay' | 'move';
    message: string;
}

/** As the server is asked, or why it can't be. */
export function asked(plan: Plan, now: number, zone: string | undefined): Body | Key {
    if (plan.queues.length === 0) return 'quick.refused.queues';
    const until = meant(plan.until, zone);
    if (until === null) return 'quick.refused.until';
    const from = plan.begins === 'later' ? meant(plan.from, zone) : now;
    if (from === null) return 'quick.refused.from';
    if (until <= from || until <= now) return 'quick.refused.order';
    return {
        queues: plan.queues,
        effect: plan.effect,
        ...(plan.begins === 'later' && { from: plan.from }),
        until: plan.until,
        waiting: plan.effect === 'close' ? plan.waiting : 'stay',
        ...(plan.effect === 'close' && plan.message && { message: plan.message }),
    };
}

/** One more queue, or one less. */
export function toggled(queues: readonly string[], queue: string): string[] {
    return queues.includes(queue) ? queues.filter(one => one !== queue) : [...queues, queue].sort();
}

/** A group's queues too; without them, where all are chosen. */
export function withGroup(queues: readonly string[], group: readonly string[]): string[] {
    const hasAll = group.every(queue => queues.includes(queue));
    const others = queues.filter(queue => !group.includes(queue));
    return hasAll ? others : [...others, ...group].sort();
}

/** A text with what is filled in. */
export interface Said {
    key: Key;
    values: Values;
}

/** What becomes of a queue. */
export function becomes(preview: Preview): Said {
    const queue = short(preview.queue);
    if (preview.is_open === preview.will_be_open) {
        return {
            key: preview.is_open ? 'quick.preview.still-open' : 'quick.preview.still-closed',
            values: { queue },
        };
    }
    return { key: preview.will_be_open ? 'quick.preview.opens' : 'quick.preview.closes', values: { queue } };
}

/** What becomes of those who wait in it. */
export function waiters(preview: Preview): Said {
    const values = { count: preview.waiting };
    if (preview.will_be_open || !preview.they_move) return { key: 'quick.preview.stay', values };
    const to = preview.leads_to;
    if (!to) return { key: 'quick.preview.busy', values };
    return { key: `quick.preview.to.${to.kind}`, values: { ...values, name: to.name } };
}
