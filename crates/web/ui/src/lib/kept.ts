// What a browser keeps of its user's choices. Nothing of callers is ever kept there.

/** What may be kept. */
type Choice = 'language' | 'theme' | 'wallboard';

/** What was chosen; nothing where it can't be read. */
export function kept(choice: Choice): string | null {
    try {
        return localStorage.getItem(`kolapp-${choice}`);
    } catch {
        return null;
    }
}

/** Keeps it, where the browser lets us. */
export function keep(choice: Choice, value: string) {
    try {
        localStorage.setItem(`kolapp-${choice}`, value);
    } catch {
        // Then it is chosen for as long as the page is there.
    }
}
