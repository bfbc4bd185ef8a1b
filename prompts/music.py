"""The waiting music: a slow piece of eight bars, computed, that loops without a seam; the ringing tone, the tone after which one
speaks, and a rest. Deterministic; needs nothing but Python.

It stays under 3.4 kHz, is never silent, and leaves out every partial near an A in the telephone band, so that a 440 Hz test tone
can be told from it.
"""

import array
import math

import sound

BEATS_PER_BAR = 4
EIGHTH = sound.RATE_HZ * 15 // 32
BAR = EIGHTH * 2 * BEATS_PER_BAR
PEAK_DB = -12.0
# What a telephone carries.
BAND_HZ = (150.0, 3_400.0)
# Nothing within this ratio of an A: wider than a test tone's measuring filter.
KEEP_CLEAR_RATIO = 1.03
TEST_TONES_HZ = (220.0, 440.0, 880.0, 1_760.0)
# The ringing tone that most of Europe hears (ITU-T E.180): one second on, five in all. At the level of an exchange's.
RINGING_HZ = 425.0
RINGING_ON_S = 1
RINGING_EVERY_S = 5
RINGING_DB = -19.0
# Longer than a click, shorter than is heard.
RINGING_EDGE_S = 0.01
# After it one speaks: high enough to be told from a voice.
BEEP_HZ = 1_000.0
BEEP_S = 0.3
BEEP_DB = -16.0
# Between the groups of a telephone number.
PAUSE_S = 0.3
TABLE_BITS = 12
SINE = [math.sin(2 * math.pi * i / (1 << TABLE_BITS)) for i in range((1 << TABLE_BITS) + 1)]

# MIDI notes; no A among them. A bar is a chord held low, and eight notes picked above it.
BARS = (
    ((51, 58, 63, 67), (75, 70, 67, 74, 70, 67, 63, 70)),
    ((48, 55, 63, 67), (75, 72, 67, 70, 72, 67, 63, 67)),
    ((56, 60, 63, 67), (72, 75, 79, 75, 72, 68, 67, 72)),
    ((58, 62, 65, 70), (74, 70, 65, 77, 74, 70, 65, 70)),
    ((55, 58, 62, 65), (74, 70, 67, 77, 74, 70, 67, 70)),
    ((48, 58, 63, 67), (75, 72, 70, 79, 75, 72, 67, 70)),
    ((53, 56, 60, 67), (72, 68, 67, 80, 79, 72, 68, 67)),
    ((58, 63, 65, 68), (77, 75, 70, 68, 74, 70, 65, 70)),
)
PAD_PARTIALS = ((1, 1.0), (2, 0.35), (3, 0.16), (4, 0.05))
PICK_PARTIALS = ((1, 1.0), (2, 0.28), (3, 0.10), (4, 0.06))


def hertz(note):
    """Frequency of a MIDI note, equal temperament."""
    return 440.0 * 2 ** ((note - 69) / 12)


def heard(frequency):
    """Whether a partial is in the band and clear of the test tones."""
    clear = all(max(frequency / tone, tone / frequency) > KEEP_CLEAR_RATIO for tone in TEST_TONES_HZ)
    return BAND_HZ[0] < frequency < BAND_HZ[1] and clear


def add_partial(mix, start, envelope, frequency, gain):
    """Adds a sine shaped by `envelope` to the loop, round its end where it must."""
    size = 1 << TABLE_BITS
    step = frequency * size / sound.RATE_HZ
    length = len(mix)
    phase = 0.0
    for offset, shape in enumerate(envelope):
        whole = int(phase)
        low = SINE[whole]
        mix[(start + offset) % length] += gain * shape * (low + (SINE[whole + 1] - low) * (phase - whole))
        phase += step
        if phase >= size:
            phase -= size


def pad_envelope():
    """Half a beat in, held, half a bar out: each chord is still there when the next has come."""
    rise, fall = EIGHTH * 2, BAR // 2
    up = [0.5 - 0.5 * math.cos(math.pi * i / rise) for i in range(rise)]
    down = [0.5 + 0.5 * math.cos(math.pi * i / fall) for i in range(fall)]
    return up + [1.0] * (BAR - rise) + down


def pick_envelope():
    """A soft stroke of 12 ms that dies away over a second and ends at nothing."""
    attack, length = sound.RATE_HZ * 12 // 1_000, sound.RATE_HZ
    tail = length - attack
    up = [0.5 - 0.5 * math.cos(math.pi * i / attack) for i in range(attack)]
    return up + [math.exp(-4.0 * i / tail) * (1 - i / tail) for i in range(tail)]


def add_note(mix, start, envelope, note, partials, gain):
    """Adds a note with those of its partials that may be heard."""
    for number, share in partials:
        frequency = hertz(note) * number
        if heard(frequency):
            add_partial(mix, start, envelope, frequency, gain * share)


def waiting():
    """The piece, 30 s, as samples."""
    mix = [0.0] * (BAR * len(BARS))
    pad, pick = pad_envelope(), pick_envelope()
    for number, (chord, picked) in enumerate(BARS):
        for note in chord:
            add_note(mix, number * BAR, pad, note, PAD_PARTIALS, 0.22)
        for eighth, note in enumerate(picked):
            # The first of a half bar a little stronger: it breathes.
            add_note(mix, number * BAR + eighth * EIGHTH, pick, note, PICK_PARTIALS, 0.40 if eighth % 4 == 0 else 0.30)
    scale = sound.amplitude(PEAK_DB) / max(abs(value) for value in mix)
    return array.array("h", (round(value * scale) for value in mix))


def ringing():
    """The ringing tone, one period."""
    on = sound.RATE_HZ * RINGING_ON_S
    edge = int(sound.RATE_HZ * RINGING_EDGE_S)
    peak = sound.amplitude(RINGING_DB)
    samples = array.array("h", bytes(2 * sound.RATE_HZ * RINGING_EVERY_S))
    for i in range(on):
        shape = min(1.0, i / edge, (on - 1 - i) / edge)
        samples[i] = round(peak * shape * math.sin(2 * math.pi * RINGING_HZ * i / sound.RATE_HZ))
    return samples


def beep():
    """The tone after which one speaks."""
    length = int(sound.RATE_HZ * BEEP_S)
    edge = int(sound.RATE_HZ * RINGING_EDGE_S)
    peak = sound.amplitude(BEEP_DB)
    return array.array("h", (
        round(peak * min(1.0, i / edge, (length - 1 - i) / edge) * math.sin(2 * math.pi * BEEP_HZ * i / sound.RATE_HZ))
        for i in range(length)
    ))


def pause():
    """A rest."""
    return array.array("h", bytes(2 * int(sound.RATE_HZ * PAUSE_S)))


# What music/ holds, by name.
PIECES = {"waiting": waiting, "ringing": ringing, "beep": beep, "pause": pause}
