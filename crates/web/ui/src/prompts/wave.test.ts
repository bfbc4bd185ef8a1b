import { describe, expect, it } from 'vitest';
import { drawn, kindOf, mixed, peaks, read, seconds, write } from './wave';

describe('a file', () => {
    it('is of the kind that its name says', () => {
        expect(kindOf('Hälsning.WAV')).toBe('wav');
        expect(kindOf('a.b.oga')).toBe('ogg');
        expect(kindOf('film.mp4')).toBe('m4a');
        expect(kindOf('letter.doc')).toBeNull();
        expect(kindOf('wav')).toBeNull();
        expect(kindOf('a.constructor')).toBeNull();
    });

    it('is written and read back', () => {
        const samples = Float32Array.from([0, 0.5, -0.5, 1, -1, 2]);
        const sound = read(write({ rate: 8000, samples }));
        expect(sound?.rate).toBe(8000);
        const near = [...(sound?.samples ?? [])].map(sample => Number(sample.toFixed(2)));
        expect(near).toEqual([0, 0.5, -0.5, 1, -1, 1]);
        expect(sound && seconds(sound)).toBeCloseTo(6 / 8000);
    });

    it('is read past what stands before its sound, and as far as it goes', () => {
        const whole = new Uint8Array(write({ rate: 8000, samples: new Float32Array(4) }));
        const extra = [...'LIST', '\x03', '\0', '\0', '\0', ...'abc', '\0'].map(it => it.charCodeAt(0));
        const file = Uint8Array.from([...whole.slice(0, 36), ...extra, ...whole.slice(36, -2)]);
        expect(read(file.buffer)?.samples).toHaveLength(3);
    });

    it('is none where it is something else', () => {
        expect(read(new ArrayBuffer(10))).toBeNull();
        expect(read(new TextEncoder().encode('x'.repeat(100)).buffer)).toBeNull();
        const stereo = new DataView(write({ rate: 8000, samples: new Float32Array(4) }));
        stereo.setUint16(22, 2, true);
        expect(read(stereo.buffer as ArrayBuffer)).toBeNull();
    });
});

it('is mixed to one channel', () => {
    const channels = [Float32Array.from([1, 0]), Float32Array.from([0, -1])];
    expect([...mixed(channels)]).toEqual([0.5, -0.5]);
    expect(mixed([])).toHaveLength(0);
});

describe('the form of a wave', () => {
    it('has the loudest of each part', () => {
        const samples = Float32Array.from([0, 0.25, -0.5, 0.1]);
        expect(peaks(samples, 2)).toEqual([0.25, 0.5]);
        expect(peaks(new Float32Array(0), 3)).toEqual([0, 0, 0]);
    });

    it('is drawn around its middle', () => {
        expect(drawn([1, 0], 4, 10)).toBe('M1.0 1.0V9.0M3.0 4.5V5.5');
    });
});
