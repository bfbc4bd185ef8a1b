// Somebody before the pages, for the end-to-end tests: Chromium without a window.
//
//   node pages.mjs ADDRESS FOLDER
//
// Each line on standard input is a step (below), each line on standard output says that it is done, or what failed. Pictures
// are kept in FOLDER. It ends with its input, or when one step has taken longer than STEP_MS, and the browser, which is this
// process's child, with it.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { chromium } from 'playwright-core';

// Longest that anything may take to be seen, on a busy machine.
const SEEN_MS = 30_000;
// Longest that one step may take, which waits for some such things: nothing else ends one that hangs. Between steps nothing
// is limited, since the test may wait for a telephone.
const STEP_MS = 180_000;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'];
// A microphone that beeps each second, which nobody is asked about.
FLAGS.push('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream');
const SCREENS = {
    desktop: { viewport: { width: 1366, height: 800 } },
    phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// What WCAG 2.2 AA asks for, and what axe holds to be good besides.
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const [address, folder] = process.argv.slice(2);
const origin = `http://${address}`;
const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: STEP_MS });
let context;
let page;
let complaints = [];

// Whoever opens the page without a session is told so, which browsers note.
const isExpected = text => /401 \(Unauthorized\)/.test(text);
// Of a server that is away, or of a stream that was cut off, browsers complain too; what the page says of it is looked at.
const isAway = text => /ERR_(CONNECTION|INCOMPLETE|FAILED|EMPTY|NETWORK)|409 \(Conflict\)|422 \(Unproc|429 \(Too Many|503 \(Service/.test(text);

const button = name => page.getByRole('button', { name, exact: true });
// Of several places with these words, one that is seen: an option of a closed select is not.
const seen = words => page.getByText(words.join(' ')).filter({ visible: true }).first();
// `Label: what is chosen` in its two parts.
const parts = words => /^(.+?): (.*)$/.exec(words.join(' ')).slice(1);
const labelled = (label, field) =>
    page.locator('label').filter({ hasText: label }).filter({ visible: true }).locator(field).first();
const rows = () => page.locator('tbody tr, main section ul > li:has([data-does=show])');

/** Asks in a world of the test's own: the pages' policy lets no script in, and none of theirs sees this. */
async function ask(expression) {
    const session = await context.newCDPSession(page);
    const { frameTree } = await session.send('Page.getFrameTree');
    const world = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
        contextId: world.executionContextId,
        expression,
        awaitPromise: true,
        returnByValue: true,
    });
    await session.detach();
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
}

const steps = {
    /** open LANGUAGE THEME SCREEN */
    async open(language, theme, screen) {
        await context?.close();
        complaints = [];
        context = await browser.newContext({ ...SCREENS[screen], locale: language, colorScheme: theme });
        context.setDefaultTimeout(SEEN_MS);
        // The page sounds, and nobody hears it.
        await context.addInitScript(() => {
            const Real = OscillatorNode;
            globalThis.OscillatorNode = class extends Real {
                start(at) {
                    document.documentElement.dataset.rang = 'yes';
                    super.start(at);
                }
            };
        });
        page = await context.newPage();
        page.on('pageerror', error => complaints.push(error.stack));
        page.on('console', message => {
            const text = message.text();
            const isBad = ['error', 'warning'].includes(message.type());
            if (isBad && !isExpected(text) && !isAway(text)) complaints.push(text);
        });
        await page.goto(`${origin}/`);
        await page.locator('input[name=username]').waitFor();
    },
    async 'log-in'(user, password = `demo-${user}`) {
        await page.locator('input[name=username]').fill(user);
        await page.locator('input[name=password]').fill(password);
        await page.keyboard.press('Enter');
    },
    async 'log-out'() {
        await page.locator('header button').last().click();
        await page.getByRole('menuitem').last().click();
        await page.locator('input[name=username]').waitFor();
    },
    async sees(...words) {
        await seen(words).waitFor();
    },
    async 'sees-no'(...words) {
        await seen(words).waitFor({ state: 'hidden' });
    },
    /** go PATH HEADING: to a page, by its address. */
    async go(path, ...heading) {
        await page.goto(`${origin}/#${path}`);
        await page.getByRole('heading', { level: 1, name: heading.join(' ') }).waitFor();
    },
    async turn(...words) {
        await page.getByRole('switch', { name: words.join(' ') }).click();
    },
    async 'press-box'(...words) {
        await page.getByRole('checkbox', { name: words.join(' ') }).click();
    },
    /** A select has this to choose. */
    async offers(...words) {
        await page.locator('option', { hasText: words.join(' ') }).first().waitFor({ state: 'attached' });
    },
    async press(...words) {
        await button(words.join(' ')).first().click();
    },
    async key(key) {
        await page.keyboard.press(key);
    },
    async staff(list) {
        await page.getByRole('switch', { name: `I work on ${list}` }).click();
        await page.locator(`[role=switch][aria-checked=true][aria-label="I work on ${list}"]`).waitFor();
    },
    async write(...words) {
        await page.locator('main textarea').fill(words.join(' '));
    },
    async search(...words) {
        await page.getByRole('searchbox').fill(words.join(' '));
    },
    async choose(select, option) {
        await page.locator('form select').nth(Number(select)).selectOption(option);
    },
    /** pick LABEL: OPTION, by the words that are seen. */
    async pick(...words) {
        const [label, option] = parts(words);
        await labelled(label, 'select').selectOption({ label: option });
    },
    /** chosen LABEL: OPTION, by the words that are seen. */
    async chosen(...words) {
        const [label, option] = parts(words);
        const text = await labelled(label, 'select').evaluate(select => select.selectedOptions[0]?.text.trim());
        if (text !== option) throw new Error(`expected ${option}, is ${text}`);
    },
    /** The last thing that a select has to choose. */
    async 'pick-last'(...words) {
        const select = labelled(words.join(' '), 'select');
        await select.selectOption({ index: (await select.locator('option').count()) - 1 });
    },
    /** fill LABEL: TEXT */
    async fill(...words) {
        const [label, text] = parts(words);
        await labelled(label, 'input').fill(text);
    },
    /** Whom a call is sent to. */
    async to(...words) {
        await page.locator('.line form input').fill(words.join(' '));
    },
    /** limit FIGURE: LEVEL: VALUE */
    async limit(...words) {
        const [figure, level, value] = words.join(' ').split(': ');
        await page.getByRole('group', { name: figure }).getByLabel(level).fill(value);
    },
    /** A reason, in what stands beside the page. */
    async why(...words) {
        await page.getByRole('dialog').locator('textarea').fill(words.join(' '));
    },
    async sort(...words) {
        await page.locator('thead').getByRole('button', { name: words.join(' ') }).click();
    },
    /** The table is so many rows long. */
    async rows(count) {
        const all = page.locator('tbody tr');
        if (count > 0) await all.nth(count - 1).waitFor();
        await all.nth(Number(count)).waitFor({ state: 'detached' });
    },
    /** The first row is of this number. */
    async first(...words) {
        await rows().first().getByText(words.join(' ')).waitFor();
    },
    /** The first row is opened. */
    async show() {
        await rows().first().locator('[data-does=show]').click();
        await page.getByRole('dialog').waitFor();
    },
    async point() {
        await rows().first().hover();
    },
    async 'point-away'() {
        await page.mouse.move(2, 2);
    },
    /** The stream of changes is cut off, and the rest of the API is there. */
    async deafen() {
        await context.route('**/api/v1/events*', route => route.abort());
    },
    /** The next search for calls is answered as to somebody for whom others are read. */
    async 'keep-waiting'() {
        const answer = { status: 429, headers: { 'retry-after': '1' }, body: '{}' };
        await context.route('**/api/v1/calls?*', route => route.fulfill(answer), { times: 1 });
    },
    /** The page has sounded. */
    async rang() {
        await page.locator('html[data-rang]').waitFor({ state: 'attached' });
    },
    async reload() {
        await page.reload();
        await page.locator('main h1').waitFor();
    },
    /** A picture, and all that is wrong with what is in it. */
    async check(name) {
        await page.screenshot({ path: path.join(folder, `${name}.png`) });
        // A phone shows all of a page that is too wide, ever smaller: it is compared with the screen.
        const wide = (await ask('document.documentElement.scrollWidth')) - page.viewportSize().width;
        if (wide > 0) complaints.push(`the page is ${wide} px wider than the screen`);
        const rules = JSON.stringify(RULES);
        const found = await ask(
            `${AXE}; axe.run(document, { runOnly: { type: 'tag', values: ${rules} } }).then(({ violations, passes }) => ({
                passed: passes.length,
                found: violations.map(({ id, help, nodes }) => id + ': ' + help + ' ' + nodes.map(node => node.html).join(' ')),
            }))`,
        );
        if (!(found?.passed > 10)) complaints.push(`axe has not looked: ${JSON.stringify(found)}`);
        complaints.push(...(found?.found ?? []));
        if (complaints.length > 0) throw new Error(complaints.splice(0).join('\n'));
    },
    /** How many bytes it takes until a page is there, as they were sent. */
    async weight() {
        return ask(`[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
            .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`);
    },
    /** How files are sent: packed, kept for good where their name says what is in them, asked after where not, and guarded. */
    async files() {
        const get = (path, headers = {}) => fetch(origin + path, { headers });
        const expect = (is, what) => {
            if (!is) throw new Error(`expected ${what}`);
        };
        const index = await get('/', { 'accept-encoding': 'gzip' });
        const policy = index.headers.get('content-security-policy');
        expect(/frame-ancestors 'none'/.test(policy) && !/unsafe/.test(policy), `a strict policy: ${policy}`);
        expect(index.headers.get('x-content-type-options') === 'nosniff', 'nosniff');
        expect(index.headers.get('cache-control') === 'no-cache', 'that the index is asked after');
        const tag = index.headers.get('etag');
        const again = await get('/', { 'accept-encoding': 'gzip', 'if-none-match': tag });
        expect(again.status === 304, `304, came ${again.status}`);
        const [, script] = /src="(\/assets\/[^"]+\.js)"/.exec(await index.text());
        for (const encoding of ['br', 'gzip', 'identity']) {
            const { headers, status } = await get(script, { 'accept-encoding': encoding });
            const came = headers.get('content-encoding') ?? 'identity';
            expect(status === 200 && came === encoding, `${encoding}, came ${came} (${status})`);
            expect(/immutable/.test(headers.get('cache-control')), 'that it is kept for good');
            expect(/javascript/.test(headers.get('content-type')), 'a script');
        }
    },
};

// Statistics.
const TRIES = 10;
const TRY_MS = 3_000;
Object.assign(steps, {
    /** So many charts are drawn, and tell of what is pointed at. */
    async charts(count) {
        const drawn = page.locator('main figure canvas');
        await drawn.nth(count - 1).waitFor();
        await drawn.nth(Number(count)).waitFor({ state: 'detached' });
        const told = page.locator('main figure .when').first().filter({ hasText: /\d/ });
        // What is pointed at may be drawn anew under the pointer, by figures that were still being read.
        for (let left = TRIES; ; left -= 1) {
            await page.mouse.move(2, 2);
            await page.locator('main figure .u-over').first().hover();
            try {
                await told.waitFor({ timeout: TRY_MS });
                break;
            } catch (late) {
                if (left === 0) throw late;
            }
        }
        await page.mouse.move(2, 2);
    },
    /** cell COLUMN ROW VALUE: of the first table that has such a row, columns being counted from 0. */
    async cell(column, row, value) {
        const head = page.getByRole('rowheader', { name: row, exact: true });
        const line = page.locator('main tr').filter({ has: head }).first();
        const cell = line.locator('td').nth(Number(column));
        await cell.filter({ hasText: new RegExp(`^\\s*${value}\\s*$`) }).waitFor();
    },
    /** The lines of the file that is behind this link. */
    async saves(...words) {
        const link = page.getByRole('link', { name: words.join(' ') });
        const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
        return readFileSync(await file.path(), 'utf8').trim().split('\r\n').join(' | ');
    },
});

// Settings.
const setting = path => page.locator(`[id="set-${path}"]`);
Object.assign(steps, {
    /** follow LINK, in the page itself. */
    async follow(...words) {
        await page.locator('main').getByRole('link', { name: words.join(' ') }).first().click();
    },
    /** A page is headed so. */
    async headed(...words) {
        await page.getByRole('heading', { level: 1, name: words.join(' '), exact: true }).waitFor();
    },
    /** set queues/support/ring 20s: a text is written, a choice made by its value. */
    async set(path, ...words) {
        const field = setting(path);
        await field.waitFor();
        if ((await field.evaluate(it => it.tagName)) === 'SELECT') await field.selectOption(words.join(' '));
        else await field.fill(words.join(' '));
    },
    /** is queues/support/ring 20s */
    async is(path, ...words) {
        const value = await setting(path).inputValue();
        if (value !== words.join(' ')) throw new Error(`expected ${words.join(' ')}, is ${value}`);
    },
    /** The setting is the one that the keyboard is on. */
    async focused(path) {
        await page.locator(`[id="set-${path}"]:focus`).waitFor();
    },
    /** A setting has this beside it. */
    async beside(path, ...words) {
        const row = page.locator('[data-setting]').filter({ has: setting(path) }).last();
        await row.getByText(words.join(' ')).first().waitFor();
    },
    /** cell-set LABEL: VALUE, of a table whose cells are edited. */
    async 'cell-set'(...words) {
        const [, label, value] = /^(.+: .+): (.*)$/.exec(words.join(' '));
        const field = page.getByLabel(label, { exact: true });
        if ((await field.evaluate(it => it.tagName)) === 'SELECT') return field.selectOption(value);
        await field.fill(value);
        await field.blur();
    },
    /** To an address that the page may not want to be left for. */
    async leave(path) {
        await page.evaluate(to => (location.hash = to), path).catch(() => {});
    },
});

// Administration.
Object.assign(steps, {
    async radio(...words) {
        await page.getByRole('radio', { name: words.join(' '), exact: true }).check();
    },
    /** A file is chosen. */
    async attach(file) {
        await page.locator('input[type=file]').setInputFiles(file);
    },
    /** There is a sound that can be heard, and takes so many seconds at least. */
    async sounds(seconds) {
        const takes = await page.locator('audio').first().evaluate(
            audio =>
                new Promise((done, failed) => {
                    audio.onloadedmetadata = () => done(audio.duration);
                    audio.onerror = () => failed(new Error(audio.error?.message));
                    if (audio.readyState > 0) done(audio.duration);
                }),
        );
        if (!(takes >= Number(seconds))) throw new Error(`it takes ${takes} s`);
    },
});

// Two-step log-in, with an authenticator of our own (RFC 6238).
let authenticator;
let recovery = [];
let lastStep = 0;

function codeOf(step) {
    const bits = [...authenticator].map(sign => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0'));
    const key = Buffer.from(bits.join('').match(/.{8}/g).map(byte => Number.parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const hash = createHmac('sha1', key).update(counter).digest();
    const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
}

/** A code that has not been used: the next one counts already, a step before its time. */
function unusedCode() {
    const step = Math.max(Math.floor(Date.now() / 30_000), lastStep + 1);
    lastStep = step;
    return codeOf(step);
}

Object.assign(steps, {
    /** menu WORDS: an item of one's own account. */
    async menu(...words) {
        await page.locator('header button').last().click();
        await page.getByRole('menuitem', { name: words.join(' ') }).click();
    },
    /** The password once more, in what stands beside the page. */
    async 'say-password'(password) {
        await page.getByRole('dialog').locator('input[name=password]').fill(password);
        await page.keyboard.press('Enter');
    },
    /** The secret that is shown is put into the authenticator. */
    async 'take-secret'() {
        const shown = page.getByRole('dialog').locator('.secret code').first();
        authenticator = (await shown.textContent()).replaceAll(' ', '');
        const uri = await page.getByRole('dialog').locator('a[href^="otpauth:"]').getAttribute('href');
        if (!uri.includes(`secret=${authenticator}&`)) throw new Error(`another secret in ${uri}`);
    },
    /** The recovery codes that are shown are kept. */
    async 'take-recovery'() {
        const shown = page.getByRole('dialog').locator('ol code');
        await shown.nth(9).waitFor();
        recovery = await shown.allTextContents();
        return recovery.length;
    },
    /** What the authenticator shows is typed. */
    async 'show-code'() {
        await page.locator('input[name=code]').fill(unusedCode());
        await page.keyboard.press('Enter');
    },
    async 'wrong-code'() {
        await page.locator('input[name=code]').fill('000000');
        await page.keyboard.press('Enter');
    },
    async 'recovery-code'() {
        await page.locator('input[name=code]').fill(recovery.shift());
        await page.keyboard.press('Enter');
    },
    /** The code is asked for, and is where one types. */
    async 'asks-for-code'() {
        await page.locator('input[name=code]:focus').waitFor();
    },
});

// What browsers keep of the pages.
Object.assign(steps, {
    /** The service worker is there and has this page, which browsers would install, and keeps what it may. */
    async worker() {
        await ask(`navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller ?? new Promise(done =>
            navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }))).then(() => true)`);
        const session = await context.newCDPSession(page);
        const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
        await session.detach();
        // The window of a test is a private one, from which nothing is installed.
        const errors = installabilityErrors.map(({ errorId }) => errorId).filter(id => id !== 'in-incognito');
        if (errors.length > 0) throw new Error(`can't be installed: ${errors.join(' ')}`);
        const kept = await ask(`caches.keys()
            .then(names => Promise.all(names.map(name => caches.open(name).then(kept => kept.keys()))))
            .then(all => all.flat().map(({ url }) => new URL(url).pathname))`);
        const others = kept.filter(path => !path.startsWith('/assets/'));
        if (kept.length < 2 || others.length > 0) throw new Error(`kept: ${kept.join(' ')}`);
    },
    /** The server is away: the API answers nothing, of which nothing was kept. */
    async 'api-away'() {
        const came = await ask(`fetch('/api/v1/me').then(() => 'an answer', () => 'none')`);
        if (came !== 'none') throw new Error(`expected none, came ${came}`);
    },
    async 'reload-away'() {
        await page.reload();
    },
});

async function end(status) {
    await browser.close().catch(() => {});
    process.exit(status);
}

function failed(why) {
    console.log(`failed ${JSON.stringify(why)}`);
}

console.log('ready');
for await (const line of readline.createInterface({ input: process.stdin })) {
    const [step, ...words] = line.split(' ');
    const limit = setTimeout(() => {
        failed(`it has taken longer than ${STEP_MS} ms`);
        void end(1);
    }, STEP_MS);
    try {
        const value = await steps[step](...words);
        console.log(`done ${value ?? ''}`.trim());
    } catch (error) {
        await page?.screenshot({ path: path.join(folder, 'failed.png') }).catch(() => {});
        failed(String(error.message));
    } finally {
        clearTimeout(limit);
    }
}
await end(0);
