"""What is in a clip: size, rotation, colour, frame rate, sound, as ffprobe tells it."""

import json
import logging
import re
import subprocess
from array import array
from fractions import Fraction
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.programs import Stalled, address, ffprobe_binary, lines, running, safe_input
from dancenow.selection import select

log = logging.getLogger(__name__)

HEADER = (
    "format=format_name:stream=index,codec_type,codec_name,width,height,pix_fmt,sample_aspect_ratio,"
    "color_range,color_space,color_transfer,field_order,time_base,r_frame_rate,avg_frame_rate,start_time,duration,"
    "sample_rate,channels:stream_disposition=attached_pic:stream_side_data=rotation"
)

MATRICES = {
    "bt709": "bt709",
    "smpte170m": "bt601",
    "bt470bg": "bt601",
    "fcc": "fcc",
    "smpte240m": "smpte240m",
    "bt2020nc": "bt2020",
    "bt2020c": "bt2020",
}
RGB_FORMAT = re.compile("gbr|rgb|bgr|0rgb|0bgr|argb|abgr|x2rgb|x2bgr|pal8")
HDR_TRANSFERS = {"arib-std-b67", "smpte2084"}
# Nine hours at 30 frames/s. A time stamp gone astray must not fill the disk with repeated frames.
MAX_FRAMES = 1_000_000
MAX_ASPECT = 50
# Of a rate that Matroska's stamps of whole milliseconds give; 24 and 24000/1001 are ten times as far apart.
ROUNDING = 1e-4
# The header of any clip is far smaller.
MAX_HEADER = 1 << 22


def probe(path, **wanted):
    """Facts about the clip `path`, or about the part of it that is `wanted`, ready for JSON.

    wanted: start, end (s after the first frame), fps, crop, as selection.select takes them.

    Keys: file (name), format, stream (index of the picture track), codec, coded_width, coded_height,
    rotation (degrees clockwise, 0/90/180/270), sample_aspect ("1/1"), width and height (as displayed: after
    rotation, in square pixels), pixel_format, color_range, color_space, color_transfer (as flagged, or
    "unknown"), full_range (bool), color_matrix (the one used: as flagged, else assumed by height), fps
    ("30000/1001"), variable_rate (bool), frames (on the constant rate), duration (s), start (s, time stamp of
    the first frame), interlaced (bool), audio: null or {stream, codec, sample_rate, channels, start,
    duration} of the first sound track, and clip_fps, span, crop as selection.select explains them.

    Raises InputError when the file is missing, empty, cut short, or holds no moving picture, and when it has
    no such part.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a clip; name the file in it that is the clip")
    if not path.is_file():
        raise InputError(f"{path}: no such file; put the clip there or correct its name in the configuration")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; copy the clip again")
    report = _header(path)
    kind = report["format"]["format_name"]
    video = _first(report["streams"], "video")
    if video is None:
        raise InputError(f"{path}: there is no picture in it, only sound or data; give a video clip")
    times, end, time_base = _packet_times(path, video)
    fps, variable = _frame_rate(times, time_base, video)
    start = float(int(times[0]) * time_base)
    duration = (end - int(times[0])) * time_base
    declared = float(video.get("duration") or 0)
    if "mp4" in kind and declared - float(duration) > 1.5 / fps:
        raise InputError(
            f"{path}: cut short, {float(duration):.2f} of {declared:.2f} s are there; copy the clip again"
        )
    frames = int(duration * fps + Fraction(1, 2))
    if frames == 0:
        raise InputError(f"{path}: the picture lasts 0 seconds; give a clip with at least one frame")
    facts = {
        "file": path.name,
        "format": kind,
        "stream": video["index"],
        "codec": video.get("codec_name", "unknown"),
    }
    facts |= _geometry(path, video) | _colour(path, video)
    facts["color_matrix"] = _matrix(path, facts)
    facts |= {
        "fps": f"{fps.numerator}/{fps.denominator}",
        "variable_rate": variable,
        "frames": frames,
        "duration": float(frames / fps),
        "start": start,
        "interlaced": video.get("field_order", "progressive") in {"tt", "bb", "tb", "bt"},
        "audio": _audio(path, report["streams"]),
    }
    facts = select(path, facts, **wanted)
    if max(facts["width"], facts["height"]) > MAX_ASPECT * min(facts["width"], facts["height"]):
        raise InputError(
            f"{path}: its picture is {facts['width']}x{facts['height']} px, a mere stripe; re-encode it"
        )
    if facts["frames"] > MAX_FRAMES:
        raise InputError(
            f"{path}: {facts['frames']} frames in {facts['duration']:.0f} s are too many, or its time stamps "
            "jump; name the part you want with start and end"
        )
    return facts


def packets(path, stream, entries):
    """Yield the packets of one stream of a file, in file order, as {entry: text}; absent entries are "N/A".

    entries: ffprobe's names, separated by commas. Nothing of the packets before is kept.
    """
    for line in _ffprobe(
        path, of="compact=print_section=0", select_streams=stream, show_entries=f"packet={entries}"
    ):
        if line:  # ffprobe 5 writes an empty one for side data that nobody asked for
            yield dict(entry.partition("=")[::2] for entry in line.split("|"))


def count_packets(path):
    """How many packets each kind of stream in a film of our own holds, {"video": 300, "audio": 563}.

    The file is read to its end. Raises InputError when it is cut short: when a packet is, or when there are
    more or fewer than its header tells.
    """
    # An edit list hides packets that are there.
    options = {"ignore_editlist": 1} if Path(path).suffix == ".mp4" else {}
    entries = "stream=codec_type,nb_frames,nb_read_packets"
    report = _ffprobe(
        path, "-count_packets", fflags="+discardcorrupt", of="json", show_entries=entries, **options
    )
    counts = {}
    for stream in json.loads("\n".join(report))["streams"]:
        kind, there = stream["codec_type"], int(stream.get("nb_read_packets", 0))
        told = int(stream.get("nb_frames", there))
        if there != told:
            raise InputError(f"{path}: cut short, {there} of {told} packets of {kind} are there")
        counts[kind] = there
    return counts


def _header(path):
    """What ffprobe says of the file's format and streams: {format, streams}."""
    report, size = [], 0
    for line in _ffprobe(path, of="json", show_entries=HEADER):
        size += len(line)
        if size > MAX_HEADER:
            raise InputError(f"{path}: its header is no clip's; re-encode the clip")
        report.append(line)
    return json.loads("\n".join(report))


def _ffprobe(path, *flags, **options):
    """Yield the lines that ffprobe writes about the file `path`."""
    options = {"v": "error"} | safe_input() | options
    words = [*flags, *(word for name, value in options.items() for word in (f"-{name}", str(value)))]
    with running([ffprobe_binary(), *words, address(path)], stdout=subprocess.PIPE) as (process, reason):
        try:
            yield from lines(process.stdout)
        except Stalled as stalled:
            raise InputError(
                f"{path}: cannot be read, {stalled}; copy the clip to a disk of this machine"
            ) from None
        if process.wait():
            raise InputError(_refusal(path, reason()))


def _refusal(path, reason):
    with open(path, "rb") as clip:
        named_mp4 = clip.read(8)[4:] == b"ftyp"
    if "moov atom not found" in reason and named_mp4:
        return f"{path}: cut short ({reason}); copy the whole clip again"
    if "max pixel count" in reason:
        return f"{path}: its picture has more pixels than 8192x8192; re-encode it smaller"
    if "not on whitelist" in reason:
        reason = "its content is of no video format that is read here"
    return f"{path}: not a video ({reason or 'unknown format'}); give a clip such as an mp4"


def _first(streams, kind):
    """The first stream of a kind that is not cover art, or None."""
    for stream in streams:
        if stream.get("codec_type") == kind and not stream.get("disposition", {}).get("attached_pic"):
            return stream
    return None


def _packet_times(path, video):
    """Sorted presentation times and the end of the last, in units of the returned time base."""
    found = {"pts": array("q"), "dts": array("q"), "duration": array("q")}
    count = 0
    for packet in packets(path, video["index"], "pts,dts,duration,flags"):
        # "D" marks packets that an edit list leaves out.
        if "D" in packet.get("flags", ""):
            continue
        count += 1
        found["duration"].append(_integer(packet.get("duration")) or 0)
        for key in ("pts", "dts"):
            if (time := _integer(packet.get(key))) is not None:
                found[key].append(time)
    if not count:
        raise InputError(f"{path}: there is no frame in it; give a clip with at least one frame")
    time_base, step = Fraction(video["time_base"]), 1 / _rates(video)[-1]
    for key in ("pts", "dts"):
        times = np.array(found[key], np.int64)
        if len(times) < count:
            continue
        order = np.argsort(times, kind="stable")
        times = times[order]
        if (np.diff(times) > 0).all():
            last = found["duration"][order[-1]] or round(step / time_base)
            return times, int(times[-1]) + last, time_base
    # Raw and MPEG program streams lack times, or have them doubled: their frames come at the nominal rate.
    return np.arange(count), count, step


def _integer(text):
    return int(text) if text and text != "N/A" else None


def _rates(video):
    """The frame rates that the container states: nominal, then average."""
    stated = [video.get(key, "0/0") for key in ("r_frame_rate", "avg_frame_rate")]
    return [_standard(Fraction(rate)) for rate in stated if not rate.startswith("0/")] or [Fraction(25)]


def _standard(rate):
    """n or n * 1000/1001 where the rate is one of these but for the rounding of stamps, else the rate."""
    count = max(1, round(rate))
    near = [one for one in (Fraction(count), Fraction(count * 1000, 1001)) if abs(rate / one - 1) < ROUNDING]
    return near[0] if near else rate


def _frame_rate(times, time_base, video):
    """(frames a second, whether the clip's own rate varies).

    A rate is constant when every frame lies within half a frame of its place. A clip with a varying rate
    gets the rate of its median step, so that most of its frames keep a place of their own.
    """
    rates = _rates(video)
    if len(times) == 1:
        return rates[-1], False
    elapsed = (times - times[0]) * float(time_base)
    for rate in rates:
        if np.abs(elapsed * float(rate) - np.arange(len(times))).max() < 0.5:
            return rate, False
    pace = 1 / (float(np.median(np.diff(times))) * float(time_base))
    near = [rate for rate in rates if abs(float(rate) / pace - 1) < 0.02]
    count = max(1, round(pace))
    standard = [Fraction(count), Fraction(count * 1000, 1001)]
    return min(near or standard, key=lambda rate: abs(float(rate) - pace)), True


def _geometry(path, video):
    if not video.get("width") or not video.get("height"):
        raise InputError(
            f"{path}: no frame can be decoded, as without a key frame or beyond 8192x8192 px; re-encode it"
        )
    turns = [side["rotation"] for side in video.get("side_data_list", []) if "rotation" in side]
    rotation = -round(turns[0]) % 360 if turns else 0  # ffprobe counts counterclockwise
    if rotation % 90:
        raise InputError(f"{path}: rotated by {rotation} degrees; re-encode the clip upright")
    aspect = Fraction(1)
    numerator, _, denominator = video.get("sample_aspect_ratio", "1:1").partition(":")
    if numerator.isdigit() and denominator.isdigit() and int(numerator) * int(denominator):
        aspect = Fraction(int(numerator), int(denominator))
    width, height = round(video["width"] * aspect), video["height"]
    if rotation % 180:
        width, height = height, width
    return {
        "coded_width": video["width"],
        "coded_height": video["height"],
        "rotation": rotation,
        "sample_aspect": f"{aspect.numerator}/{aspect.denominator}",
        "width": width,
        "height": height,
    }


def _colour(path, video):
    flags = {f"color_{key}": video.get(f"color_{key}", "unknown") for key in ("range", "space", "transfer")}
    if flags["color_transfer"] in HDR_TRANSFERS:
        log.info("%s: HDR footage (%s) is tone-mapped to BT.709", path, flags["color_transfer"])
    pixel_format = video.get("pix_fmt", "unknown")
    full = flags["color_range"] == "pc" or pixel_format.startswith("yuvj")
    return {"pixel_format": pixel_format, **flags, "full_range": full}


def _matrix(path, facts):
    if facts["color_space"] == "gbr" or RGB_FORMAT.match(facts["pixel_format"]):
        return "rgb"
    if facts["color_space"] in MATRICES:
        return MATRICES[facts["color_space"]]
    matrix = "bt709" if facts["height"] >= 720 else "bt601"
    log.info("%s: its colour matrix is not flagged; assuming %s for %d lines", path, matrix, facts["height"])
    return matrix


def _audio(path, streams):
    tracks = [stream for stream in streams if stream.get("codec_type") == "audio"]
    if not tracks:
        return None
    stream = tracks[0]
    if len(tracks) > 1:
        log.info("%s: the first of its %d sound tracks is taken", path, len(tracks))
    number = {
        key: float(stream[key]) if stream.get(key) not in (None, "N/A") else None
        for key in ("start_time", "duration")
    }
    return {
        "stream": stream["index"],
        "codec": stream.get("codec_name", "unknown"),
        "sample_rate": int(stream.get("sample_rate", 0)),
        "channels": int(stream.get("channels", 0)),
        "start": number["start_time"] or 0.0,
        "duration": number["duration"],
    }
