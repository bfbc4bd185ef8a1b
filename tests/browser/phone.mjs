// A browser's phone for the end-to-end tests: JsSIP in Chromium, without a window.
//
//   node phone.mjs WS_ADDRESS NAME
//
// Each line on standard input is a command of page.js (`register`, `call 102 plain`, `decline` …), each line on standard
// output what happened (`registered`, `called 101`, `failed 486` …). It ends with its input, or after LIMIT_MS; the
// browser, which is this process's child and has a folder of its own, ends with it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const LIMIT_MS = 60_000;
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
];

const [address, name] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));
const profile = mkdtempSync(path.join(tmpdir(), 'kolapp-browser-'));
// The test's own authority is known to no browser.
const trusting = address.startsWith('wss:') ? ['--ignore-certificate-errors'] : [];

const bundled = await build({
    entryPoints: [path.join(here, 'page.js')],
    bundle: true,
    format: 'iife',
    write: false,
});
const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: [...FLAGS, ...trusting],
    timeout: LIMIT_MS,
});

async function end(status) {
    await context.close().catch(() => {});
    rmSync(profile, { recursive: true, force: true });
    process.exit(status);
}

setTimeout(() => end(1), LIMIT_MS);
const page = context.pages()[0] ?? (await context.newPage());
page.on('pageerror', error => console.error(error.stack));
page.on('console', message => console.error(message.text()));
await page.exposeFunction('told', line => console.log(line));
await page.addScriptTag({ content: bundled.outputFiles[0].text });
const tell = line => page.evaluate(line => globalThis.tell(line), line);
await tell(`start ${address} ${name}`);
const input = readline.createInterface({ input: process.stdin });
input.on('line', line => tell(line).catch(error => console.error(error.stack)));
input.on('close', () => end(0));
