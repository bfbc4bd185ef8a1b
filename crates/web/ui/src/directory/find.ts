// Colleagues, looked for by what people know of one.

import type { Colleague } from '../api/client';
import { short } from '../lib/names';

/** What a colleague is called. */
export function called({ name, display_name }: Colleague): string {
    return display_name ?? short(name);
}

/** Those whose names or number have in them all that was written, by name. */
export function found(colleagues: Colleague[], written: string, locale: string): Colleague[] {
    const words = written.toLocaleLowerCase(locale).split(/\s+/).filter(Boolean);
    const fits = (colleague: Colleague) => {
        const said = `${called(colleague)} ${short(colleague.name)} ${colleague.number ?? ''}`;
        const text = said.toLocaleLowerCase(locale);
        return words.every(word => text.includes(word));
    };
    const { compare } = new Intl.Collator(locale);
    return colleagues.filter(fits).sort((one, other) => compare(called(one), called(other)));
}

/** How a presence is coloured. */
export function tone(presence: Colleague['presence']): 'good' | 'accent' | 'warn' | '' {
    switch (presence) {
        case 'free':
            return 'good';
        case 'in-call':
        case 'ringing':
            return 'accent';
        case 'paused':
        case 'wrap-up':
            return 'warn';
        case 'not-registered':
            return '';
    }
}
