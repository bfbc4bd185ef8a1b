// Rows that change while somebody looks at them. What is shown is told at once and stays where it is; what would come, go or
// move waits for as long as somebody points at the rows.

import type { CallbackRow } from '../api/client';

/** The rows with that one as it is now, where it is among them; the same rows, where nothing is new in it. */
export function updated(rows: CallbackRow[], row: CallbackRow): CallbackRow[] {
    const at = rows.findIndex(({ id }) => id === row.id);
    const before = rows[at];
    if (!before || before.version > row.version) return rows;
    return rows.with(at, row);
}

/** The callback that is somebody's to work on; another's, or nobody's, is not. */
export function worked(mine: CallbackRow | null, row: CallbackRow, me: string): CallbackRow | null {
    if (mine && mine.id === row.id && mine.version > row.version) return mine;
    if (row.held_by === me) return row;
    return mine?.id === row.id ? null : mine;
}

/** The rows of a page, each as it was heard of last: an event may have come after the page was made, and before it is shown. */
export function newest(page: CallbackRow[], heard: CallbackRow[]): CallbackRow[] {
    const known = new Map(heard.map(row => [row.id, row]));
    return page.map(row => {
        const before = known.get(row.id);
        return before && before.version > row.version ? before : row;
    });
}

/** The callback that is somebody's to work on, of those that were read; as it is known, where that is newer. */
export function mineOf(read: CallbackRow[], known: CallbackRow | null, me: string): CallbackRow | null {
    return newest(read, known ? [known] : []).find(row => row.held_by === me) ?? null;
}
