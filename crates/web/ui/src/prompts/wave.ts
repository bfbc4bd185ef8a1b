// Sound as samples: reading WAV files of the server's, writing those that are recorded here, and the form of their waves.

/** A sound of one channel: samples of -1 to 1. */
export interface Sound {
    rate: number;
    samples: Float32Array;
}

/** Kinds of files that the server takes, by how their names end. */
const KINDS = {
    wav: 'wav',
    mp3: 'mp3',
    flac: 'flac',
    ogg: 'ogg',
    oga: 'ogg',
    opus: 'opus',
    m4a: 'm4a',
    mp4: 'm4a',
    aac: 'm4a',
} as const;
export type Kind = (typeof KINDS)[keyof typeof KINDS];

/** What a file's name has to end with, as a field for files asks for it. */
export const ACCEPTED = Object.keys(KINDS)
    .map(ending => `.${ending}`)
    .join(',');

/** What kind a file is of; null, where it is none that is taken. */
export function kindOf(name: string): Kind | null {
    const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
    return Object.hasOwn(KINDS, ending) ? KINDS[ending as keyof typeof KINDS] : null;
}

const PCM = 1;
const HEADER_BYTES = 44;
const FULL_SCALE = 32_768;

/** How long it takes, in seconds. */
export function seconds({ rate, samples }: Sound): number {
    return samples.length / rate;
}

/** A WAV file of 16 bits and one channel (RIFF); null, where it is something else. */
export function read(file: ArrayBuffer): Sound | null {
    const view = new DataView(file);
    const tag = (at: number) => String.fromCharCode(...[0, 1, 2, 3].map(index => view.getUint8(at + index)));
    if (file.byteLength < HEADER_BYTES || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') return null;
    let rate = 0;
    for (let at = 12; at + 8 <= file.byteLength;) {
        const bytes = view.getUint32(at + 4, true);
        const from = at + 8;
        if (tag(at) === 'fmt ') {
            const isOurs =
                view.getUint16(from, true) === PCM &&
                view.getUint16(from + 2, true) === 1 &&
                view.getUint16(from + 14, true) === 16;
            if (!isOurs) return null;
            rate = view.getUint32(from + 4, true);
        } else if (tag(at) === 'data' && rate > 0) {
            const count = Math.floor(Math.min(bytes, file.byteLength - from) / 2);
            const samples = new Float32Array(count);
            for (let index = 0; index < count; index += 1) {
                samples[index] = view.getInt16(from + 2 * index, true) / FULL_SCALE;
            }
            return { rate, samples };
        }
        // Chunks begin at even places.
        at = from + bytes + (bytes % 2);
    }
    return null;
}

/** As a WAV file of 16 bits. */
export function write({ rate, samples }: Sound): ArrayBuffer {
    const file = new ArrayBuffer(HEADER_BYTES + 2 * samples.length);
    const view = new DataView(file);
    const tag = (at: number, text: string) =>
        [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
    tag(0, 'RIFF');
    view.setUint32(4, file.byteLength - 8, true);
    tag(8, 'WAVEfmt ');
    view.setUint32(16, 16, true);
    view.setUint16(20, PCM, true);
    view.setUint16(22, 1, true);
    view.setUint32(24, rate, true);
    view.setUint32(28, 2 * rate, true);
    view.setUint16(32, 2, true);
    view.setUint16(34, 16, true);
    tag(36, 'data');
    view.setUint32(40, 2 * samples.length, true);
    samples.forEach((sample, index) => {
        const whole = Math.round(Math.min(1, Math.max(-1, sample)) * (FULL_SCALE - 1));
        view.setInt16(HEADER_BYTES + 2 * index, whole, true);
    });
    return file;
}

/** Several channels as one. */
export function mixed(channels: readonly Float32Array[]): Float32Array {
    const length = Math.min(...channels.map(channel => channel.length));
    const mix = new Float32Array(Number.isFinite(length) ? length : 0);
    for (const channel of channels) {
        for (let index = 0; index < mix.length; index += 1) {
            mix[index] = (mix[index] ?? 0) + (channel[index] ?? 0) / channels.length;
        }
    }
    return mix;
}

/** How loud each of so many parts is at its loudest, from 0 to 1. */
export function peaks(samples: Float32Array, parts: number): number[] {
    return Array.from({ length: parts }, (_, part) => {
        const from = Math.floor((part * samples.length) / parts);
        const until = Math.floor(((part + 1) * samples.length) / parts);
        let loudest = 0;
        for (let index = from; index < until; index += 1) {
            loudest = Math.max(loudest, Math.abs(samples[index] ?? 0));
        }
        return Math.min(1, loudest);
    });
}

/** Those as a path, a line for each, in a box of that size. Silence is a line too. */
export function drawn(loud: readonly number[], width: number, height: number): string {
    const middle = height / 2;
    const step = width / Math.max(1, loud.length);
    const line = (level: number, part: number) => {
        const x = ((part + 0.5) * step).toFixed(1);
        const half = Math.max(0.5, level * (middle - 1));
        return `M${x} ${(middle - half).toFixed(1)}V${(middle + half).toFixed(1)}`;
    };
    return loud.map(line).join('');
}
