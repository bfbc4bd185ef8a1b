// Has the browser keep what the pages are made of (`sw.js`). Where it can't, the pages are as they are without.

/** The one script that is ever begun so; the policy of the pages lets no other name of a policy in. */
const WORKER = '/sw.js';

interface Policies {
    createPolicy(
        name: string,
        rules: { createScriptURL: (url: string) => string },
    ): {
        createScriptURL(url: string): unknown;
    };
}

/** As the browser takes it: whose policy asks for it, by a policy that knows one address. */
export function address(policies: Policies | undefined): string {
    const rules = {
        createScriptURL(url: string) {
            if (url !== WORKER) throw new TypeError(`no worker of ours: ${url}`);
            return url;
        },
    };
    return (policies?.createPolicy('kolapp-worker', rules).createScriptURL(WORKER) ?? WORKER) as string;
}

/** Registers it, once everything else is there. */
export function register() {
    if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
    const { trustedTypes } = globalThis as { trustedTypes?: Policies };
    addEventListener('load', () => {
        // A browser that keeps nothing says so here, and shows the pages all the same.
        navigator.serviceWorker.register(address(trustedTypes)).catch(() => undefined);
    });
}
