// Where pages of settings are: behind `#/settings`, by section and name.

import { address } from '../lib/route.svelte';
import { dotted, type Path } from './json';

/** Where all of them are. */
export const ROOT = '/settings';

/** What is no section has a hyphen in its name, as no section has. */
export const SKILLS = 'skills-matrix';
export const PERMISSIONS = 'permissions-matrix';
export const ASSISTANT = 'first-queue';

/** Where settings are edited as they are written: no section is called so. */
export const FILES = `${ROOT}/files`;

/** The path of a page. */
export function pathOf(...parts: string[]): string {
    return [ROOT, ...parts.map(encodeURIComponent)].join('/');
}

/** The parts of a path, behind the root. */
export function partsOf(path: string): string[] {
    return path.slice(ROOT.length).split('/').filter(Boolean).map(decoded);
}

/** Where a setting is edited. `hasThings` says whether its section's second keys are things with pages of their own. */
export function settingAddress(path: Path, hasThings: boolean): string {
    const page = pathOf(...path.slice(0, hasThings ? 2 : 1));
    const isPage = path.length <= (hasThings ? 2 : 1);
    return address(page, isPage ? undefined : new URLSearchParams({ at: dotted(path) }));
}

function decoded(part: string): string {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}
