// One's own calls: what is said of one, and what can be done with it. Nothing here asks anybody.

import type { Call, Colleague, OwnCall, QueueNumber } from '../api/client';
import { named, spoken } from '../lib/names';

/** What is done with a call by a button of its own. */
export type Act = 'take' | 'decline' | 'hang-up' | 'hold' | 'resume' | 'transfer';

/** What can be done with a call as it is now, in the order of its buttons. */
export function acts({ stage, held, taking }: OwnCall): Act[] {
    // Once it is there it stays, so that nothing takes its place under the pointer.
    const takes: Act[] = taking === 'on-phone' ? [] : ['take'];
    switch (stage) {
        case 'offered':
        case 'ringing':
            return [...takes, 'decline'];
        case 'dialling':
            return [...takes, 'hang-up'];
        case 'calling':
        case 'sending':
            return ['hang-up'];
        case 'talking':
            if (held === 'no') return ['hold', 'transfer', 'hang-up'];
            // What the telephone holds, it alone resumes.
            if (held === 'on-phone') return ['transfer', 'hang-up'];
            return ['resume', 'transfer', 'hang-up'];
    }
}

/** Whether that can be done just now: a telephone that was told to answer is not told so twice, nor one that would not. */
export function isOpen(act: Act, { taking }: OwnCall): boolean {
    return act !== 'take' || taking === 'possible';
}

/** How a call that rings is answered: the words of it, for those that aren't answered by the button. */
export function answering({ stage, taking }: OwnCall): 'calling.answer' | 'calling.answer.refused' | null {
    if (taking === 'refused') return 'calling.answer.refused';
    const rings = stage === 'offered' || stage === 'ringing';
    return rings && taking === 'on-phone' ? 'calling.answer' : null;
}

/** The others that the other party of a call can be joined with, once one has talked with both. */
export function partners(call: OwnCall, calls: OwnCall[]): OwnCall[] {
    if (call.stage !== 'talking') return [];
    return calls.filter(({ id, stage }) => id !== call.id && stage === 'talking');
}

/** Who the other is: by his name, else by his number; null where he shows neither. */
export function who(call: OwnCall, organisation: string | null | undefined): string | null {
    if (call.name) return call.name;
    if (call.colleague) return named(call.colleague, organisation);
    return call.number ? spoken(call.number) : null;
}

/** From when on the time of a call is told: since they talk, or since its caller waits; null where there is none to tell. */
export function begins({ stage, connected, arrived }: OwnCall): string | null {
    if (stage === 'talking') return connected ?? null;
    return stage === 'offered' || stage === 'ringing' ? arrived : null;
}

/** Somebody rings, and it is for me to take or decline. */
export function isOffer({ stage }: OwnCall): boolean {
    return stage === 'offered' || stage === 'ringing';
}

/** Number to call somebody again who was called or called: the other's, as it stands in a record; null where there is none. */
export function callable(call: Call, me: string): string | null {
    const outward = call.caller_user === me;
    const number = outward ? (call.outside ?? call.dialled) : call.caller;
    return number && /^[0-9+*#]+$/.test(number) ? number : null;
}

/** Whom one may mean by what he has written so far. */
export interface Meant {
    number: string;
    label: string;
}

/** All that somebody can be sent to by its name. */
export function meant(
    colleagues: Colleague[],
    queues: QueueNumber[],
    organisation: string | null | undefined,
): Meant[] {
    const people = colleagues.flatMap(({ name, display_name, number }) =>
        number ? [{ number, label: display_name ?? named(name, organisation) }] : [],
    );
    const lines = queues.map(({ name, number }) => ({ number, label: named(name, organisation) }));
    return [...people, ...lines];
}

/** The number of what was written: a name stands for the number of whoever has it alone. */
export function numberOf(written: string, all: Meant[]): string {
    const text = written.trim();
    const same = all.filter(({ label }) => label.toLocaleLowerCase() === text.toLocaleLowerCase());
    return same.length === 1 && same[0] ? same[0].number : text;
}
