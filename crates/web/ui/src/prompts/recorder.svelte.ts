// Recording in the browser: what the microphone hears, as a sound of one channel. Whatever the browser records in, it can read
// itself; the server is brought a WAV file.

import { mixed, type Sound } from './wave';

/** The longest that is recorded. */
export const LONGEST_MS = 600_000;
/** What speech needs; callers hear half of it. */
const RATE_HZ = 16_000;

/** Why nothing is recorded. */
export type Refusal = 'insecure' | 'denied' | 'none' | 'broken';

export class Recorder {
    state: 'idle' | 'asking' | 'recording' | 'reading' = $state('idle');
    refused: Refusal | null = $state(null);
    /** When it began, in ms of the browser's clock. */
    since = $state(0);
    sound: Sound | null = $state.raw(null);

    private recorder: MediaRecorder | null = null;
    private timer: ReturnType<typeof setTimeout> | undefined;

    /** Browsers hand out microphones to pages that came over a secure connection alone. */
    static get isThere(): boolean {
        return window.isSecureContext && typeof MediaRecorder !== 'undefined';
    }

    async start() {
        if (this.state !== 'idle') return;
        this.refused = null;
        this.sound = null;
        this.state = 'asking';
        let stream: MediaStream;
        try {
            stream = await navigator.mediaDevices.getUserMedia({ audio: true });
        } catch (error) {
            this.state = 'idle';
            this.refused = why(error);
            return;
        }
        const recorder = new MediaRecorder(stream);
        const pieces: Blob[] = [];
        recorder.ondataavailable = ({ data }) => pieces.push(data);
        recorder.onstop = () => {
            stream.getTracks().forEach(track => track.stop());
            if (this.recorder === recorder) void this.read(new Blob(pieces, { type: recorder.mimeType }));
        };
        this.recorder = recorder;
        recorder.start();
        this.since = Date.now();
        this.state = 'recording';
        this.timer = setTimeout(() => this.stop(), LONGEST_MS);
    }

    stop() {
        clearTimeout(this.timer);
        if (this.recorder?.state === 'recording') this.recorder.stop();
    }

    /** Nothing is recorded, and nothing kept. */
    clear() {
        const recorder = this.recorder;
        this.recorder = null;
        clearTimeout(this.timer);
        if (recorder?.state === 'recording') recorder.stop();
        this.state = 'idle';
        this.sound = null;
        this.refused = null;
    }

    private async read(recorded: Blob) {
        this.state = 'reading';
        try {
            // Of a context that plays nothing: what is decoded comes at its rate.
            const context = new OfflineAudioContext(1, 1, RATE_HZ);
            const buffer = await context.decodeAudioData(await recorded.arrayBuffer());
            const channels = Array.from({ length: buffer.numberOfChannels }, (_, channel) =>
                buffer.getChannelData(channel),
            );
            this.sound = { rate: buffer.sampleRate, samples: mixed(channels) };
        } catch {
            this.refused = 'broken';
        }
        this.state = 'idle';
    }
}

/** By the names that browsers give (W3C Media Capture and Streams §10.2). */
function why(error: unknown): Refusal {
    const name = error instanceof DOMException ? error.name : '';
    return name === 'NotAllowedError' || name === 'SecurityError' ? 'denied' : 'none';
}
