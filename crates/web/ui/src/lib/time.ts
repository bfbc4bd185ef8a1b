// Moments and spans as people read them.

/** A span as `1:32`, or `1:02:05`; never less than none. */
export function span(ms: number): string {
    const seconds = Math.max(0, Math.round(ms / 1000));
    const two = (value: number) => String(value).padStart(2, '0');
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** How long until then. */
export function left(until: string, now: number): string {
    return span(Date.parse(until) - now);
}

/** How long since then. */
export function since(from: string, now: number): string {
    return span(now - Date.parse(from));
}

/** A moment: the time of day, with the day where it is another one. */
export function moment(at: string, now: number, language: string, zone?: string): string {
    const date = new Date(at);
    const timeZone = zone ? { timeZone: zone } : {};
    const day = new Intl.DateTimeFormat('en-CA', { dateStyle: 'short', ...timeZone });
    const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...timeZone } as const;
    if (day.format(date) === day.format(now)) return new Intl.DateTimeFormat(language, time).format(date);
    const far = Math.abs(date.getTime() - now) > FAR_MS;
    const near = { weekday: 'short', day: 'numeric', month: 'short' } as const;
    const dated = far ? ({ year: 'numeric', month: 'short', day: 'numeric' } as const) : near;
    return new Intl.DateTimeFormat(language, { ...dated, ...time }).format(date);
}

/** From here on the year is told, and no weekday. */
const FAR_MS = 300 * 86_400_000;

/** A moment to the second, with its day, whichever that is. */
export function exact(at: string, language: string, zone?: string): string {
    const day = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
    const timeZone = zone ? { timeZone: zone } : {};
    return new Intl.DateTimeFormat(language, { ...day, ...time, ...timeZone }).format(new Date(at));
}

/** A window: its day once, and its times. */
export function window(from: string, until: string, now: number, language: string, zone?: string): string {
    const timeZone = zone ? { timeZone: zone } : {};
    const time = new Intl.DateTimeFormat(language, {
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
        ...timeZone,
    });
    return `${moment(from, now, language, zone)}–${time.format(new Date(until))}`;
}
