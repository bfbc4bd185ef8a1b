import { describe, expect, it } from 'vitest';
import type { LadderMessage } from '../api/client';
import { after, called, ladderOf } from './ladder';

const message = (at: string, remote: string, isOurs: boolean) =>
    ({ at: `2026-11-28T10:00:${at}Z`, remote, is_ours: isOurs }) as LadderMessage;

describe('a ladder', () => {
    it('has the server behind whoever called, and the others in the order in which they came', () => {
        const { parties, rungs } = ladderOf([
            message('00.000', 'a', false),
            message('00.020', 'a', true),
            message('01.500', 'b', true),
            message('02.000', 'b', false),
        ]);
        expect(parties).toEqual(['a', null, 'b']);
        expect(rungs.map(({ from, to }) => `${String(from)}→${String(to)}`)).toEqual([
            '0→1',
            '1→0',
            '1→2',
            '2→1',
        ]);
        expect(rungs.map(({ afterMs }) => after(afterMs))).toEqual(['0.000', '0.020', '1.500', '2.000']);
    });

    it('of nothing is empty', () => {
        expect(ladderOf([])).toEqual({ parties: [], rungs: [] });
    });
});

describe('a message', () => {
    it('is called by its method or its status', () => {
        expect(called('INVITE sip:1000@192.0.2.1 SIP/2.0')).toBe('INVITE');
        expect(called('SIP/2.0 180 Ringing')).toBe('180 Ringing');
        expect(called('')).toBe('');
    });
});
