// Which rows of all a page shows.

/** Which page, the first being 0, and how many rows it has. */
export interface Paging {
    page: number;
    rows: number;
}

/** Furthest page that the server has. */
export const PAGE_MAX = 1_000_000;

/** Which rows a page shows, the first being 1. */
export function range({ page, rows }: Paging, total: number): { from: number; to: number; pages: number } {
    const from = Math.min(page * rows + 1, total);
    const to = Math.min((page + 1) * rows, total);
    return { from, to, pages: Math.max(1, Math.ceil(total / rows)) };
}

/** Of an address, in which anything may stand. */
export function readPaging(params: URLSearchParams, choices: readonly number[], usual: number): Paging {
    const count = (name: string) => Math.max(0, Number.parseInt(params.get(name) ?? '', 10) || 0);
    return {
        page: Math.min(count('page'), PAGE_MAX),
        rows: choices.find(rows => rows === count('rows')) ?? usual,
    };
}

/** For an address: only what is not so anyway. */
export function written<Q extends object>(query: Q, usual: Q): URLSearchParams {
    const chosen = Object.entries(query).filter(([name, value]) => usual[name as keyof Q] !== value);
    return new URLSearchParams(chosen.map(([name, value]) => [name, String(value)]));
}
