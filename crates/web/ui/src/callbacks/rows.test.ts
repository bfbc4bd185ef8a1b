import { expect, it } from 'vitest';
import type { CallbackRow } from '../api/client';
import { mineOf, newest, updated, worked } from './rows';

const ME = 'demo/anna';

function row(id: string, version: number, held_by: string | null = null): CallbackRow {
    return {
        id,
        version,
        held_by,
        list: 'demo/support',
        arrived: '2026-11-27T10:00:00Z',
        due: '2026-11-27T10:00:00Z',
        time: 'due',
        number: '+46701234567',
        number_is: 'shown',
        attempts: 0,
        status: held_by ? 'leased' : 'not-handled',
    };
}

it('a row changes where it stands, and others stay what they were', () => {
    const rows = [row('b1', 1), row('b2', 1), row('b3', 1)];
    const now = updated(rows, row('b2', 2, ME));
    expect(now.map(({ id, held_by }) => [id, held_by])).toEqual([
        ['b1', null],
        ['b2', ME],
        ['b3', null],
    ]);
    expect(now[0]).toBe(rows[0]);
});

it('what was heard late undoes nothing, and rows that are not shown bring none', () => {
    const rows = [row('b1', 5)];
    expect(updated(rows, row('b1', 4))).toBe(rows);
    expect(updated(rows, row('b9', 1))).toBe(rows);
});

it('who has taken one works on it until it is his no more', () => {
    const taken = worked(null, row('b1', 2, ME), ME);
    expect(taken?.id).toBe('b1');
    expect(worked(taken, row('b2', 2, 'demo/bosse'), ME)).toBe(taken);
    expect(worked(taken, row('b1', 1), ME)).toBe(taken);
    expect(worked(taken, row('b1', 3), ME)).toBeNull();
});

it('a page that was made before an event was heard does not undo it', () => {
    const page = newest([row('b2', 3), row('b1', 1)], [row('b1', 2, ME), row('b2', 2)]);
    expect(page.map(({ id, version }) => [id, version])).toEqual([
        ['b2', 3],
        ['b1', 2],
    ]);
});

it('one that is known newer than what was read of it stays as it is known', () => {
    const known = row('b1', 5, ME);
    expect(mineOf([row('b1', 4, ME)], known, ME)).toBe(known);
    expect(mineOf([row('b1', 6, ME)], known, ME)?.version).toBe(6);
    expect(mineOf([row('b2', 2, ME)], known, ME)?.id).toBe('b2');
    expect(mineOf([], known, ME)).toBeNull();
});
