import { expect, it } from 'vitest';
import type { Agent } from '../api/client';
import { ordered, standing } from './order';

function agent(name: string, state: Agent['state'], display_name: string | null = null): Agent {
    return { name: `demo/${name}`, state, display_name } as Agent;
}

it('agents stand by what they do, and by their names among those who do the same', () => {
    const agents = [
        agent('a', 'logged-out'),
        agent('b', 'in-call', 'Örjan'),
        agent('c', 'in-call', 'Zacke'),
        agent('d', 'free'),
    ];
    const names = (order: 'state' | 'name') => ordered(agents, order, 'sv').map(({ name }) => name.slice(-1));
    expect(names('state').join('')).toBe('dcba');
    expect(ordered(agents, 'name', 'sv').at(-1)?.display_name).toBe('Örjan');
});

it('while somebody points nobody comes, goes or moves, and each changes where he stands', () => {
    const shown = [agent('a', 'free'), agent('b', 'free')];
    const now = [agent('b', 'paused'), agent('c', 'free')];
    const held = standing(now, shown, true);
    expect(held.map(({ name, state }) => [name, state])).toEqual([
        ['demo/a', 'free'],
        ['demo/b', 'paused'],
    ]);
    expect(standing(now, shown, false)).toBe(now);
    expect(standing(now, [], true)).toBe(now);
});
