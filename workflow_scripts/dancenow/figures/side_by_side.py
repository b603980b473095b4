"""One dance by several people: the source and all its transfers side by side in one video."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from dancenow.errors import InputError
from dancenow.pictures import Frames
from dancenow.video.frames import FrameStore
from dancenow.video.media import decode, encode, mux, probe

WIDEST = 1920  # px, of the whole picture
BAND = 0.06  # of the height, below the pictures, for the names
INK = (255, 255, 255)


def compare_people(
    source_name: str,
    target_names: Sequence[str],
    source_path: str | Path,
    videos: Sequence[str | Path],
    clip: str | Path,
    output: str | Path,
) -> None:
    """Write the comparison video, in step frame by frame, with the source's sound.

    source_path: the source's FrameStore; videos: each target's result; clip: the source's video
    file. InputError when a result has another number of frames.
    """
    store, clips = FrameStore(source_path), [probe(video) for video in videos]
    for video, facts in zip(videos, clips, strict=True):
        if facts["frames"] != len(store):
            raise InputError(
                f"{video}: {facts['frames']} frames, but the source has {len(store)}; delete it "
                "to make it again"
            )
    shapes = [(store.width, store.height)] + [(facts["width"], facts["height"]) for facts in clips]
    sizes = cell_sizes(shapes)
    streams = [
        decode(video, facts, facts["width"], facts["height"])
        for video, facts in zip(videos, clips, strict=True)
    ]
    band = _band([f"source: {source_name}", *target_names], sizes)
    pictures = (_picture(cells, sizes, band) for cells in zip(_frames(store), *streams, strict=True))
    width, height = sum(size[0] for size in sizes), sizes[0][1] + band.shape[0]
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:  # not in results: a killed process leaves it
        silent = Path(folder) / "silent.mp4"
        encode(silent, pictures, store.fps, width, height)
        mux(silent, clip, store.facts["clips"][0], output)


def cell_sizes(shapes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """(width, height) of each picture, all even and of one height, together no wider than WIDEST.

    shapes: (width, height) of each as it is; the first one's height is kept if there is room.
    """
    height = shapes[0][1]
    wide = sum(width * height / tall for width, tall in shapes)
    height = _even(height * min(1.0, WIDEST / wide))
    return [(_even(width * height / tall), height) for width, tall in shapes]


def _even(length: float) -> int:
    return max(2, 2 * int(length // 2))


def _frames(store: Frames) -> Iterator[np.ndarray]:
    return (store[index] for index in range(len(store)))


def _picture(cells: Iterable[np.ndarray], sizes: Sequence[tuple[int, int]], band: np.ndarray) -> np.ndarray:
    shown = [
        cv2.resize(cell, size, interpolation=cv2.INTER_AREA) for cell, size in zip(cells, sizes, strict=True)
    ]
    return np.concatenate([np.concatenate(shown, axis=1), band])


def _band(names: Sequence[str], sizes: Sequence[tuple[int, int]]) -> np.ndarray:
    """The strip with the names, each centred below its picture: (h, W, 3) uint8, h even."""
    height = max(16, _even(BAND * sizes[0][1]))
    cells = []
    for name, (width, _) in zip(names, sizes, strict=True):
        cell = np.zeros((height, width, 3), np.uint8)
        (wide, tall), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
        scale = min(0.55 * height / tall, 0.95 * width / wide)
        place = round((width - scale * wide) / 2), round((height + scale * tall) / 2)
        cv2.putText(
            cell, name, place, cv2.FONT_HERSHEY_SIMPLEX, scale, INK, max(1, round(2 * scale)), cv2.LINE_AA
        )
        cells.append(cell)
    return np.concatenate(cells, axis=1)
