"""Clips whose every frame is known, written with plain ffmpeg, apart from the code under test."""

import json
import subprocess
from pathlib import Path

import numpy as np

from dancenow.video import media


def ffmpeg(*arguments, data=None):
    """Run ffmpeg; strings are split at spaces, paths are not."""
    words = [
        word
        for argument in arguments
        for word in ([str(argument)] if isinstance(argument, Path) else argument.split())
    ]
    command = [media.ffmpeg_binary(), "-v", "error", "-y", *words]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def film(path, frames, *options, fps="25", pixel_format="rgb24", sound=""):
    """Write frames (arrays laid out as `pixel_format`); returns the path."""
    frames = np.asarray(frames)
    height, width = frames.shape[1:3] if pixel_format == "rgb24" else frames.shape[2:]
    ffmpeg(
        f"-f rawvideo -pix_fmt {pixel_format} -s {width}x{height} -framerate {fps} -i pipe:",
        sound,
        "-c:v libx264 -crf 4 -pix_fmt yuv420p",
        *options,
        path,
        data=frames.tobytes(),
    )
    return path


def numbered(count, height=64, width=96):
    """Frame i is grey of level 20 + 7 i."""
    return np.stack([np.full((height, width, 3), 20 + 7 * i, np.uint8) for i in range(count)])


def numbers(frames):
    return [round((float(frame.mean()) - 20) / 7) for frame in frames]


def read(path, width=96, height=64):
    return list(media.decode(path, media.probe(path), width, height))


def ffprobe(path, entries):
    command = [media.ffprobe_binary(), "-v", "error", "-of", "json", "-show_entries", entries, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def one_line(error, *words):
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


def sounding_clip(folder):
    """30 numbered frames, 96x64 at 25 fps, with 1.2 s of AAC."""
    return film(folder / "clip.mp4", numbered(30), "-c:a aac", sound="-f lavfi -i sine=f=440:r=48000:d=1.2")
