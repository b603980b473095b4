"""Frames per second of each pose estimator, all on the same frames of one clip, in one run.

    python benchmarks/estimators.py [--clip data/alice.mp4] [--frames 20] [--threads 2]

openpifpaf's networks have random weights, with the confidence turned down so that nobody is found: that takes
the time of the published ones but for the decoding of a person, about 7 ms each. The estimators take turns,
so that a machine that slows down slows all of them; medians over the rounds.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import cv2
import torch

from dancenow.files import sha256
from dancenow.pose.estimators.mediapipe_holistic import MediapipeHolistic
from dancenow.pose.estimators.openpifpaf_wholebody import OpenpifpafWholebody
from dancenow.pose.estimators.pifpaf_compat import import_openpifpaf

CLIP = Path(__file__).resolve().parents[1] / "data" / "alice.mp4"
BATCHES = (1, 16) if torch.cuda.is_available() else (1, 4)
UNSURE = 6  # taken off the confidence's logit


def read_frames(path, count):
    """The first `count` frames of a clip as (H, W, 3) uint8 RGB."""
    clip = cv2.VideoCapture(str(path))
    return [cv2.cvtColor(clip.read()[1], cv2.COLOR_BGR2RGB) for _ in range(count)]


def save_random_network(backbone, path):
    """Write an openpifpaf checkpoint of the published wholebody architecture; returns its SHA-256."""
    openpifpaf = import_openpifpaf()
    metas = openpifpaf.plugins.wholebody.Wholebody().head_metas
    base = openpifpaf.network.factory.BASE_FACTORIES[backbone]()
    for meta in metas:
        meta.upsample_stride = 2
    heads = [openpifpaf.network.heads.CompositeField4(meta, base.out_features) for meta in metas]
    for head in heads:
        biases = head.conv.bias.data.view(head.meta.n_fields, head.n_components, -1)
        biases[:, 1] -= UNSURE
    network = openpifpaf.network.nets.Shell(base, heads)
    torch.save({"model": network, "epoch": 0, "meta": {}}, path)
    return sha256(path)


def open_all(folder, threads):
    """{row of the table: estimator}."""
    rows = {"mediapipe Holistic": MediapipeHolistic()}
    torch.manual_seed(0)
    for backbone in ("shufflenetv2k16", "shufflenetv2k30"):
        path = Path(folder) / f"{backbone}.pkl"
        digest = save_random_network(backbone, path)
        for batch in BATCHES:
            name = f"openpifpaf {backbone}-wholebody, batch {batch}"
            rows[name] = OpenpifpafWholebody(path, digest, threads, batch)
    return rows


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", default=CLIP)
    parser.add_argument("--frames", type=int, default=20, help="timed in each round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    warm_up = max(BATCHES)
    frames = read_frames(options.clip, warm_up + options.frames)
    with tempfile.TemporaryDirectory() as folder:
        rows = open_all(folder, options.threads)
    rates = {name: [] for name in rows}
    for _ in range(options.rounds):
        for name, estimator in rows.items():
            detections = estimator.detect(frames)
            # the first frames also build graphs and buffers; this many are whole batches for every row
            list(itertools.islice(detections, warm_up))
            began = time.perf_counter()
            count = sum(1 for _ in detections)
            rates[name].append(count / (time.perf_counter() - began))
    height, width = frames[0].shape[:2]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{options.threads} CPU threads"
    print(f"| {options.frames} frames of {width}x{height}, {device} | frames/s |\n|---|---|")
    for name, values in rates.items():
        print(f"| {name} | {statistics.median(values):.1f} |")


if __name__ == "__main__":
    main()
