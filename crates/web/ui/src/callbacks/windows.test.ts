import { expect, it } from 'vitest';
import type { Window } from '../api/client';
import { windowChoices, windowChosen } from './windows';

function at(hour: number, name = 'eftermiddag'): Window {
    const two = (value: number) => String(value).padStart(2, '0');
    return {
        name,
        from: `2026-11-27T${two(hour)}:00:00Z`,
        until: `2026-11-27T${two(hour + 1)}:00:00Z`,
    };
}

it('the time that somebody has is among those to choose, once, and where it belongs', () => {
    const choices = windowChoices([at(13), at(15)], at(13));
    expect(choices.map(({ window }) => window.from)).toEqual([at(13).from, at(15).from]);
    const over = windowChoices([at(13)], at(8));
    expect(over.map(({ window }) => window.from)).toEqual([at(8).from, at(13).from]);
});

it('times of one name, or that begin together, are told apart, and none is one of its own', () => {
    const choices = windowChoices([at(13), at(15), at(13, 'lunch')], null);
    expect(new Set(choices.map(({ key }) => key)).size).toBe(3);
    expect(choices.map(({ key }) => key)).not.toContain(windowChosen(null));
});
