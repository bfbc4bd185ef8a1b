"""Samples: reading, trimming, levelling and writing 16 kHz mono sound. Knows nothing of voices or texts.

A sound is an `array('h')` of samples at RATE_HZ. Everything here is integer or plain double arithmetic in a fixed order, so the
same input gives the same bytes.
"""

import array
import math
import subprocess
import sys
import wave

RATE_HZ = 16_000
FULL_SCALE = 32_768
WINDOW = RATE_HZ * 5 // 1_000
FRAME = RATE_HZ * 20 // 1_000
# Speech begins and ends where a 5 ms window comes within this of the loudest sample: low enough to keep a final "s" or "f".
EDGE_DB = -44.0
# Frames this far below the loudest one are pauses, and don't count in the level.
ACTIVE_DB = -25.0
FADE = RATE_HZ * 5 // 1_000


def db(ratio):
    """20 log10, with a floor instead of minus infinity."""
    return 20 * math.log10(max(ratio, 1e-9))


def amplitude(level_db):
    """The sample value of a level in dBFS."""
    return FULL_SCALE * 10 ** (level_db / 20)


def decode(path, folder):
    """The sound of any file sox reads, as 16 kHz mono, with rumble below speech cut. Uses `folder` for a raw copy."""
    raw = folder / "decoded.raw"
    # -D: no dither, which is random. -G: no clipping in the resampler.
    subprocess.run(
        ["sox", "-D", "-G", str(path), "-t", "raw", "-e", "signed", "-b", "16", "-L", "-c", "1", str(raw),
         "rate", "-v", str(RATE_HZ), "highpass", "70"],
        check=True,
    )
    samples = array.array("h", raw.read_bytes())
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def write(path, samples):
    """Writes a WAV with the 44 byte header and nothing else."""
    little = array.array("h", samples)
    if sys.byteorder == "big":
        little.byteswap()
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(little.tobytes())


def read(path):
    """The samples of a WAV that is 16 kHz mono 16 bit; ValueError says what it is instead."""
    with wave.open(str(path), "rb") as file:
        shape = (file.getframerate(), file.getnchannels(), file.getsampwidth() * 8)
        if shape != (RATE_HZ, 1, 16):
            raise ValueError(f"{path}: expected 16000 Hz, 1 channel, 16 bit; came {shape[0]} Hz, {shape[1]}, {shape[2]} bit")
        samples = array.array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def peak(samples):
    """The largest magnitude."""
    return max((abs(sample) for sample in samples), default=0)


def frame_levels(samples, length=FRAME):
    """RMS of each whole frame of `length` samples."""
    return [
        math.sqrt(sum(s * s for s in samples[at:at + length]) / length)
        for at in range(0, len(samples) - length + 1, length)
    ]


def active_level(samples):
    """RMS over the frames that carry speech."""
    levels = frame_levels(samples)
    floor = max(levels, default=0) * 10 ** (ACTIVE_DB / 20)
    active = [level for level in levels if level > floor]
    return math.sqrt(sum(level * level for level in active) / len(active)) if active else 0.0


def speech_edges(samples):
    """Indices of the first sample of speech and the one after its last; ValueError where there is none."""
    threshold = peak(samples) * 10 ** (EDGE_DB / 20)
    loud = [at for at in range(0, len(samples), WINDOW) if peak(samples[at:at + WINDOW]) > threshold]
    if not loud or threshold < 1:
        raise ValueError("expected speech, came silence")
    return loud[0], min(loud[-1] + WINDOW, len(samples))


def trim(samples, before_ms, after_ms):
    """Keeps this much in front of and behind the speech, of what was there, or of silence where there was less."""
    start, end = speech_edges(samples)
    before, after = RATE_HZ * before_ms // 1_000, RATE_HZ * after_ms // 1_000
    head = samples[max(0, start - before):start]
    tail = samples[end:end + after]
    silence = array.array("h", [0])
    return silence * (before - len(head)) + head + samples[start:end] + tail + silence * (after - len(tail))


def level(samples, active_db, peak_db):
    """Brings the speech to `active_db`. What would rise over `peak_db` is held down smoothly, 5 ms around it."""
    gain = amplitude(active_db) / max(active_level(samples), 1.0)
    limit = amplitude(peak_db)
    wanted = [
        min(gain, limit / max(peak(samples[at:at + WINDOW]), 1))
        for at in range(0, len(samples), WINDOW)
    ]
    # The least of each window and its neighbours, joined by straight lines: no step in gain, no sample over the limit.
    least = [min(wanted[max(0, i - 1):i + 2]) for i in range(len(wanted))]
    least.append(least[-1])
    out = array.array("h")
    for at, sample in enumerate(samples):
        window, within = divmod(at, WINDOW)
        here = least[window] + (least[window + 1] - least[window]) * within / WINDOW
        out.append(round(sample * here))
    return out


def fade_ends(samples):
    """Both ends rise from and fall to nothing within 5 ms, so that joins don't click."""
    out = array.array("h", samples)
    for at in range(min(FADE, len(out) // 2)):
        out[at] = round(out[at] * at / FADE)
        out[-1 - at] = round(out[-1 - at] * at / FADE)
    return out
