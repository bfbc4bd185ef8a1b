// The pages' service worker: it keeps the files of the pages whose names change with what is in them, and nothing else. What is
// the server's to say, it never answers; without the server it says so. The build writes FILES.

const FILES = /* files */ [];
const KEPT = 'files';
const OFFLINE = `<!doctype html>
<html lang="sv">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Kölapp</title></head>
<body><main>
<h1>Kölapp</h1>
<p>Servern svarar inte. Kontrollera nätet och <a href="/">försök igen</a>.</p>
<p lang="en">The server does not answer. Look at your network, and <a href="/">try again</a>.</p>
</main></body></html>`;

/** No script, no style, nobody's frame: as narrow as it can be. */
const HEADERS = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
};

self.addEventListener('install', event => {
    // A newer one takes over at once: whatever a page of before still asks for, it fetches.
    event.waitUntil(
        caches
            .open(KEPT)
            .then(kept => kept.addAll(FILES))
            .then(() => self.skipWaiting()),
    );
});

self.addEventListener('activate', event => {
    const forget = async () => {
        const kept = await caches.open(KEPT);
        const old = (await kept.keys()).filter(({ url }) => !FILES.includes(new URL(url).pathname));
        await Promise.all(old.map(request => kept.delete(request)));
        await self.clients.claim();
    };
    event.waitUntil(forget());
});

self.addEventListener('fetch', event => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== 'GET' || origin !== self.location.origin) return;
    if (FILES.includes(pathname)) {
        event.respondWith(caches.match(request, { ignoreVary: true }).then(kept => kept ?? fetch(request)));
    } else if (request.mode === 'navigate' && pathname === '/') {
        const offline = () =>
            new Response(OFFLINE, { status: 503, statusText: 'Service Unavailable', headers: HEADERS });
        event.respondWith(fetch(request).catch(offline));
    }
});
