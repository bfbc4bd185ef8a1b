import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Choices } from './choices.svelte';
import { LIMITS } from './limits';

let stored = new Map<string, string>();

beforeEach(() => {
    stored = new Map();
    vi.stubGlobal('localStorage', {
        getItem: (key: string) => stored.get(key) ?? null,
        setItem: (key: string, value: string) => stored.set(key, value),
    });
});
afterEach(() => {
    vi.unstubAllGlobals();
});

it('what is chosen is still so when the page is opened again', () => {
    const limits = { ...LIMITS, waiting: { warn: 1, bad: null } };
    new Choices().change({ limits, sounds: true });
    new Choices().change({ order: 'name', showsAll: true });
    const { order, showsAll, sounds, limits: kept } = new Choices();
    expect({ order, showsAll, sounds, kept }).toEqual({
        order: 'name',
        showsAll: true,
        sounds: true,
        kept: limits,
    });
});

it('whatever stands there, a wallboard is made of it', () => {
    for (const text of ['', 'null', '[]', '{"order":"up","sounds":"yes","limits":3}']) {
        stored.set('kolapp-wallboard', text);
        const { order, showsAll, sounds, limits } = new Choices();
        expect({ order, showsAll, sounds, limits }).toEqual({
            order: 'state',
            showsAll: false,
            sounds: false,
            limits: LIMITS,
        });
    }
});
