// What every field is given of the value that it edits.

import { createContext } from 'svelte';
import type { Change } from './change.svelte';
import type { Json, Path } from './json';
import type { Kind } from './schema';

/** A value that is edited. */
export interface Editing {
    kind: Kind;
    path: Path;
    value: Json | undefined;
    set: (value: Json | undefined) => void;
    id: string;
    /** What it is called to whoever hears the page. */
    label: string;
    describedby?: string | undefined;
    /** What holds where nothing is written. */
    fallback?: Json | undefined;
    isSecret?: boolean;
    isNeeded?: boolean;
}

/** A field's id: it is gone to by it. */
export function idOf(path: Path): string {
    return `set-${path.map(encodeURIComponent).join('/')}`;
}

/** The change that is made on this page. */
export const [theChange, setChange] = createContext<Change>();
