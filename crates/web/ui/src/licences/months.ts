// Months as the calendar has them: `2026-11`.

/** The first month that is told of. */
const FIRST = '1970-01';

/** So many months later. */
export function plus(month: string, months: number): string {
    const [year = 1970, number = 1] = month.split('-').map(Number);
    const count = year * 12 + number - 1 + months;
    return `${String(Math.floor(count / 12)).padStart(4, '0')}-${String((count % 12) + 1).padStart(2, '0')}`;
}

/** Of an address, in which anything may stand. */
export function read(text: string | null, now: string): string {
    const isMonth = /^\d{4}-(0[1-9]|1[0-2])$/.test(text ?? '');
    return isMonth && text !== null && text >= FIRST && text <= now ? text : now;
}

/** As people write it. */
export function written(month: string, language: string): string {
    const at = Date.parse(`${month}-01T00:00:00Z`);
    return new Intl.DateTimeFormat(language, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(at);
}
