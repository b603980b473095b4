"""Random access, disk space and decoding speed of the frame store and of its alternatives.

    python benchmarks/frame_store.py [clip]         default: data/alice.mp4

Every container holds the same frames, at the working size for a long edge of 512 px, and is asked for the
same frames in the same random order, on one core, with the files in the page cache. Error is the root mean
square difference to the decoded frames, in 8-bit levels. Decoding is timed from the clip itself, also on one
core. Prints two Markdown tables.
"""

import os
import statistics
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import cv2
import numpy as np

from dancenow.video import ffprobe, frames, media

FRAMES = 300
READS = 150


def jpeg_store(clip, facts, folder, quality, sampling):
    """The frame store with another quality (0..100) or chroma sampling."""
    settings = frames.JPEG
    frames.JPEG = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    try:
        frames.extract_frames([clip], [facts], 512, folder / "frames.avi")
    finally:
        frames.JPEG = settings
    return frames.FrameStore(folder / "frames.avi").__getitem__


def raw_input(film):
    return media.ffmpeg.input(
        "pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{film.shape[2]}x{film.shape[1]}", framerate=25
    )


def ffmpeg_jpegs(film, folder):
    """The same container with the JPEGs of ffmpeg's own encoder at its best quality."""
    graph = raw_input(film).filter("scale", out_color_matrix="bt601", out_range="pc", flags=media.SCALER)
    graph = graph.filter("format", "yuvj444p")
    path = folder / "frames.avi"
    media.write_stream(path, graph, (frame.data for frame in film), **{"c:v": "mjpeg", "q:v": 1, "qmin": 1})
    index = [(int(packet["size"]), int(packet["pos"])) for packet in ffprobe.packets(path, 0, "pos,size")]
    film_file = os.open(path, os.O_RDONLY)

    def read(i):
        data = np.frombuffer(os.pread(film_file, *index[i]), np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)

    return read


def raw_array(film, folder):
    np.save(folder / "frames.npy", film)
    stored = np.load(folder / "frames.npy", mmap_mode="r")
    return lambda i: np.array(stored[i])


def png_folder(film, folder):
    for i, frame in enumerate(film):
        cv2.imwrite(str(folder / f"{i}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    return lambda i: cv2.imread(str(folder / f"{i}.png"), cv2.IMREAD_COLOR_RGB)


def h264_film(film, folder):
    media.encode(folder / "frames.mp4", film, "25/1", film.shape[2], film.shape[1])
    capture = cv2.VideoCapture(str(folder / "frames.mp4"))

    def read(i):
        capture.set(cv2.CAP_PROP_POS_FRAMES, i)
        return cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB)

    return read


def measure(make, film, order):
    """(files, MB, median ms, error) of a container that make(folder) fills."""
    with tempfile.TemporaryDirectory() as name:
        read = make(Path(name))
        files = list(Path(name).iterdir())
        size = sum(file.stat().st_size for file in files) / 1e6
        milliseconds, squares = [], []
        for i in order:
            began = time.perf_counter()
            frame = read(i)
            milliseconds.append(1e3 * (time.perf_counter() - began))
            squares.append(np.mean((frame.astype(np.float32) - film[i]) ** 2))
    return len(files), size, statistics.median(milliseconds), np.mean(squares) ** 0.5


def opencv_frames(clip, width, height):
    """What cv2.VideoCapture makes of the clip: no colour matrix, no crop, no constant rate."""
    capture = cv2.VideoCapture(clip)
    while True:
        found, frame = capture.read()
        if not found:
            return
        yield cv2.cvtColor(
            cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB
        )


def print_decoding(clip, facts, width, height):
    """Frames per second from the clip, in order, best of three."""

    def store(folder):
        frames.extract_frames([clip], [facts], 512, Path(folder) / "frames.avi")
        return range(facts["frames"])

    ways = {
        "media.decode": lambda folder: media.decode(clip, facts, width, height),
        "extract_frames: the same, and stored": store,
        "cv2.VideoCapture and cv2.resize": lambda folder: opencv_frames(clip, width, height),
    }
    print(f"| {facts['coded_width']}x{facts['coded_height']} to {width}x{height} | frames/s |\n|---|---|")
    for name, way in ways.items():
        rates = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                count = sum(1 for _ in way(folder))
                rates.append(count / (time.perf_counter() - began))
        print(f"| {name} | {max(rates):.0f} |")


def main():
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    clip = sys.argv[1] if len(sys.argv) > 1 else "data/alice.mp4"
    with tempfile.TemporaryDirectory() as folder:
        facts = media.probe(clip)
        width, height = media.working_size(facts["width"], facts["height"], 512)
        print_decoding(clip, facts, width, height)
        print()
        film = np.stack(list(islice(media.decode(clip, facts, width, height), FRAMES)))
        short = Path(folder) / "short.mkv"  # the same frames for all, without loss
        lossless = {"c:v": "ffv1", "pix_fmt": "gbrp"}
        media.write_stream(short, raw_input(film), (frame.data for frame in film), **lossless)
        facts = media.probe(short)
        full, half = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
        containers = {
            "**Motion JPEG AVI, quality 98, 4:4:4 (chosen)**": lambda to: jpeg_store(
                short, facts, to, 98, full
            ),
            "Motion JPEG AVI, quality 95, 4:4:4": lambda to: jpeg_store(short, facts, to, 95, full),
            "Motion JPEG AVI, quality 95, 4:2:0": lambda to: jpeg_store(short, facts, to, 95, half),
            "Motion JPEG AVI by ffmpeg, best quality, 4:4:4": lambda to: ffmpeg_jpegs(film, to),
            "raw array, memory-mapped (.npy)": lambda to: raw_array(film, to),
            "one PNG per frame": lambda to: png_folder(film, to),
            "H.264 mp4, seek with cv2.VideoCapture": lambda to: h264_film(film, to),
        }
        order = np.random.default_rng(0).integers(0, len(film), READS).tolist()
        print(f"| {width}x{height} | files | MB per 1000 frames | median ms | error |")
        print("|---|---|---|---|---|")
        for name, make in containers.items():
            files, size, median, error = measure(make, film, order)
            count = f"{1000 * files // len(film)} per 1000" if files >= len(film) else str(files)
            size *= 1000 / len(film)
            print(f"| {name} | {count} | {size:.0f} | {median:.2f} | {error:.2f} |")


if __name__ == "__main__":
    main()
