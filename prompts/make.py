#!/usr/bin/env python3
"""Makes the voice prompts and the waiting music that ship with the server, from `texts.toml`. Run by `make prompts`.

Where a prompt's sound comes from, first that applies:
  1. KOLAPP_VOICE_FOLDER: a folder with <language>/<id>.<wav, flac, ogg or mp3>; recordings of a person, say. Any rate, any channels.
  2. KOLAPP_VOICE_COMMAND: a program called with language, id, text and the path of a WAV to write. Any rate, any channels.
  3. The voice that texts.toml names: espeak-ng for Swedish, flite for English.
Whatever the source, it is trimmed, levelled and written as 16 kHz mono 16 bit.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import music
import sound

HERE = Path(__file__).resolve().parent
RECORDING_KINDS = (".wav", ".flac", ".ogg", ".mp3")
# Speech at this level, peaks under that: what a telephone's own talker has.
ACTIVE_DB = -21.0
PEAK_DB = -6.0
PAUSE_MS = 40
# Parts of one number, or of "nummer" and its number, follow each other without a pause.
JOIN_MS = 10


def table():
    """texts.toml, parsed."""
    with open(HERE / "texts.toml", "rb") as file:
        return tomllib.load(file)


def languages(texts):
    """The languages that have a voice, in a fixed order."""
    return sorted(texts["voices"])


def is_number(prompt_id):
    """Whether the prompt is a number, or a part of one."""
    return prompt_id.startswith("number-")


def spoken(voice, prompt_id, row, language):
    """The text as the built-in voice should get it."""
    text = row[language]
    if voice["numerals"] and is_number(prompt_id):
        text = prompt_id.removeprefix("number-")
    for word, sounds in voice.get("pronounce", {}).items():
        text = re.sub(rf"\b{re.escape(word)}\b", lambda _: sounds, text)
    return f"{text}," if row.get("continued") else text


def run_voice(voice, prompt_id, text, out):
    """Has the voice say `text` to the file `out`."""
    engine = voice["engine"]
    if engine == "espeak-ng":
        command = [engine, "-v", voice["voice"], "-s", str(voice["words_per_minute"]), "-w", str(out), text]
    elif engine == "flite":
        stretch = voice["number_stretch" if is_number(prompt_id) else "stretch"]
        command = [engine, "-voice", voice["voice"], "--setf", f"duration_stretch={stretch}", "-t", text, "-o", str(out)]
    else:
        raise SystemExit(f"texts.toml: expected engine espeak-ng or flite, came {engine!r}")
    subprocess.run(command, check=True)


def recording(language, prompt_id):
    """A file for this prompt in KOLAPP_VOICE_FOLDER."""
    folder = os.environ.get("KOLAPP_VOICE_FOLDER")
    if folder is None:
        return None
    candidates = (Path(folder) / language / f"{prompt_id}{kind}" for kind in RECORDING_KINDS)
    return next((path for path in candidates if path.is_file()), None)


def voiced(texts, language, prompt_id, folder):
    """Path of this prompt's sound, as its source gave it."""
    found = recording(language, prompt_id)
    if found is not None:
        return found
    out = folder / "voice.wav"
    out.unlink(missing_ok=True)
    row = texts["prompts"][prompt_id]
    command = os.environ.get("KOLAPP_VOICE_COMMAND")
    if command is not None:
        subprocess.run([*shlex.split(command), language, prompt_id, row[language], str(out)], check=True)
    else:
        voice = texts["voices"][language]
        run_voice(voice, prompt_id, spoken(voice, prompt_id, row, language), out)
    if not out.is_file():
        raise SystemExit(f"{language}/{prompt_id}: expected a sound at {out}, the voice wrote none")
    return out


def made(texts, language, prompt_id, folder):
    """The finished samples of one prompt."""
    raw = sound.decode(voiced(texts, language, prompt_id, folder), folder)
    row = texts["prompts"][prompt_id]
    before = JOIN_MS if is_number(prompt_id) else PAUSE_MS
    after = JOIN_MS if row.get("continued") else PAUSE_MS
    try:
        trimmed = sound.trim(raw, before, after)
    except ValueError as error:
        raise SystemExit(f"{language}/{prompt_id}: {error}") from error
    return sound.fade_ends(sound.level(trimmed, ACTIVE_DB, PEAK_DB))


def make_language(texts, language, target):
    """Writes every prompt of a language to target/<language>/."""
    with tempfile.TemporaryDirectory() as folder:
        for prompt_id in texts["prompts"]:
            sound.write(target / language / f"{prompt_id}.wav", made(texts, language, prompt_id, Path(folder)))


def make_music(target):
    """Writes the music to target/music/."""
    for name, piece in music.PIECES.items():
        sound.write(target / "music" / f"{name}.wav", piece())


def main():
    texts = table()
    parser = argparse.ArgumentParser(description="Make voice prompts and waiting music.")
    parser.add_argument("--into", type=Path, default=HERE, help="folder to write <language>/ and music/ to")
    parser.add_argument("--only", choices=[*languages(texts), "music"], help="make just this")
    options = parser.parse_args()
    for language in languages(texts):
        if options.only in (None, language):
            make_language(texts, language, options.into)
            print(f"{language}: {len(texts['prompts'])} prompts")
    if options.only in (None, "music"):
        make_music(options.into)
        print(f"music: {', '.join(music.PIECES)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
