// Asking the server, by the types that its own description gives (`npm run types` makes `schema.d.ts` of `openapi.json`).

import createClient from 'openapi-fetch';
import { clock } from '../lib/clock.svelte';
import { Problem } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];
export type Session = Schemas['SessionView'];
export type CallbackRow = Schemas['CallbackRow'];
export type Callback = Schemas['CallbackView'];
export type CallbackPage = Schemas['PageView'];
export type List = Schemas['ListView'];
export type Window = Schemas['WindowView'];
export type Status = Schemas['StatusView'];
export type Me = Schemas['MeView'];
export type Agent = Schemas['AgentView'];
export type Queue = Schemas['QueueView'];
export type Outcome = Schemas['OutcomeView'];
export type Call = Schemas['CallView'];
export type CallsPage = Schemas['CallsView'];
export type LadderPage = Schemas['LadderView'];
export type LadderMessage = Schemas['LadderMessageView'];
export type Caller = Schemas['CallerView'];
export type CallersPage = Schemas['CallersView'];
export type Server = Schemas['ServerView'];
export type Registration = Schemas['RegistrationView'];
export type Trunk = Schemas['TrunkView'];
export type Ban = Schemas['BanView'];
export type AuditRow = Schemas['AuditRowView'];
export type AuditPage = Schemas['AuditView'];
export type OwnCall = Schemas['OwnCallView'];
export type Directory = Schemas['DirectoryView'];
export type Colleague = Schemas['ColleagueView'];
export type QueueNumber = Schemas['QueueNumberView'];

/** Longest answer that is waited for: the server gives up on a request by itself before. */
const LIMIT_MS = 35_000;

/** Asks; its answers are unwrapped by `answered`. */
export const api = createClient<paths>({
    querySerializer: { array: { style: 'form', explode: false } },
    fetch: async (request: Request) => {
        const response = await fetch(request, { signal: AbortSignal.timeout(LIMIT_MS) });
        clock.heard(response.headers.get('date'));
        return response;
    },
});

/** What an answer holds; a `Problem` is thrown where it was refused, or none came. */
export async function answered<A extends { data?: unknown; error?: unknown; response: Response }>(
    asking: Promise<A>,
): Promise<Exclude<A['data'], undefined>> {
    let answer;
    try {
        answer = await asking;
    } catch {
        throw Problem.away();
    }
    if (!answer.response.ok) throw Problem.of(answer.response, answer.error);
    return answer.data as Exclude<A['data'], undefined>;
}
