// Secrets and codes as people read and type them.

/** Signs of a secret that stand together. */
const GROUP = 4;

/** A secret in groups, so that it can be typed: `GEZD GNBV …`. */
export function grouped(secret: string): string {
    return (secret.match(new RegExp(`.{1,${GROUP}}`, 'g')) ?? []).join(' ');
}

/** Recovery codes as they are copied: one a line, with what they are of. */
export function copied(codes: readonly string[], title: string): string {
    return [title, ...codes, ''].join('\n');
}
