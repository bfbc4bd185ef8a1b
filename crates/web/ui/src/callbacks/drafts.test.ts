import { expect, it } from 'vitest';
import { drafts } from './drafts.svelte';

it('what was half written is there when its writer comes back, and for nobody else', () => {
    drafts.of('demo/anna', 'b1').text = 'The bill';
    expect(drafts.of('demo/anna', 'b1').text).toBe('The bill');
    expect(drafts.of('demo/bosse', 'b1').text).toBe('');
    expect(drafts.of('demo/anna', 'b2').text).toBe('');
});

it('a note that is taken is written no more, also where it is still shown', () => {
    const shown = drafts.of('demo/anna', 'b3');
    shown.text = 'The bill is paid.';
    shown.outcome = 'reached';
    drafts.forget('demo/anna', 'b3');
    expect([shown.text, shown.outcome]).toEqual(['', '']);
    expect(drafts.of('demo/anna', 'b3').isEmpty).toBe(true);
});

it('of very many the oldest is let go, and never one for another that holds nothing', () => {
    drafts.of('demo/eva', 'b1').text = 'first';
    for (let number = 2; number < 100; number++) drafts.of('demo/eva', `b${number}`);
    expect(drafts.of('demo/eva', 'b1').text).toBe('first');
    for (let number = 2; number < 100; number++) drafts.of('demo/eva', `b${number}`).text = 'another';
    expect(drafts.of('demo/eva', 'b1').text).toBe('');
    expect(drafts.of('demo/eva', 'b99').text).toBe('another');
});
