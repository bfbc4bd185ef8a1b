// Where things stand in a text that is edited.

/** What is wrong in a line. */
export interface Marked {
    /** From 1; null where it is about the whole file. */
    line?: number | null;
    column?: number | null;
    problem: string;
    mend?: string | null;
}

/** The texts of what is wrong, by line. Lines that aren't there any more have none. */
export function byLine(problems: readonly Marked[], lines: number): Map<number, string> {
    const marks = new Map<number, string>();
    for (const { line, problem } of problems) {
        if (!line || line > lines) continue;
        const before = marks.get(line);
        marks.set(line, before === undefined ? problem : `${before} · ${problem}`);
    }
    return marks;
}

/** The numbers beside a text, a line each; those where something is wrong have a mark. */
export function gutter(lines: number, marks: ReadonlyMap<number, string>): string {
    const numbers = Array.from({ length: lines }, (_, at) => {
        const number = String(at + 1);
        return marks.has(at + 1) ? `▸ ${number}` : number;
    });
    return numbers.join('\n');
}

/** How many lines a text has. */
export function count(text: string): number {
    let lines = 1;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
    return lines;
}

/** Where a place stands in a text: the end of its line, where that is shorter. Columns count characters, from 1. */
export function offset(text: string, line: number, column: number): number {
    let start = 0;
    for (let at = 1; at < line; at++) {
        const end = text.indexOf('\n', start);
        if (end < 0) return text.length;
        start = end + 1;
    }
    const end = text.indexOf('\n', start);
    const own = text.slice(start, end < 0 ? text.length : end);
    return start + [...own].slice(0, Math.max(0, column - 1)).join('').length;
}
