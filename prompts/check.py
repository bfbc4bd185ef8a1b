#!/usr/bin/env python3
"""Checks the prompts that ship: all there, in shape, heard, and made from what texts.toml says. Run by `make prompts-check`.

Prints each fault with its file and exits 1 if there is any.
"""

import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import make
import music
import sound

# A caller waiting for a number won't wait longer, and nothing is said in less.
NUMBER_S = (0.15, 1.6)
# What ends without a full stop is a piece of something longer.
PIECE_S = (0.1, 3.0)
MESSAGE_S = (0.5, 12.0)
# All prompts of all languages sound equally loud within this, in dB each way.
LOUDNESS_DB = 2.5
# The first and last 1 ms of a prompt: no step from silence that would be heard as a click.
EDGE_SAMPLE_MAX = 400
MUSIC_S = (20.0, 40.0)
# The quietest 100 ms of the music.
MUSIC_FLOOR_DB = -45.0
# A 440 Hz tone at a telephone's level is near -20 dBFS: the music has none to be taken for it.
TEST_TONE_DB = -60.0
HIGHEST_NUMBERS = [*range(100), *range(100, 1_000, 100), *range(1_000, 10_000, 1_000)]


def between(what, value, bounds):
    """A fault if `value` is out of bounds."""
    low, high = bounds
    return [] if low <= value <= high else [f"{what}: expected {low} to {high}, came {value:.2f}"]


def length_bounds(prompt_id, text):
    """How long a prompt may be, in seconds."""
    if make.is_number(prompt_id):
        return NUMBER_S
    return MESSAGE_S if text.endswith(".") else PIECE_S


def prompt_faults(path, prompt_id, text):
    """Faults of one prompt's file."""
    try:
        samples = sound.read(path)
    except (OSError, EOFError, ValueError) as error:
        return [f"expected a readable WAV, came: {error}"]
    if not samples or sound.peak(samples) == 0:
        return ["expected speech, came silence"]
    seconds = len(samples) / sound.RATE_HZ
    loudness = sound.db(sound.active_level(samples) / sound.FULL_SCALE)
    top = sound.db(sound.peak(samples) / sound.FULL_SCALE)
    edge = max(sound.peak(samples[:16]), sound.peak(samples[-16:]))
    return [
        *between("length in s", seconds, length_bounds(prompt_id, text)),
        *between("loudness in dBFS", loudness, (make.ACTIVE_DB - LOUDNESS_DB, make.ACTIVE_DB + LOUDNESS_DB)),
        *between("peak in dBFS", top, (make.ACTIVE_DB, make.PEAK_DB + 0.1)),
        *between("edge sample", edge, (0, EDGE_SAMPLE_MAX)),
    ]


def table_faults(texts):
    """Faults of the text table itself."""
    faults = []
    for prompt_id, row in texts["prompts"].items():
        for language in make.languages(texts):
            if not row.get(language, "").strip():
                faults.append(f"texts.toml: {prompt_id}: expected a text in {language!r}, came none")
    for number in HIGHEST_NUMBERS:
        if f"number-{number}" not in texts["prompts"]:
            faults.append(f"texts.toml: expected number-{number}, came none")
    return faults


def language_faults(texts, language):
    """Faults of the files of one language, and files that no text names."""
    folder = make.HERE / language
    faults = [
        f"{language}/{prompt_id}.wav: {fault}"
        for prompt_id, row in texts["prompts"].items()
        for fault in prompt_faults(folder / f"{prompt_id}.wav", prompt_id, row[language])
    ]
    for path in sorted(folder.glob("*")):
        if path.suffix != ".wav" or path.stem not in texts["prompts"]:
            faults.append(f"{language}/{path.name}: expected in texts.toml, it isn't there")
    return faults


def tone_db(samples, frequency):
    """Level of a frequency over the whole sound, in dBFS of a sine's RMS (Goertzel)."""
    turn = 2 * math.cos(2 * math.pi * frequency / sound.RATE_HZ)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + turn * last - before
    power = last * last + before * before - turn * last * before
    return sound.db(math.sqrt(max(power, 0.0)) * 2 / len(samples) / math.sqrt(2) / sound.FULL_SCALE)


def music_faults():
    """Faults of the waiting music: shape, gaps, seam, a tone that could be taken for a test tone."""
    name = "music/waiting.wav"
    try:
        samples = sound.read(make.HERE / name)
    except (OSError, EOFError, ValueError) as error:
        return [f"{name}: expected a readable WAV, came: {error}"]
    hundred_ms = sound.RATE_HZ // 10
    quietest = min(sound.frame_levels(samples, hundred_ms))
    steps = [abs(b - a) for a, b in zip(samples, samples[1:])]
    # A second at a time: a short tone would hide in an average over the whole piece.
    seconds = range(0, len(samples) - sound.RATE_HZ + 1, sound.RATE_HZ // 2)
    tone = max(tone_db(samples[at:at + sound.RATE_HZ], frequency) for at in seconds for frequency in (440.0, 880.0))
    faults = [
        *between("length in s", len(samples) / sound.RATE_HZ, MUSIC_S),
        *between("peak in dBFS", sound.db(sound.peak(samples) / sound.FULL_SCALE), (-15.0, -11.9)),
        *between("quietest 100 ms in dBFS", sound.db(quietest / sound.FULL_SCALE), (MUSIC_FLOOR_DB, 0.0)),
        *between("step at the seam", abs(samples[0] - samples[-1]), (0, max(steps))),
        *between("440 or 880 Hz in dBFS", tone, (-200.0, TEST_TONE_DB)),
    ]
    # Sines of another C library may round the last bit otherwise.
    apart = max((abs(a - b) for a, b in zip(samples, music.waiting())), default=0)
    faults += between("samples apart from music.py's", apart, (0, 1))
    return [f"{name}: {fault}" for fault in faults]


def tone_faults(piece):
    """Faults of a tone: it is what music.py computes."""
    name = f"music/{piece}.wav"
    try:
        samples = sound.read(make.HERE / name)
    except (OSError, EOFError, ValueError) as error:
        return [f"{name}: expected a readable WAV, came: {error}"]
    computed = music.PIECES[piece]()
    apart = max((abs(a - b) for a, b in zip(samples, computed)), default=0)
    faults = [
        *between("samples", len(samples), (len(computed), len(computed))),
        *between("samples apart from music.py's", apart, (0, 1)),
    ]
    return [f"{name}: {fault}" for fault in faults]


def voice_version(engine):
    """What the program says of its release, or None where it isn't installed."""
    if shutil.which(engine) is None:
        return None
    return subprocess.run([engine, "--version"], capture_output=True, text=True, check=False).stdout


def remade_faults(texts, language):
    """Makes a language again and compares bytes; says why where that can't be done."""
    voice = texts["voices"][language]
    version = voice_version(voice["engine"])
    if version is None or shutil.which("sox") is None:
        print(f"skipped: {language} not made again: {voice['engine']} or sox is not installed")
        return []
    if voice["version"] not in version:
        print(f"skipped: {language} not made again: the committed files are by {voice['engine']} {voice['version']}, here is: {version.strip()}")
        return []
    with tempfile.TemporaryDirectory() as folder:
        make.make_language(texts, language, Path(folder))
        return [
            f"{language}/{prompt_id}.wav: expected the bytes that make.py makes, came others: run `make prompts`"
            for prompt_id in texts["prompts"]
            if (Path(folder) / language / f"{prompt_id}.wav").read_bytes() != (make.HERE / language / f"{prompt_id}.wav").read_bytes()
        ]


def main():
    for hook in ("KOLAPP_VOICE_FOLDER", "KOLAPP_VOICE_COMMAND"):
        os.environ.pop(hook, None)
    texts = make.table()
    faults = table_faults(texts)
    if not faults:
        for language in make.languages(texts):
            faults += language_faults(texts, language)
        faults += music_faults() + tone_faults("ringing") + tone_faults("beep") + tone_faults("pause")
    if not faults:
        for language in make.languages(texts):
            faults += remade_faults(texts, language)
    for fault in faults:
        print(fault, file=sys.stderr)
    count = len(texts["prompts"]) * len(make.languages(texts))
    print(f"prompts: {count} prompts and the music, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
