// Which page is shown: it stands behind `#` in the address, with what it is asked for, so that it can be kept, sent and gone
// back to.

class Route {
    path = $state('');
    params = $state.raw(new URLSearchParams());

    /** Who keeps others from leaving the page for a path: the address then stays, and whoever holds it goes on himself. */
    holds: ((path: string) => boolean) | null = null;

    begin() {
        addEventListener('hashchange', () => this.changed());
        this.read();
    }

    /** Goes to a page; the browser's way back leads here. */
    go(path: string, params?: URLSearchParams) {
        location.hash = address(path, params);
    }

    /** The same page asked for otherwise. */
    ask(params: URLSearchParams) {
        history.replaceState(history.state, '', address(this.path, params));
        this.read();
    }

    private changed() {
        const [path = ''] = location.hash.replace(/^#/, '').split('?', 1);
        if (this.holds?.(path)) history.replaceState(history.state, '', address(this.path, this.params));
        else this.read();
    }

    private read() {
        const [path = '', query = ''] = location.hash.replace(/^#/, '').split('?', 2);
        this.path = path;
        this.params = new URLSearchParams(query);
    }
}

/** What stands in an address. */
export function address(path: string, params?: URLSearchParams): string {
    const query = params?.toString();
    return query ? `#${path}?${query}` : `#${path}`;
}

export const route = new Route();
