"""What RivaGAN's mark costs and what it survives, beside ours: the same frames, the same attacks.

    pip install --no-deps --target FOLDER onnxruntime flatbuffers protobuf invisible-watermark==0.2.0
    PYTHONPATH=FOLDER python benchmarks/provenance_rivagan.py KEY VIDEO    KEY: 32 bytes, made if absent

The networks are the package's own, run as the package runs them; FOLDER keeps both out of the environment.
Each frame takes seconds, so one of EVERY is taken, and READ of each attacked clip are read and their bits
averaged.
"""

import importlib
import importlib.util
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.provenance.mark import Mark, load_key
from dancenow.video.media import decode, probe
from provenance_robustness import PAYLOAD, attacked, read, row, tell_seen, written

EVERY, READ, THRESHOLD = 3, 3, 0.52  # the package's threshold
BITS = np.array([PAYLOAD >> place & 1 for place in range(32)], np.float32)


def networks():
    """RivaGAN's encoder and decoder: two onnxruntime sessions of one thread."""
    package = importlib.util.find_spec("imwatermark")
    if package is None or importlib.util.find_spec("onnxruntime") is None:
        sys.exit(f"imwatermark or onnxruntime is missing; install both as described:\n\n{__doc__}")
    onnxruntime = importlib.import_module("onnxruntime")  # of FOLDER; no dependency of the project
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    folder = Path(package.submodule_search_locations[0])
    names = ("rivagan_encoder.onnx", "rivagan_decoder.onnx")
    return [onnxruntime.InferenceSession(folder / name, options) for name in names]


def taken(frame):
    """A frame (H, W, 3) uint8 RGB as the networks take it: BGR, -1..1."""
    return (frame[..., ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None, :, None]


def marked_by(encoder, frame):
    """The frame with BITS in it."""
    (made,) = encoder.run(None, {"frame": taken(frame), "data": BITS[None]})
    frame = (np.clip(made[0, :, 0], -1, 1).transpose(1, 2, 0) + 1) * 127.5
    return np.ascontiguousarray(frame.astype(np.uint8)[..., ::-1])


def bits_right(decoder, path):
    """How many of BITS a video tells, of the mean over READ of its frames."""
    facts = probe(path)
    step = max(1, facts["frames"] // READ)
    frames = islice(decode(path, facts, facts["width"], facts["height"]), step // 2, None, step)
    said = [decoder.run(None, {"frame": taken(frame)})[0][0] for frame in islice(frames, READ)]
    return int(((np.mean(said, 0) > THRESHOLD) == (BITS > 0.5)).sum())


def main():
    key, path = load_key(sys.argv[1]), sys.argv[2]
    encoder, decoder = networks()
    frames, size, rate = read(path, EVERY)
    mark = Mark(key, PAYLOAD, *size)
    ways = {"ours": mark, "RivaGAN": lambda frame: marked_by(encoder, frame)}
    with tempfile.TemporaryDirectory() as folder:
        for name, way in ways.items():
            began = time.process_time()
            marked = [way(frame) for frame in frames]
            cost = 1000 * (time.process_time() - began) / len(frames)
            tell_seen(f"{Path(path).name}, {name}", frames, marked)
            print(f"{cost:.0f} ms of CPU time a frame to mark {len(frames)} frames\n", flush=True)
            print("| attack | key alone | payload known |\n| --- | --- | --- |")
            result = written(marked, size, rate, Path(folder))
            for attack, changed in attacked(result, Path(folder)):
                if name == "ours":
                    row(attack, changed, key, PAYLOAD)
                else:
                    print(f"| {attack} | {bits_right(decoder, changed)} | - |", flush=True)


if __name__ == "__main__":
    main()
