"""TensorBoard's event files of one training: losses, rate, memory, previews."""

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import cv2
from tensorboardX import RecordWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary

# names sort by attempt, because TensorBoard reads files in name order
FILE_NAME = "events.out.tfevents.{step:010d}"
# of a record: 8 bytes of length and 4 of its checksum, then after the data 4 of theirs
RECORD_HEAD, RECORD_TAIL = 12, 4


class Board:
    """Writes the events of one attempt at a training; those of earlier attempts up to `step` stay.

    folder: made if missing; step: the step from which the training continues. Events that an earlier attempt
    wrote for later steps are removed, so that no step occurs twice. A context manager.
    """

    def __init__(self, folder: Path, step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        own = folder / FILE_NAME.format(step=step)
        for path in folder.glob("events.out.tfevents.*"):
            if path.name < own.name:
                keep_events(path, step)
            else:
                path.unlink()
        self.writer = RecordWriter(str(own))
        self._write(0, file_version="brain.Event:2")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    def add_scalars(self, step: int, values: dict[str, float]) -> None:
        """values: {name: float}; TensorBoard groups the names by what stands before their slash."""
        rows = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._write(step, summary=Summary(value=rows))

    def add_picture(self, step: int, name: str, path: Path) -> None:
        """The picture in a PNG file, as it is."""
        height, width = cv2.imread(str(path)).shape[:2]
        image = Summary.Image(
            height=height, width=width, colorspace=3, encoded_image_string=path.read_bytes()
        )
        self._write(step, summary=Summary(value=[Summary.Value(tag=name, image=image)]))

    def flush(self) -> None:
        """Flush to the operating system, so that the events survive the end of this process."""
        self.writer.flush()

    def _write(self, step: int, **what: Any) -> None:
        self.writer.write(Event(wall_time=time.time(), step=step, **what).SerializeToString())


def read_events(path: Path) -> Iterator[tuple[int, Event]]:
    """Yield (where it ends, in bytes, and the Event) for each whole record of an event file."""
    data, start = path.read_bytes(), 0
    while start + RECORD_HEAD <= len(data):
        (length,) = struct.unpack_from("<Q", data, start)
        end = start + RECORD_HEAD + length + RECORD_TAIL
        if end > len(data):
            return
        yield end, Event.FromString(data[start + RECORD_HEAD : end - RECORD_TAIL])
        start = end


def keep_events(path: Path, step: int) -> None:
    """Truncate an event file after the events of the steps up to `step`."""
    size = 0
    for end, event in read_events(path):
        if event.step > step:
            break
        size = end
    with path.open("r+b") as file:
        file.truncate(size)
