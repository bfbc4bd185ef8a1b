// Two people's changes of one text brought together, line by line: what only one of them has changed is as he wants it. Where
// both have, the own lines stay, and what the other wrote is told beside.

/** Lines that both have changed. */
export interface Clash {
    /** The first own line, from 1; the line behind, where the own ones are gone. */
    line: number;
    mine: string[];
    theirs: string[];
}

export interface Merged {
    text: string;
    clashes: Clash[];
}

/** More pairs of lines than these aren't compared: all that differs is then one change. */
const PAIRS_MAX = 4_000_000;

/** Of two texts that were made of `base`. */
export function merge(base: string, mine: string, theirs: string): Merged {
    const [origin, own, other] = [base, mine, theirs].map(text => text.split('\n')) as [
        string[],
        string[],
        string[],
    ];
    const [toOwn, toOther] = [matches(origin, own), matches(origin, other)];
    const lines: string[] = [];
    const clashes: Clash[] = [];
    let [at, atOwn, atOther] = [0, 0, 0];
    for (;;) {
        // As far as all three go on alike.
        while (at < origin.length && toOwn[at] === atOwn && toOther[at] === atOther) {
            lines.push(own[atOwn] ?? '');
            [at, atOwn, atOther] = [at + 1, atOwn + 1, atOther + 1];
        }
        if (at === origin.length && atOwn === own.length && atOther === other.length) break;
        // To the next line that is in all three.
        let next = at;
        while (next < origin.length && (toOwn[next] === undefined || toOther[next] === undefined)) next++;
        const [nextOwn, nextOther] = [toOwn[next] ?? own.length, toOther[next] ?? other.length];
        const [was, ours, its] = [
            origin.slice(at, next),
            own.slice(atOwn, nextOwn),
            other.slice(atOther, nextOther),
        ];
        for (const [before, here, there] of pieces(was, ours, its)) {
            if (isSame(here, before)) {
                lines.push(...there);
                continue;
            }
            if (!isSame(there, before) && !isSame(there, here))
                clashes.push({ line: lines.length + 1, mine: here, theirs: there });
            lines.push(...here);
        }
        [at, atOwn, atOther] = [next, nextOwn, nextOther];
    }
    return { text: lines.join('\n'), clashes };
}

/** Three pieces that differ, line by line where each line of the one stands for one of the others: people change settings that
 *  stand one under the other. */
function pieces(was: string[], ours: string[], its: string[]): [string[], string[], string[]][] {
    if (was.length !== ours.length || was.length !== its.length) return [[was, ours, its]];
    return was.map((line, at) => [[line], [ours[at] ?? ''], [its[at] ?? '']]);
}

const isSame = (one: readonly string[], other: readonly string[]) =>
    one.length === other.length && one.every((line, at) => line === other[at]);

/** For each line of `from` where it is in `to`, in the longest order that both have; undefined where it isn't. */
function matches(from: readonly string[], to: readonly string[]): (number | undefined)[] {
    const found: (number | undefined)[] = new Array<undefined>(from.length).fill(undefined);
    let first = 0;
    while (first < from.length && first < to.length && from[first] === to[first]) found[first] = first++;
    let [end, endTo] = [from.length, to.length];
    while (end > first && endTo > first && from[end - 1] === to[endTo - 1]) found[--end] = --endTo;
    const [rows, columns] = [end - first, endTo - first];
    if (rows === 0 || columns === 0 || rows * columns > PAIRS_MAX) return found;
    // How long the longest is from each pair on.
    const width = columns + 1;
    const longest = new Uint32Array((rows + 1) * width);
    for (let row = rows - 1; row >= 0; row--) {
        for (let column = columns - 1; column >= 0; column--) {
            const here = row * width + column;
            longest[here] =
                from[first + row] === to[first + column]
                    ? (longest[here + width + 1] ?? 0) + 1
                    : Math.max(longest[here + width] ?? 0, longest[here + 1] ?? 0);
        }
    }
    let [row, column] = [0, 0];
    while (row < rows && column < columns) {
        const here = row * width + column;
        if (from[first + row] === to[first + column]) {
            found[first + row++] = first + column++;
        } else if ((longest[here + width] ?? 0) >= (longest[here + 1] ?? 0)) row++;
        else column++;
    }
    return found;
}
