"""The frames of one subject in three files, with random access in about a millisecond.

`{name}.avi` is a Motion JPEG film (4:4:4, full-range BT.601, quality 98) that any player opens;
`{name}.index.npy` is (T, 2) int64, the byte offset and size of each JPEG in it; `{name}.json` names the clips
and how their frames were fitted. docs/lab/throughput.md compares this with the alternatives.
"""

import io
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import ffmpeg
import numpy as np

from dancenow.errors import InputError
from dancenow.files import atomic_path, read_json, write_json
from dancenow.progress import LogTimer
from dancenow.video import ffprobe, media
from dancenow.video.cuts import CutFinder

log = logging.getLogger(__name__)

JPEG = [cv2.IMWRITE_JPEG_QUALITY, 98, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]


def extract_frames(clips: list, facts: list[dict], long_edge: int, frames_path: str | Path) -> None:
    """Decode a subject's clips once, one after another, at the working size for `long_edge` px.

    clips: paths; facts: what media.probe gave for each. Writes a FrameStore, whose JSON holds {clips: the
    facts of each, with its first frame (first) and how it was fitted (fit: media.framing), width, height,
    fps, frames, cuts: frames before which a clip begins or a cut was found}. Raises InputError when a clip is
    damaged, or when the clips differ in shape or rate; then no file is left.
    """
    width, height = _common_size(clips, facts, long_edge)
    fps = _common_rate(clips, facts)
    firsts, cuts = [], []
    frames = _one_after_another(clips, facts, width, height, firsts, cuts)

    def describe(count: int) -> dict:
        return {
            "clips": [
                clip | {"first": first, "fit": media.framing(clip, width, height)}
                for clip, first in zip(facts, firsts, strict=True)
            ],
            "width": width,
            "height": height,
            "fps": fps,
            "frames": count,
            "cuts": cuts,
        }

    shown = _with_progress(frames, sum(clip["frames"] for clip in facts))
    write_frames(shown, fps, describe, frames_path)


def write_frames(
    frames: Iterable[np.ndarray], fps: str, describe: Callable[[int], dict], frames_path: str | Path
) -> None:
    """The film at `frames_path` and the two files beside it, which make a FrameStore: all or none.

    frames: iterable of (height, width, 3) uint8 RGB; fps: a fraction as text; describe: number of frames ->
    the facts, called when all have been written.
    """
    sizes, (index_path, facts_path) = [], _beside(frames_path)
    stream = ffmpeg.input("pipe:", format="mjpeg", framerate=fps)
    # by their order: below 1/2 and above 480 frames/s ffmpeg takes their own times for a fault and mends them
    options = {"c": "copy", "r": fps, "bsf:v": f"setts=ts='round(N/({fps})/TB)'"}
    media.write_stream(frames_path, stream, _jpegs(frames, sizes), **options)
    try:
        index = _locate(frames_path, sizes)
        stored = io.BytesIO()
        np.save(stored, index)  # to a file object, because numpy would not say why it cannot write
        with atomic_path(index_path) as partial:
            partial.write_bytes(stored.getvalue())
        write_json(facts_path, describe(len(index)))
    except BaseException:
        for path in (frames_path, index_path, facts_path):
            Path(path).unlink(missing_ok=True)
        raise


class FrameStore:
    """Random access to the frames that extract_frames wrote: store[i] is (height, width, 3) uint8 RGB.

    Attributes: width, height (px), fps (Fraction), cuts (as in dancenow.video.cuts), facts (the JSON).
    Reads never move a shared file position, so threads, forked and spawned processes may use one store at
    the same time.
    """

    def __init__(self, frames_path: str | Path) -> None:
        self.path, (index_path, facts_path) = Path(frames_path), _beside(frames_path)
        remedy = "delete it and run extract_frames again"
        for path in (self.path, index_path, facts_path):
            if not path.is_file():
                raise InputError(f"{path}: no such file; run extract_frames for this clip")
        try:
            self.facts = read_json(facts_path)
            self.width, self.height = self.facts["width"], self.facts["height"]
            self.fps = Fraction(self.facts["fps"])
            count, self.cuts = self.facts["frames"], self.facts["cuts"]
        except (ValueError, TypeError) as error:
            raise InputError(
                f"{facts_path}: not the facts file of a frame store ({error}); {remedy}"
            ) from error
        try:
            self._index = np.load(index_path, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise InputError(f"{index_path}: not the index of a frame store ({error}); {remedy}") from error
        if self._index.shape != (count, 2):
            raise InputError(
                f"{index_path}: {self._index.shape} does not match the {count} frames of {facts_path.name}; "
                f"{remedy}"
            )
        self._file = open(self.path, "rb", buffering=0)  # noqa: SIM115 - stays open as long as the store lives

    def __reduce__(self) -> tuple:
        return FrameStore, (self.path,)

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, i: int) -> np.ndarray:
        """Frame i (negative counts from the end). IndexError out of range, InputError when damaged."""
        if not -len(self) <= i < len(self):
            raise IndexError(f"{self.path}: frame {i} of {len(self)}")
        i %= len(self)
        offset, size = self._index[i].tolist()
        data = os.pread(self._file.fileno(), size, offset)
        # libjpeg fills missing parts with grey and only warns, so a truncated frame must be caught by its
        # markers.
        whole = (
            len(data) == size and data.startswith(b"\xff\xd8") and data.rstrip(b"\0").endswith(b"\xff\xd9")
        )
        frame = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if whole else None
        if frame is None or frame.shape != (self.height, self.width, 3):
            raise InputError(
                f"{self.path}: frame {i} is damaged; delete the file and run extract_frames again"
            )
        return frame


def _beside(frames_path: str | Path) -> tuple[Path, Path]:
    """The paths of a film's index and facts."""
    return Path(frames_path).with_suffix(".index.npy"), Path(frames_path).with_suffix(".json")


def _common_size(clips: list, facts: list[dict], long_edge: int) -> tuple[int, int]:
    """The working (width, height); InputError if the clips differ in it."""
    sizes = [media.working_size(clip["width"], clip["height"], long_edge) for clip in facts]
    if len(set(sizes)) > 1:
        shapes = ", ".join(
            f"{path} {clip['width']}x{clip['height']}" for path, clip in zip(clips, facts, strict=True)
        )
        raise InputError(f"the clips differ in shape ({shapes}); give each a `crop` of one shape")
    return sizes[0]


def _common_rate(clips: list, facts: list[dict]) -> str:
    rates = [clip["fps"] for clip in facts]
    if len(set(rates)) > 1:
        listed = ", ".join(f"{path} {rate}" for path, rate in zip(clips, rates, strict=True))
        raise InputError(f"the clips differ in frames a second ({listed}); give the subject an `fps`")
    return rates[0]


def _one_after_another(
    clips: list, facts: list[dict], width: int, height: int, firsts: list[int], cuts: list[int]
) -> Iterator[np.ndarray]:
    """Yield the frames of all clips; append each clip's first frame to `firsts`, breaks in time to `cuts`."""
    count = 0
    for path, clip in zip(clips, facts, strict=True):
        firsts.append(count)
        finder = CutFinder(Fraction(clip["fps"]))
        for frame in media.decode(path, clip, width, height):
            finder.add(frame)
            yield frame
            count += 1
        finder.finish()
        if firsts[-1]:
            cuts.append(firsts[-1])
        for cut in finder.cuts:
            second = clip["span"][0] / Fraction(clip["clip_fps"]) + cut / Fraction(clip["fps"])
            log.info("%s: a cut at %.2f s, frame %d", path, second, firsts[-1] + cut)
            cuts.append(firsts[-1] + cut)


def _jpegs(frames: Iterable[np.ndarray], sizes: list[int]) -> Iterator[memoryview]:
    """Yield each RGB frame as JPEG bytes; append its size to `sizes`."""
    for frame in frames:
        done, data = cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), JPEG)
        if not done:
            raise RuntimeError(f"frame {len(sizes)} cannot be made a JPEG")
        sizes.append(len(data))
        yield data.data


def _locate(path: str | Path, sizes: list[int]) -> np.ndarray:
    """(T, 2) int64: byte offset and size of every JPEG in the AVI at `path`, checked against `sizes`."""
    packets = ffprobe.packets(path, 0, "pos,size")
    index = np.array([(int(packet["pos"]), int(packet["size"])) for packet in packets], np.int64).reshape(
        -1, 2
    )
    with open(path, "rb") as film:
        starts = {os.pread(film.fileno(), 2, offset) for offset in index[:, 0].tolist()}
    if index[:, 1].tolist() != sizes or starts != {b"\xff\xd8"}:
        raise RuntimeError(
            f"{path}: the film holds other frames than were written; this is a bug worth reporting"
        )
    return index


def _with_progress(frames: Iterable[np.ndarray], total: int) -> Iterator[np.ndarray]:
    timer, count = LogTimer(), 0
    for count, frame in enumerate(frames, 1):
        yield frame
        if timer.due():
            rate = count / timer.seconds()
            log.info(
                "frame %d of %d, %.0f frames/s, %.0f s left", count, total, rate, max(0, total - count) / rate
            )
    log.info("%d frames in %.1f s", count, timer.seconds())
