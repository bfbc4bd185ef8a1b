#!/usr/bin/env bash
# Makes the sound files of this folder again with ffmpeg: a second of 440 Hz in each kind that may be imported, in two rates and numbers of
# channels, and at two levels. They are committed, since not every machine that tests has these encoders.
set -euo pipefail
cd "$(dirname "$0")"

make() { # file rate channels decibels, and what else ffmpeg is told
    local file=$1 rate=$2 channels=$3 db=$4
    shift 4
    ffmpeg -loglevel error -y -f lavfi -i "sine=frequency=440:sample_rate=$rate:duration=1" -af "volume=${db}dB" -ac "$channels" \
        -map_metadata -1 -fflags +bitexact -flags:a +bitexact "$@" "$file"
}

make mono.wav 16000 1 0
make float.wav 8000 1 -10 -c:a pcm_f32le
make adpcm.wav 22050 1 0 -c:a adpcm_ima_wav
make stereo.mp3 44100 2 6
make mono.flac 48000 1 0
make surround.flac 44100 6 -12
make stereo.ogg 44100 2 0 -c:a libvorbis
make mono.opus 48000 1 0 -c:a libopus -b:a 24k
make stereo.opus 48000 2 -20 -c:a libopus -b:a 48k
make surround.opus 48000 6 0 -c:a libopus -b:a 96k
make stereo.m4a 44100 2 0 -c:a aac -b:a 64k
make mono.aac 32000 1 0 -c:a aac -b:a 32k

# An hour and a minute of nothing in a few kilobytes: longer than a prompt may be, and no larger than one.
ffmpeg -loglevel error -y -f lavfi -i anullsrc=r=8000:cl=mono -t 3660 -map_metadata -1 -fflags +bitexact -flags:a +bitexact \
    -frame_size 65535 long.flac
