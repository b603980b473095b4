"""Clips in and videos out: the frames of a clip as arrays, frames to a video, sound on top.

Everything runs through the ffmpeg program. A frame is (height, width, 3) uint8 RGB, full range,
in presentation order on a constant frame rate; frame i is shown at i / fps seconds after the first.
"""

import logging
import subprocess
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np

from dancenow.errors import InputError, bring_back
from dancenow.files import atomic_path
from dancenow.video.display import HDR_TRANSFERS, usual_matrix
from dancenow.video.ffprobe import count_packets, first_change
from dancenow.video.probing import probe
from dancenow.video.programs import (
    THREADS,
    Stalled,
    address,
    clip_input,
    ffmpeg_binary,
    ffprobe_binary,
    fill,
    graph,
    no_room,
    seek_input,
)
from dancenow.video.selection import pixel_shape
from dancenow.video.sound import into_mp4, joined

__all__ = [
    "decode",
    "decode_lossless",
    "encode",
    "encode_lossless",
    "ffmpeg_binary",
    "ffprobe_binary",
    "framing",
    "mux",
    "probe",
    "working_size",
    "write_stream",
]

log = logging.getLogger(__name__)

# Fixed, because each thread buffers frames: memory, and the end of a damaged clip, must not depend on the
# machine.
DECODER_THREADS = 4
# of whose frames ffmpeg 9, with several threads, now and then shows a later one
ONE_THREAD = {"theora", "vp3", "vp4"}
CRF = 16
# what ffmpeg's filters call the matrices: of HDR footage BT.2100's, RGB's and those that some write
FILTER_MATRICES = {"rgb": "gbr", "bt709": "bt709", "bt601": "smpte170m", "bt2020": "bt2020nc"}
SCALER = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"


def working_size(width: int, height: int, long_edge: int) -> tuple[int, int]:
    """(width, height) to work at, both multiples of 32, for a clip displayed at `width` x `height` px.

    The longer side becomes `long_edge`, the other the multiple of 32 nearest to the clip's own aspect.
    InputError if `long_edge` is no positive multiple of 32.
    """
    if long_edge < 32 or long_edge % 32:
        nearest = max(32, round(long_edge / 32) * 32)
        raise InputError(f"long_edge: {long_edge} is not a positive multiple of 32; try {nearest}")
    short = max(32, round(long_edge * min(width, height) / max(width, height) / 32) * 32)
    return (long_edge, short) if width >= height else (short, long_edge)


def framing(facts: dict, width: int, height: int) -> dict[str, float]:
    """How a clip is fitted to `width` x `height`: {scale, scaled_width, scaled_height, crop_x, crop_y}.

    One scale for both directions, just large enough to cover the frame; the rest is cropped evenly. A point
    (x, y) of the displayed clip lies at (x * scale - crop_x, y * scale - crop_y).
    """
    scale = max(Fraction(width, facts["width"]), Fraction(height, facts["height"]))
    scaled = [max(width, round(facts["width"] * scale)), max(height, round(facts["height"] * scale))]
    return {
        "scale": float(scale),
        "scaled_width": scaled[0],
        "scaled_height": scaled[1],
        "crop_x": (scaled[0] - width) // 2,
        "crop_y": (scaled[1] - height) // 2,
    }


def decode(path: str | Path, facts: dict, width: int, height: int) -> Iterator[np.ndarray]:
    """Yield the frames of `path` as (height, width, 3) uint8 RGB at the constant rate facts["fps"].

    Only the part described by `facts` is decoded. The display rotation is applied, pixels are made square,
    and colours are converted with the clip's own matrix and range. Memory does not grow with the clip. Raises
    InputError, naming the frame, when the data are damaged.
    """
    options = seek_input(facts["seek"])
    if facts["turned_by_frames"]:  # else ffmpeg begins its filters, and their count of frames, anew
        options |= {"reinit_filter": 0}
    threads = 1 if facts["codec"] in ONE_THREAD else DECODER_THREADS
    clip = clip_input(path, facts["until"], threads=threads, **options)[str(facts["stream"])]
    if facts["interlaced"]:  # before anything moves its lines
        clip = clip.filter("bwdif", mode="send_frame")
    clip = _upright(_of_one_size(clip, facts), facts)
    if facts["hidden"]:
        clip = clip.filter("trim", start_frame=facts["hidden"])
    clip = _cropped(_timed(clip, facts), facts)
    fit = framing(facts, width, height)
    size = fit["scaled_width"], fit["scaled_height"]
    if facts["color_transfer"] in HDR_TRANSFERS:
        clip = _tone_mapped(clip.filter("scale", *size, flags=SCALER), facts)
    else:
        clip = clip.filter("scale", *size, flags=SCALER, **_input_colour(facts))
    clip = clip.filter("format", "rgb24")
    clip = clip.filter("crop", width, height, fit["crop_x"], fit["crop_y"])
    command = clip.output("pipe:", format="rawvideo", pix_fmt="rgb24", threads=1).global_args("-xerror")
    count = 0
    with graph(command, stdout=subprocess.PIPE) as (process, reason):
        # Frames that fail silently, for example before the first key frame, would shift picture against
        # sound. One frame more or less comes from rounding the last frame's duration.
        while True:
            frame = np.empty((height, width, 3), np.uint8)
            got = _next_frame(path, process, frame, count)
            if got < frame.nbytes:
                break
            yield frame
            count += 1
        if process.wait() or got:
            _refuse_changes(path, facts)
            raise InputError(
                f"{path}: damaged after frame {count} of {facts['frames']} ({reason()}); "
                + bring_back(path, "copy the clip again or re-encode it")
            )
    if abs(count - facts["frames"]) > 1 or not count:
        _refuse_changes(path, facts)
        remedy = bring_back(path, "re-encode the clip")
        raise InputError(f"{path}: {count} of {facts['frames']} frames can be decoded; {remedy}")


def encode(
    path: str | Path,
    frames: Iterable[np.ndarray],
    fps: str | int | Fraction,
    width: int,
    height: int,
    crf: int = CRF,
) -> int:
    """Write `frames`, an iterable of (height, width, 3) uint8 RGB, as an H.264 mp4 that plays everywhere.

    yuv420p, limited range, BT.709 but for the matrix of pictures below 720 lines, BT.601, all flagged so;
    constant rate `fps` (a Fraction or "30000/1001") with frame i at exactly i / fps, the index in front.
    The same frames give the same bytes. crf: x264's constant rate factor, 0 to 51, the lower the better.
    Returns the frame count.
    """
    # what readers assume that look at no flag, as OpenCV, which would show other colours than the footage's
    matrix = FILTER_MATRICES[usual_matrix(height)]
    flags = {"color_primaries": "bt709", "color_trc": "bt709", "colorspace": matrix}
    picture = _pictures(fps, width, height)
    picture = picture.filter("scale", out_color_matrix=matrix, out_range="tv", flags=SCALER)
    picture = picture.filter("format", "yuv420p").filter("setparams", range="tv", **flags)
    options = {
        "c:v": "libx264",
        "crf": crf,
        "preset": "medium",
        "threads": THREADS,
        "movflags": "+faststart",
        "color_range": "tv",
        **flags,
    }
    return write_stream(path, picture, _raw(frames, width, height), **options)


def encode_lossless(
    path: str | Path, frames: Iterable[np.ndarray], fps: str | int | Fraction, width: int, height: int
) -> int:
    """Write `frames`, as `encode` takes them, so that decode_lossless gives them back: H.264 in Matroska.

    Takes half of the space and a fifth of the time of FFV1, because most of a picture is background, which
    does not move. Returns the frame count.
    """
    options = {"c:v": "libx264rgb", "qp": 0, "preset": "ultrafast", "threads": THREADS, "pix_fmt": "rgb24"}
    return write_stream(path, _pictures(fps, width, height), _raw(frames, width, height), **options)


def decode_lossless(path: str | Path, width: int, height: int, frames: int) -> Iterator[np.ndarray]:
    """Yield the frames that encode_lossless wrote, (height, width, 3) uint8 RGB.

    Memory does not grow with their number. width, height, frames: the expected values. Raises InputError if
    the file is damaged or does not match.
    """
    remedy = "delete it and run the same command again"
    command = clip_input(path, err_detect="explode")["v:0"]
    command = command.output("pipe:", format="rawvideo", pix_fmt="rgb24").global_args("-xerror")
    count = 0
    with graph(command, stdout=subprocess.PIPE) as (process, reason):
        while True:
            frame = np.empty((height, width, 3), np.uint8)
            if _next_frame(path, process, frame, count) < frame.nbytes:
                break
            yield frame
            count += 1
        if process.wait():
            raise InputError(f"{path}: damaged after frame {count} of {frames} ({reason()}); {remedy}")
    if count != frames:
        raise InputError(f"{path}: {count} frames, not {frames}; {remedy}")


def mux(
    video: str | Path,
    source_clip: str | Path,
    source_facts: dict,
    path: str | Path,
    finish: Callable[[Path], object] | None = None,
) -> None:
    """Join the picture of `video` with the sound of `source_clip` into the mp4 `path`.

    The picture is copied unchanged, the sound as in sound.into_mp4. Picture and sound keep the offset they
    have in the source, and the sound begins and ends with the picture, whatever part of the source
    `source_facts` describe. Without sound in the source the result is silent. finish: called with the path of
    the complete file before it gets its name, to change it in place. InputError if the sound cannot be
    joined, or the file not be written.
    """
    duration = probe(video)["duration"]
    sound, options = into_mp4(source_clip, source_facts, duration)
    streams = [clip_input(video)["v:0"], *([sound] if sound else [])]
    with atomic_path(path) as partial:
        options = {"c": "copy", "movflags": "+faststart"} | options
        failed, reason = joined(streams, partial, source_clip, duration, **options)
        if failed and not no_room(reason):
            raise InputError(
                f"{path}: picture and sound of {source_clip} cannot be joined ({reason}); "
                "re-encode the sound of the clip as AAC"
            )
        if failed or not _holds(partial, count_packets(video)["video"], sound=len(streams) > 1):
            raise InputError(f"{path}: cannot be written ({reason}); is the disk full?")
        if finish:
            finish(partial)


def write_stream(path: str | Path, stream: Any, chunks: Iterable, **options: Any) -> int:
    """Feed `chunks` (bytes-like, one a frame) through the ffmpeg graph `stream` into the file `path`.

    The file appears whole or not at all, and carries no date and no version, so equal chunks give equal
    bytes. Returns the number of chunks. InputError if it cannot be written, ValueError if there are none.
    """
    count = 0
    with atomic_path(path) as partial:
        node = stream.output(
            address(partial), map_metadata=-1, fflags="+bitexact", **{"flags:v": "+bitexact"}, **options
        )
        with graph(node.global_args("-xerror"), stdin=subprocess.PIPE) as (process, reason):
            try:
                for chunk in chunks:
                    process.stdin.write(chunk)
                    count += 1
                process.stdin.close()
            except BrokenPipeError:
                pass  # ffmpeg has ended; its exit status and reason follow
            if process.wait() or (count and not _holds(partial, count)):
                raise InputError(
                    f"{path}: cannot be written after frame {count} ({reason()}); is the disk full?"
                )
        if not count:
            raise ValueError(f"{path}: there are no frames to write")
    return count


def _holds(path: str | Path, frames: int, sound: bool = False) -> bool:
    """Whether the film contains all that was written; ffmpeg may end with status 0 on a full disk."""
    try:
        counts = count_packets(path)
    except InputError:
        return False
    return counts.pop("video", 0) == frames and set(counts) == ({"audio"} if sound else set())


def _raw(frames: Iterable[np.ndarray], width: int, height: int) -> Iterator[memoryview]:
    for number, frame in enumerate(frames):
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise ValueError(f"frame {number} is {frame.shape} {frame.dtype}, not {(height, width, 3)} uint8")
        yield np.ascontiguousarray(frame).data


def _pictures(fps: str | int | Fraction, width: int, height: int) -> Any:
    """Raw frames that come through the pipe."""
    return ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", framerate=str(fps)
    )


def _next_frame(path: str | Path, process: subprocess.Popen, frame: np.ndarray, count: int) -> int:
    try:
        return fill(process.stdout, frame)
    except Stalled as stalled:
        raise InputError(
            f"{path}: {stalled} after frame {count}; copy the clip to a local disk or re-encode it"
        ) from None


def _refuse_changes(path: str | Path, facts: dict) -> None:
    if change := first_change(path, facts["stream"]):
        raise InputError(f"{path}: its picture {change}; re-encode it to one size and format")


def _of_one_size(clip: Any, facts: dict) -> Any:
    """The frames of a clip; fails where their size changes."""
    width, height = facts["coded_width"], facts["coded_height"]
    # ffmpeg would rebuild the rest of the graph for another size, and count its frames from 0 again.
    return clip.filter("crop", f"if(eq(iw,{width})*eq(ih,{height}),{width},-1)", height, 0, 0, exact=1)


def _upright(clip: Any, facts: dict) -> Any:
    if facts["mirrored"]:
        clip = clip.filter("hflip")
    for turn in {90: ["clock"], 180: ["clock", "clock"], 270: ["cclock"]}.get(facts["rotation"], []):
        clip = clip.filter("transpose", dir=turn)
    return clip


def _timed(clip: Any, facts: dict) -> Any:
    """The frames of the part to use, at the requested constant rate, from time 0."""
    rate, (first, stop) = facts["clip_fps"], facts["span"]
    # At a constant rate only the order counts, whatever the jitter or gaps of poor time stamps.
    clip = clip.filter("setpts", "PTS-STARTPTS" if facts["variable_rate"] else f"round(N/({rate})/TB)")
    clip = clip.filter("fps", fps=rate)
    clip = clip.filter("trim", start_frame=first, end_frame=stop).filter("setpts", "PTS-STARTPTS")
    return clip if facts["fps"] == rate else clip.filter("fps", fps=facts["fps"])


def _cropped(clip: Any, facts: dict) -> Any:
    if facts["crop"] is None:
        return clip
    x, y, w, h = facts["crop"]
    across, down = pixel_shape(facts)
    places = w / across, h / down, x / across, y / down
    return clip.filter("crop", *(round(place) for place in places), exact=1)


def _input_colour(facts: dict) -> dict:
    if facts["color_matrix"] == "rgb":
        return {}
    return {
        "in_color_matrix": facts["color_matrix"],
        "in_range": "pc" if facts["full_range"] else "tv",
        "out_range": "pc",
    }


def _tone_mapped(clip: Any, facts: dict) -> Any:
    """HDR (BT.2100 HLG or PQ) to BT.709; reference white, 203 cd/m2 by ITU-R BT.2408, stays below white."""
    rgb = facts["color_matrix"] == "rgb"
    clip = clip.filter("format", "gbrp12" if rgb else "yuv444p10").filter(
        "zscale",
        rangein="full" if facts["full_range"] or rgb else "limited",
        matrixin=FILTER_MATRICES.get(facts["color_matrix"], "bt2020nc"),
        primariesin="2020",
        transferin=facts["color_transfer"],
        transfer="linear",
        npl=203,
    )
    clip = clip.filter("format", "gbrpf32").filter("zscale", primaries="709")
    clip = clip.filter("tonemap", "mobius", desat=0).filter("zscale", transfer="709", range="full")
    return clip.filter("format", "gbrp")
