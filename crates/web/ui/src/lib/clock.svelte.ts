// The server's time, in whole seconds: countdowns are of what the server decides, and a computer's own clock may be wrong. And
// the zone by whose clock the organisation's days go, wherever its pages are looked at.

class Clock {
    /** Now, in ms since 1970; changes each second. */
    now = $state(Date.now());
    /** The browser's own, as long as it is not known, and for whoever has all organisations. */
    zone: string | undefined = $state();
    private ahead = 0;

    begin() {
        setInterval(() => this.tick(), 1000);
    }

    /** An answer says what time it is (RFC 9110 §6.6.1). */
    heard(date: string | null) {
        const ahead = aheadBy(date, Date.now());
        if (ahead === null || Math.abs(ahead - this.ahead) < OFF_MS) return;
        this.ahead = ahead;
        this.tick();
    }

    private tick() {
        this.now = Date.now() + this.ahead;
    }
}

/** Less than this is no difference: the header has whole seconds, and answers take time. */
const OFF_MS = 2000;

/** How far the server's clock is ahead of ours; null where it does not say. */
export function aheadBy(date: string | null, now: number): number | null {
    const at = date ? Date.parse(date) : NaN;
    return Number.isNaN(at) ? null : at + 500 - now;
}

export const clock = new Clock();
