import { expect, it } from 'vitest';
import { address } from './register';

it('the one worker is begun by a policy that lets no other address through', () => {
    let tried: ((url: string) => string) | undefined;
    const policies = {
        createPolicy(name: string, rules: { createScriptURL: (url: string) => string }) {
            expect(name).toBe('kolapp-worker');
            tried = rules.createScriptURL;
            return { createScriptURL: (url: string) => ({ trusted: rules.createScriptURL(url) }) };
        },
    };
    expect(address(policies)).toEqual({ trusted: '/sw.js' });
    expect(() => tried?.('https://evil.example/sw.js')).toThrow();
    expect(address(undefined)).toBe('/sw.js');
});
