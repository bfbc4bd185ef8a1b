// Bringing a file to the server, with how far it has come: `fetch` does not tell.

import { Problem } from '../api/problem';
import type { Kind } from './wave';

/** Longest that is waited: the server gives up before. */
const LIMIT_MS = 330_000;

/** Where a prompt's versions are. */
export function place(organisation: string, prompt: string): string {
    return `/api/v1/prompts/${encodeURIComponent(organisation)}/${encodeURIComponent(prompt)}`;
}

/** Brings it, telling the share of it that is there, from 0 to 1; a `Problem` is thrown where it was refused. */
export function upload(to: string, kind: Kind, file: Blob, told: (share: number) => void): Promise<void> {
    return new Promise((done, failed) => {
        const request = new XMLHttpRequest();
        request.open('POST', `${to}/versions?kind=${kind}`);
        request.setRequestHeader('content-type', 'application/octet-stream');
        request.timeout = LIMIT_MS;
        request.upload.onprogress = ({ loaded, total }) => told(total > 0 ? loaded / total : 0);
        const away = () => failed(Problem.away());
        request.onerror = away;
        request.ontimeout = away;
        request.onload = () => {
            if (request.status >= 200 && request.status < 300) return done();
            failed(Problem.of(answer(request), parsed(request.responseText)));
        };
        request.send(file);
    });
}

/** As `fetch` has it, as far as a refusal is read. */
function answer(request: XMLHttpRequest): Response {
    const after = request.getResponseHeader('retry-after');
    return new Response(null, {
        status: request.status >= 400 ? request.status : 503,
        headers: after ? { 'retry-after': after } : {},
    });
}

function parsed(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}
