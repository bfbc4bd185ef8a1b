import { expect, it } from 'vitest';
import { partsOf, pathOf, settingAddress } from './places';

it('has a path for each name, and finds the name in the path again', () => {
    for (const name of ['support', '+46850001000', 'a/b', 'å.ä']) {
        expect(partsOf(pathOf('numbers', name))).toEqual(['numbers', name]);
    }
    expect(partsOf('/settings')).toEqual([]);
    expect(partsOf('/settings/%E0%A4%A')).toEqual(['%E0%A4%A']);
});

it('leads to a setting on the page of its thing, or of its section where that has none', () => {
    expect(settingAddress(['queues', 'support', 'ring'], true)).toBe(
        '#/settings/queues/support?at=queues.support.ring',
    );
    expect(settingAddress(['agents', 'missed_max'], false)).toBe('#/settings/agents?at=agents.missed_max');
    expect(settingAddress(['queues', 'support'], true)).toBe('#/settings/queues/support');
});
