import { describe, expect, it } from 'vitest';
import { Problem, telling } from './problem';

const ME = 'demo/anna';

function refused(status: number, body: object, headers: Record<string, string> = {}): Problem {
    return Problem.of(new Response(null, { status, headers }), body);
}

describe('of two who want the same', () => {
    it('one is told who has it', () => {
        const problem = refused(409, { detail: 'demo/bosse has b1', entry: 'b1', held_by: 'demo/bosse' });
        expect(telling(problem, ME)).toEqual({ key: 'problem.held', values: { who: 'bosse', entry: 'b1' } });
    });
    it('one is told who has changed it', () => {
        const problem = refused(409, { entry: 'b1', held_by: 'demo/bosse', version: 7 });
        const values = { who: 'bosse', entry: 'b1' };
        expect(telling(problem, ME)).toEqual({ key: 'problem.changed', values });
    });
    it('nobody is named where nobody has it', () => {
        const problem = refused(409, { entry: 'b1', version: 7 });
        expect(telling(problem, ME).values).toEqual({ who: 'nobody', entry: 'b1' });
    });
});

it('who has another of his own is told to finish that first', () => {
    const problem = refused(409, { entry: 'b4', held_by: ME });
    expect(telling(problem, ME)).toEqual({ key: 'problem.mine-first', values: { entry: 'b4' } });
});

it('other refusals keep what the server said of them', () => {
    const problem = refused(409, { detail: 'the caller of b1 keyed nothing' });
    expect(telling(problem, ME).detail).toBe('the caller of b1 keyed nothing');
});

it('who tries too often is told when he may again', () => {
    expect(telling(refused(429, {}, { 'retry-after': '12' }), ME).values).toEqual({ seconds: 12 });
});

it('a server that does not answer is told as such, and so is an answer of somebody else', () => {
    expect(telling(Problem.away(), ME).key).toBe('problem.away');
    expect(telling(Problem.of(new Response('<html>', { status: 502 }), '<html>'), ME).key).toBe(
        'problem.other',
    );
});
