"""Read a clip's properties with ffprobe: size, rotation, colour, frame rate, sound."""

import logging
import re
import shlex
from array import array
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dancenow.errors import InputError, bring_back
from dancenow.video.boxes import (
    at_another_speed,
    endless_edit,
    in_fragments,
    in_pieces,
    is_encrypted,
    is_photo,
)
from dancenow.video.display import colour, geometry, refuse_two_in_one
from dancenow.video.ffprobe import all_there, first_change, packets, read_header
from dancenow.video.joints import refuse_jump, refuse_second_file, refuse_torn_joint
from dancenow.video.selection import select
from dancenow.video.sound import choose_sound
from dancenow.video.times import first_key, frame_rate, frame_times, in_fields
from dancenow.video.torn import ends_early, torn_at
from dancenow.video.trial_decoding import Undecodable, decoded

log = logging.getLogger(__name__)

# Nine hours at 30 frames/s. A wrong time stamp must not fill the disk with repeated frames.
MAX_FRAMES = 1_000_000
MAX_ASPECT = 50  # of the longer edge to the shorter: one of a few px is no picture of anybody
# Dispositions of tracks that are not moving pictures.
STILL_PICTURES = ("attached_pic", "timed_thumbnails", "still_image")
PICTURE_FILES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}
# What ffmpeg, by its version, says of a codec that it does not know.
NO_DECODER = re.compile("Decoder .*not found|no decoder found")
# Streams without a container, whose times ffmpeg and ffprobe make up, each of its own.
BARE = {"h264", "hevc", "vvc", "m4v", "mpegvideo", "vc1", "obu"}


def probe(path: str | Path, **wanted: Any) -> dict:
    """Facts about the clip `path`, or about the part of it that is `wanted`, ready for JSON.

    wanted: start, end (s after the first frame), fps, crop, as selection.select takes them.

    Keys: file (name), format, stream (index of the picture track), codec, until (the byte at which a last
    frame that is torn begins, or None), coded_width, coded_height (px, of what the container shows of the
    picture, before rotation), mirrored (bool, left to right, before rotation), rotation (degrees clockwise,
    0/90/180/270), seek (s, the time stamp of the key frame at which decoding must begin, or None), hidden
    (how many decoded frames come before the first that is shown), turned_by_frames (bool, whether frames of
    the stream, and not the container, tell the rotation), sample_aspect ("1/1"), width and height (as
    displayed: after rotation, in square pixels), pixel_format, color_range, color_space, color_transfer (as
    flagged, or "unknown"), full_range (bool), color_matrix (the one used: as flagged, else assumed by
    height), fps ("30000/1001"), variable_rate (bool), frames (on the constant rate), duration (s), start (s,
    time stamp of the first frame that can be decoded), interlaced (bool), clip_fps, span, crop as
    selection.select explains them, and audio: as from sound.choose_sound.

    Of several tracks of more than one frame, the one flagged as default is used, else the largest; the log
    names the others. Raises InputError if the file is missing, empty, cut short, or contains no moving
    picture, and if it has no such part.
    """
    path = Path(path)
    _refuse_what_is_no_file(path)
    report = read_header(path)
    kind = report["format"]["format_name"]
    refuse_second_file(path, kind)
    video, first, size = _picture(path, report["streams"])
    declared = float(video.get("duration") or report["format"].get("duration") or 0)
    timing = _timing(path, video, kind, first, declared)
    facts = {
        "file": path.name,
        "format": kind,
        "stream": video["index"],
        "codec": video.get("codec_name", "unknown"),
        "until": timing.until,
        "seek": timing.seek,
        "hidden": timing.hidden,
        "turned_by_frames": video["turned_by_frames"],
    }
    if kind == "ogg" and ends_early(path):
        log.warning(
            "%s: its end is missing, as of a download that stopped; what is there, %.2f s, is used. To have "
            "the rest, copy it again", path, timing.duration,
        )  # fmt: skip
    facts |= geometry(path, video, size)
    refuse_two_in_one(path, video, facts, wanted.get("crop") is not None)
    facts |= colour(path, video, facts["height"])
    facts |= {
        "fps": f"{timing.fps.numerator}/{timing.fps.denominator}",
        "variable_rate": timing.variable,
        "frames": timing.frames,
        "duration": float(timing.frames / timing.fps),
        "start": timing.start,
        "interlaced": video["interlaced"],
    }
    facts = select(path, facts, **wanted)
    _refuse_extremes(path, facts)
    sounds = [stream for stream in report["streams"] if stream.get("codec_type") == "audio"]
    audio = choose_sound(path, _of_its_program(sounds, video), facts)
    if "duration" in video or len(report["streams"]) == 1 + len(sounds):
        _tell_missing(path, timing, audio, declared)
    return facts | {"audio": audio}


def _of_its_program(sounds: list[dict], video: dict) -> list[dict]:
    """The sounds that belong to no other program of a television stream than the picture."""
    return [
        sound
        for sound in sounds
        if not (sound["programs"] and video["programs"]) or sound["programs"] & video["programs"]
    ]


def _tell_missing(path: Path, timing: "Timing", audio: dict | None, declared: float) -> None:
    """Log how much of a picture is there, if its header declares more (s)."""
    # In a fragmented mp4 the header may give the end of the whole, in Matroska of the longest track.
    lasts = max(timing.duration, timing.end, audio["end"] if audio else 0)
    if not timing.hidden and declared - float(lasts) > max(1, 1.5 / timing.fps):
        log.warning(
            "%s: its picture lasts %.2f s, not %.2f s as its header says; it is used as far as it goes. "
            "If a copy stopped, copy it again", path, timing.duration, declared,
        )  # fmt: skip


def _refuse_what_is_no_file(path: Path) -> None:
    if path.is_dir():
        kinds = {one.suffix for one in path.iterdir() if one.suffix.lower() in PICTURE_FILES}
        if kinds:
            pictures = shlex.quote(f"{path}/*{min(kinds)}")
            raise InputError(
                f"{path}: a folder of pictures; make a clip of them at their rate: ffmpeg -framerate 30 "
                f"-pattern_type glob -i {pictures} -crf 4 -pix_fmt yuv420p clip.mp4"
            )
        raise InputError(f"{path}: a folder, not a clip; name the file in it that is the clip")
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: a pipe or a device, not a file; save the clip as a file")
    if not path.is_file():
        raise InputError(f"{path}: no such file; put the clip there or correct its path in the configuration")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; {bring_back(path)}")
    if is_encrypted(path):
        raise InputError(f"{path}: its picture is encrypted (copy protection, DRM); give an unprotected copy")
    if is_photo(path):
        raise InputError(f"{path}: a photo (HEIC, AVIF), not a video; of a Live Photo give the MOV beside it")
    if at_another_speed(path):
        raise InputError(f"{path}: its edit list plays it slower or faster than recorded; re-encode it")


class Timing(NamedTuple):
    """When the picture of a clip is shown: until, seek, hidden, start and frames as in probe; fps, in
    which its frames are counted; variable: whether they come at another rate; duration (s) of what is shown;
    end (s): where its last frame ends in the time of the file.
    """

    until: int | None
    seek: float | None
    hidden: int
    start: float
    fps: Fraction
    variable: bool
    frames: int
    duration: Fraction
    end: Fraction


def _timing(path: Path, video: dict, kind: str, first: float, declared: float) -> Timing:
    """The Timing of a picture track from its packets, which are read to the end.

    kind: the file's format; first: s, the time of its first frame; declared: s, the header's duration.
    """
    in_one = "mp4" in kind and not in_fragments(path)
    found = _packets(path, video)
    time_base = Fraction(video["time_base"])
    if kind not in BARE:
        refuse_jump(path, kind, found["dts"], float(time_base))
    # The index of an mp4 shows that its end is missing, and Matroska's reader leaves out what is torn.
    held = found | {"pts": array("q")} if kind in BARE else found
    fields = in_fields(video)
    until = None
    if not in_one and "matroska" not in kind:
        until = torn_at(path, video["index"], held, float(time_base), fields)
    if until is not None:
        log.warning("%s: its last frame is torn, as when a recording is cut off; it is left out", path)
    if kind == "mpegts":
        refuse_torn_joint(path, video["index"], until)
    seek = first_key(video, kind, found)
    times, end, time_base = frame_times(path, video, max(first, seek or first), found, until)
    _refuse_change(path, video["index"], found)
    fps, variable = frame_rate(times, time_base, video)
    # An edit that ffmpeg does not carry out still says where the clip begins, at time 0.
    hidden = int((times * float(time_base) < -0.5 / fps).sum()) if endless_edit(path) else 0
    times = times[hidden:]
    if not len(times):
        raise InputError(f"{path}: its edit list begins after its last frame; re-encode it")
    start = float(int(times[0]) * time_base)
    if variable and in_pieces(path):
        if abs(len(times) / fps - declared) * fps > 1.5:
            raise InputError(f"{path}: its edit list shows pieces of it, at times that vary; re-encode it")
        times, end, time_base, variable = np.arange(len(times)), len(times), 1 / fps, False
    duration = (end - int(times[0])) * time_base
    if in_one and declared - float(duration) > 1.5 / fps and not all_there(path):
        raise InputError(
            f"{path}: cut short, {float(duration):.2f} of {declared:.2f} s are there; {bring_back(path)}"
        )
    frames = int(duration * fps + Fraction(1, 2))
    variable = variable or frames > len(times) + 1  # its last frame is held
    if frames == 0:
        raise InputError(f"{path}: the picture lasts 0 seconds; give a clip with at least one frame")
    return Timing(until, seek, hidden, start, fps, variable, frames, duration, end * time_base)


def _refuse_extremes(path: Path, facts: dict) -> None:
    if max(facts["width"], facts["height"]) > MAX_ASPECT * min(facts["width"], facts["height"]):
        raise InputError(
            f"{path}: its picture is {facts['width']}x{facts['height']} px, too narrow; re-encode it"
        )
    if facts["frames"] > MAX_FRAMES:
        raise InputError(
            f"{path}: {facts['frames']} frames in {facts['duration']:.0f} s are too many, or its time stamps "
            "jump; name the part you want with start and end"
        )


def _refuse_change(path: str | Path, stream: int, found: dict[str, array]) -> None:
    """Raise InputError where the picture changes its size or format, before hours are spent on it.

    Where each frame is a key frame, looking costs as much as decoding does, which looks too.
    """
    if not all(found["key"]) and first_change(path, stream, "nokey") and (how := first_change(path, stream)):
        raise InputError(f"{path}: its picture {how}; re-encode it to one size and format")


def _picture(path: str | Path, streams: list[dict]) -> tuple[dict, float, tuple[int, int]]:
    """(the video track to use, the time of its first frame in s, its decoded size)."""
    pictures = [stream for stream in streams if stream.get("codec_type") == "video"]
    tracks = [
        one for one in pictures if not any(one.get("disposition", {}).get(flag) for flag in STILL_PICTURES)
    ]
    if not tracks:
        raise InputError(f"{path}: it contains no picture, only sound or data; give a video clip")
    tracks.sort(key=_rank)
    reason, two, stills = "", dict[str, Any]({"frames:v": 2}), []
    for track in tracks:
        frames = []
        try:
            frames.extend(decoded(path, track["index"], **two))
        except Undecodable as error:
            reason = f" ({error})"
        if len(frames) > 1:
            break
        stills += [(track, frames)] if frames else []
    else:
        track, frames = stills[0] if stills else (tracks[0], [])
    if not frames:
        if next(packets(path, tracks[0]["index"], "pts"), None) is None:
            raise InputError(f"{path}: it contains no frame; give a clip with at least one frame")
        if NO_DECODER.search(reason):
            name = tracks[0].get("codec_name", "unknown")
            name = tracks[0].get("codec_tag_string", name) if name == "unknown" else name
            raise InputError(
                f"{path}: its picture is of a kind that ffmpeg cannot decode ({name}); export it as H.264"
            )
        raise InputError(
            f"{path}: no frame can be decoded{reason}; the clip may be cut short, lack a key frame or exceed "
            "8192x8192 px; copy it again or re-encode it"
        )
    others = [_described(one) for one in tracks if one is not track]
    if others:
        log.info("%s: of its video tracks %s is used, not %s", path, _described(track), " or ".join(others))
    begin, _, size = frames[0]
    return track, begin, size


def _rank(stream: dict) -> tuple:
    size = stream.get("width", 0) * stream.get("height", 0)
    return not stream.get("disposition", {}).get("default"), -size


def _described(stream: dict) -> str:
    size = f"{stream.get('width', 0)}x{stream.get('height', 0)}"
    return f"{stream['index']} ({stream.get('codec_name', 'unknown')}, {size})"


def _packets(path: str | Path, video: dict) -> dict[str, array]:
    """The packets of a picture track, in file order: {pts, dts, duration, pos, key}, each an array.

    Of pts and dts only those that are there; durations of 0 and places of -1 stand for missing ones.
    """
    found = {key: array("q") for key in ("pts", "dts", "duration", "pos", "key")}
    for packet in packets(path, video["index"], "pts,dts,duration,pos,size,flags"):
        flags = packet.get("flags", "")
        # "D" marks packets that an edit list leaves out. An empty one repeats the frame before, in Theora.
        if "D" in flags or packet.get("size") == "0":
            continue
        found["key"].append("K" in flags)
        for key, missing in (("duration", [0]), ("pos", [-1]), ("pts", []), ("dts", [])):
            number = _integer(packet.get(key))
            found[key].extend(missing if number is None else [number])
    if not found["key"]:
        raise InputError(f"{path}: it contains no frame; give a clip with at least one frame")
    return found


def _integer(text: str | None) -> int | None:
    return int(text) if text and text != "N/A" else None
