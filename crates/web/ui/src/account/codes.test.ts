import { expect, it } from 'vitest';
import { copied, grouped } from './codes';

it('a secret is read in groups of four', () => {
    expect(grouped('GEZDGNBVGY3TQOJQ')).toBe('GEZD GNBV GY3T QOJQ');
    expect(grouped('GEZDG')).toBe('GEZD G');
    expect(grouped('')).toBe('');
});

it('recovery codes are copied one a line, and say what they are of', () => {
    expect(copied(['AAAA-BBBB', 'CCCC-DDDD'], 'Kölapp, anna')).toBe('Kölapp, anna\nAAAA-BBBB\nCCCC-DDDD\n');
});
