import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// Files that browsers are sent packed; less than this is not worth it.
const PACKED = /\.(html|js|css|svg|webmanifest)$/;
const PACKED_BYTES_MIN = 512;

/** The service worker, with the files that it keeps: those whose names change with what is in them. */
function worker(): Plugin {
    return {
        name: 'worker',
        apply: 'build',
        generateBundle(_, bundle) {
            const files = Object.keys(bundle).filter(name => name.startsWith('assets/'));
            const source = readFileSync(path.resolve(import.meta.dirname, 'src/worker/sw.js'), 'utf8');
            const written = source.replace('/* files */ []', JSON.stringify(files.map(name => `/${name}`)));
            if (files.length === 0 || written === source) this.error('the worker would keep nothing');
            this.emitFile({ type: 'asset', fileName: 'sw.js', source: written });
        },
    };
}

/** Packs each file once, at the build, as the server sends it: `.br` and `.gz` beside it. */
function packed(): Plugin {
    return {
        name: 'packed',
        apply: 'build',
        closeBundle() {
            const folder = path.resolve(import.meta.dirname, 'dist');
            for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
                const file = path.join(entry.parentPath, entry.name);
                if (!entry.isFile() || !PACKED.test(entry.name)) continue;
                const bytes = readFileSync(file);
                if (bytes.length < PACKED_BYTES_MIN) continue;
                const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
                writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: quality }));
                writeFileSync(`${file}.gz`, gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
            }
        },
    };
}

// `make pages-dev`: the pages from their sources, before a server that runs (its HTTP address in KOLAPP_HTTP).
// It is asked by the name that the browser knows it by: it takes nothing from another site's page.
const target = process.env.KOLAPP_HTTP ?? 'http://127.0.0.1:8080';
const proxy = { '/api': { target, changeOrigin: false } };

export default defineConfig({
    plugins: [svelte(), worker(), packed()],
    build: { target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
    server: { proxy },
    preview: { proxy },
    test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
