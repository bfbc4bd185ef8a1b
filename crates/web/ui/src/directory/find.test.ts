import { describe, expect, it } from 'vitest';
import type { Colleague } from '../api/client';
import { called, found, tone } from './find';

const colleague = (name: string, display_name: string | null, number: string | null): Colleague => ({
    name: `demo/${name}`,
    display_name,
    number,
    presence: 'free',
});
const ALL = [
    colleague('osten', 'Östen Ö', '105'),
    colleague('anna', 'Anna Ax', '101'),
    colleague('bosse', null, '102'),
    colleague('eva', null, null),
];
const names = (all: Colleague[]) => all.map(called);

describe('the directory', () => {
    it('is in the order of names as the language has it', () => {
        expect(names(found(ALL, '', 'sv-SE'))).toEqual(['Anna Ax', 'bosse', 'eva', 'Östen Ö']);
    });
    it('finds by any part of a name or number', () => {
        expect(names(found(ALL, 'AX an', 'sv-SE'))).toEqual(['Anna Ax']);
        expect(names(found(ALL, '102', 'sv-SE'))).toEqual(['bosse']);
        expect(names(found(ALL, 'osten', 'sv-SE'))).toEqual(['Östen Ö']);
        expect(found(ALL, 'nobody', 'sv-SE')).toEqual([]);
    });
    it('colours who can be called', () => {
        expect([tone('free'), tone('in-call'), tone('not-registered')]).toEqual(['good', 'accent', '']);
    });
});
