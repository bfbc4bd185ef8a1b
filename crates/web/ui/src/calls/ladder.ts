// A call's SIP messages as a ladder: a column for each party, the server between whoever called and the others.

import type { LadderMessage } from '../api/client';

/** Where a message is drawn. */
export interface Rung {
    message: LadderMessage;
    /** The columns from and to which it went. */
    from: number;
    to: number;
    /** How long after the first, in ms. */
    afterMs: number;
}

export interface Ladder {
    /** What each column is: an address, or nothing for the server. */
    parties: (string | null)[];
    rungs: Rung[];
}

/** The server's column: the second, behind whoever called. */
const SERVER = 1;

export function ladderOf(messages: readonly LadderMessage[]): Ladder {
    const others: string[] = [];
    for (const { remote } of messages) if (!others.includes(remote)) others.push(remote);
    const [first, ...rest] = others;
    const parties = first === undefined ? [] : [first, null, ...rest];
    const began = Date.parse(messages[0]?.at ?? '');
    const rungs = messages.map(message => {
        const other = parties.indexOf(message.remote);
        const [from, to] = message.is_ours ? [SERVER, other] : [other, SERVER];
        return { message, from, to, afterMs: Math.max(0, Date.parse(message.at) - began) };
    });
    return { parties, rungs };
}

/** What a message is, in few signs: `INVITE`, `180 Ringing`. */
export function called(firstLine: string): string {
    const response = /^SIP\/2\.0 (\d{3}.*)$/.exec(firstLine);
    return response?.[1]?.trim() ?? firstLine.split(' ')[0] ?? '';
}

/** Seconds after the first, to the millisecond. */
export function after(ms: number): string {
    return (ms / 1000).toFixed(3);
}
