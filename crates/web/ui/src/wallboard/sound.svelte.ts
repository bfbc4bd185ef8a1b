// Two short tones, made here and not fetched. A browser lets a page sound only after somebody has clicked or typed in it.

/** Pitches of the tones, in Hz, and when each begins and how long it lasts, in seconds. */
const TONES = [
    { hz: 660, at: 0, for: 0.14 },
    { hz: 880, at: 0.18, for: 0.22 },
];
/** Against clicks where a tone begins and ends. */
const FADE_S = 0.02;
const LOUDNESS = 0.25;

export class Sound {
    /** Whether the browser lets us. */
    isAllowed = $state(false);
    private context: AudioContext | null = null;

    /** Waits until it may sound; returns what ends that. */
    begin(): () => void {
        const events = ['pointerdown', 'keydown'] as const;
        const allow = () => {
            for (const event of events) removeEventListener(event, allow);
            this.context ??= new AudioContext();
            this.isAllowed = true;
            void this.context.resume();
        };
        if (navigator.userActivation?.hasBeenActive) allow();
        else for (const event of events) addEventListener(event, allow);
        return () => {
            for (const event of events) removeEventListener(event, allow);
            this.isAllowed = false;
            void this.context?.close();
            this.context = null;
        };
    }

    ring() {
        const context = this.context;
        if (!context) return;
        for (const tone of TONES) {
            const [from, until] = [context.currentTime + tone.at, context.currentTime + tone.at + tone.for];
            const gain = new GainNode(context, { gain: 0 });
            gain.gain.setValueAtTime(0, from);
            gain.gain.linearRampToValueAtTime(LOUDNESS, from + FADE_S);
            gain.gain.setValueAtTime(LOUDNESS, until - FADE_S);
            gain.gain.linearRampToValueAtTime(0, until);
            const oscillator = new OscillatorNode(context, { frequency: tone.hz });
            oscillator.connect(gain).connect(context.destination);
            oscillator.start(from);
            oscillator.stop(until);
        }
    }
}
