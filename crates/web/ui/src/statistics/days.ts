// Days as the calendar has them: `2026-11-27`, whatever a clock does on them.

/** A moment as the clock shows it that the server tells it by: of `2026-11-27T08:15:00+01:00` all but the offset. */
export interface Local {
    day: string;
    hour: number;
    minute: number;
}

const DAY_MS = 86_400_000;

/** The day that it is somewhere. */
export function dayIn(zone: string, now: number): string {
    const parts = new Intl.DateTimeFormat('en', {
        timeZone: zone,
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
    }).formatToParts(now);
    const part = (type: string) => parts.find(part => part.type === type)?.value ?? '';
    return `${part('year')}-${part('month')}-${part('day')}`;
}

/** Whether a text is a day that there is. */
export function isDay(text: string): boolean {
    return /^\d{4}-\d{2}-\d{2}$/.test(text) && plus(text, 0) === text;
}

/** So many days later. */
export function plus(day: string, days: number): string {
    const at = Date.parse(`${day}T00:00:00Z`) + days * DAY_MS;
    return Number.isNaN(at) ? '' : new Date(at).toISOString().slice(0, 10);
}

/** How many days they are, both of them counted. */
export function count(from: string, to: string): number {
    return Math.round((utc(to) - utc(from)) / DAY_MS) + 1;
}

/** Its place in the week, Monday being 0. */
export function weekday(day: string): number {
    return (new Date(utc(day)).getUTCDay() + 6) % 7;
}

export function local(moment: string): Local {
    return {
        day: moment.slice(0, 10),
        hour: Number(moment.slice(11, 13)),
        minute: Number(moment.slice(14, 16)),
    };
}

/** A day in ms since 1970, as if it were UTC's: what is written of it is told to be, too. */
function utc(day: string): number {
    return Date.parse(`${day}T00:00:00Z`);
}

/** As people write it; the year only where it is asked for. */
export function written(day: string, language: string, ...more: ('weekday' | 'year')[]): string {
    return new Intl.DateTimeFormat(language, {
        timeZone: 'UTC',
        day: 'numeric',
        month: 'short',
        ...(more.includes('weekday') && { weekday: 'short' }),
        ...(more.includes('year') && { year: 'numeric' }),
    }).format(utc(day));
}

/** The days of a week in a language, from Monday on. */
export function weekdays(language: string): string[] {
    const named = new Intl.DateTimeFormat(language, { timeZone: 'UTC', weekday: 'short' });
    // A Monday.
    const first = utc('2026-11-23');
    return Array.from({ length: 7 }, (_, day) => named.format(first + day * DAY_MS));
}

/** `08:15`. */
export function time({ hour, minute }: Pick<Local, 'hour' | 'minute'>): string {
    const two = (value: number) => String(value).padStart(2, '0');
    return `${two(hour)}:${two(minute)}`;
}
