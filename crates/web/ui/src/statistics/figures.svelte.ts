// Figures as the page shows them: what was asked for, and what came of it.

import { answered, api } from '../api/client';
import { clock } from '../lib/clock.svelte';
import { notices } from '../lib/notices.svelte';
import { live } from '../live/live.svelte';
import { Reading } from '../live/reading';
import { dayIn } from './days';
import { asked, DEFAULT, hours, type Asked, type Query } from './query';
import type { Report, Row } from './rows';

/** How often what today came to is read again: it is told of from memory, other days are counted anew each time. */
const TODAY_EVERY_MS = 60_000;

/** What was told. */
export interface Told {
    /** Of what. */
    query: Query;
    /** Which day it was then. */
    today: string;
    report: Report;
    /** The same by hours, where there is a week to be seen. */
    hours: Row[] | null;
}

export class Figures {
    /** What is shown; nothing until it is read, and where it was refused. */
    told: Told | null = $state.raw(null);
    isReading = $state(false);

    private query: Query = DEFAULT;
    /** By whose clock days go: the browser's, until the server says. */
    private zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    private readonly reading = new Reading<Told>({
        ask: () => this.read(this.query),
        show: told => {
            this.told = told;
            this.isReading = false;
        },
        old: live.old,
        refused: problem => {
            this.told = null;
            this.isReading = false;
            notices.tell(problem);
        },
    });

    /** Today, by the clock of the queues. */
    get today(): string {
        return this.told?.today ?? dayIn(this.zone, clock.now);
    }

    /** Shows something else, or the same as it is now. */
    ask(query: Query) {
        this.query = query;
        this.isReading = true;
        this.reading.restart();
    }

    /** Begins to follow the day; returns what ends that. */
    follow(): () => void {
        const timer = setInterval(() => {
            if (this.query.span === 'today') this.reading.read();
        }, TODAY_EVERY_MS);
        return () => {
            clearInterval(timer);
            this.reading.close();
        };
    }

    private async read(query: Query): Promise<Told> {
        let today = dayIn(this.zone, clock.now);
        let report = await figures(asked(query, today));
        if (report.zone !== this.zone) {
            this.zone = report.zone;
            const there = dayIn(this.zone, clock.now);
            // It is another day there.
            if (there !== today) report = await figures(asked(query, (today = there)));
        }
        const byHours = hours(query, today);
        const isSame = byHours?.by === asked(query, today).by;
        const told = byHours && !isSame ? await figures(byHours) : report;
        return { query, today, report, hours: byHours && told.together };
    }
}

async function figures(query: Asked): Promise<Report> {
    // A table comes only where one is asked for.
    return (await answered(api.GET('/api/v1/figures', { params: { query } }))) as Report;
}
