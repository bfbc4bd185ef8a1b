// Names as people read them: within one's own organisation nobody writes it.

/** `anna` of `demo/anna`. */
export function short(name: string): string {
    return name.slice(name.indexOf('/') + 1);
}

/** `anna` in one's own organisation, `other/anna` in another; an operator, who is of none, sees all whole. */
export function named(name: string, organisation: string | null | undefined): string {
    return organisation && name.startsWith(`${organisation}/`) ? short(name) : name;
}

/** A number in groups, so that it can be read aloud: `+46 70 123 45 67`. */
export function spoken(number: string): string {
    const match = /^\+46(\d{2})(\d{3})(\d{2})(\d{2})$/.exec(number);
    if (match) return `+46 ${match.slice(1).join(' ')}`;
    return number;
}
