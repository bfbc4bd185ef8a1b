// What a call's record says, in words.

import type { Call } from '../api/client';
import { t, termed } from '../lib/messages.svelte';
import { named, spoken } from '../lib/names';
import { span } from '../lib/time';

/** Who called: a user by his name, somebody else by his number. */
export function caller(call: Call, organisation: string | null | undefined): string {
    if (call.caller_user) return named(call.caller_user, organisation);
    return call.caller ? spoken(call.caller) : t('calls.no-number');
}

/** What was dialled; nothing where that was erased. */
export function dialled({ dialled }: Call): string {
    return dialled ? spoken(dialled) : '–';
}

/** Why it ended, or that it goes on. */
export function cause({ cause }: Call): string {
    return cause ? termed('calls.cause', cause) : t('calls.goes-on');
}

/** How long somebody waited. */
export function waited({ waited_ms }: Call): string {
    return waited_ms === null || waited_ms === undefined ? '–' : span(waited_ms);
}

/** How long they talked; a dash where they did not. */
export function talked({ talked_ms, joined }: Call): string {
    return joined ? span(talked_ms) : '–';
}
