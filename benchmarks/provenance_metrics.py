"""All metrics of a result with and without the invisible mark, and what the mark takes of the time.

    python benchmarks/provenance_metrics.py KEY RESULTS TRUTH [PAIR [FRAMES]]

KEY: a file of 32 bytes, made if absent; RESULTS: a run's results/, with its generator; TRUTH: real footage of
the same dance; PAIR: alice_as_brunomars if absent; FRAMES: how many from the first on, all if absent. The
pair is synthesized without a mark and marked, in turn and on one thread; both are written as a result is.
"""

import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.camera.steady_frames import open_steady
from dancenow.camera.view import load_view
from dancenow.evaluation.evaluate import TrainingFrames, evaluate
from dancenow.evaluation.evaluation_tables import markdown_page
from dancenow.evaluation.lpips import load_judges
from dancenow.evaluation.picture_series import Truth
from dancenow.files import read_json
from dancenow.keypoints import load_pose
from dancenow.pictures import read_png
from dancenow.pose.estimators.choosing import open_estimator
from dancenow.provenance.mark import Mark, load_key
from dancenow.synthesis.synthesizer import synthesize_clip
from dancenow.synthesis.transfer import TransferFiles, open_transfer
from dancenow.training.holdout import training_frame_count
from dancenow.video.media import decode, encode, probe

HOLDOUT, PAYLOAD = 0.2, 0x5EED1234


def transfer_of(results, target, source):
    """The pair's Transfer, without label and mark."""
    pair, face = f"{target}_as_{source}", results / f"models/{target}/face/generator.safetensors"
    references = [results / f"references/{name}.npz" for name in (target, pair)]
    shown = map(str, references) if all(path.exists() for path in references) else ("", "")
    files = TransferFiles(
        str(results / f"models/{target}/generator.safetensors"),
        str(results / f"poses/{pair}.npz"),
        str(results / f"frames/{source}.json"),
        str(results / f"frames/{target}.json"),
        str(results / f"steady/{target}.npz"),
        str(face) if face.exists() else "",
        *shown,
    )
    return open_transfer(files, "steady", {"mark": False, "label": "none"})


def made(transfer, mark, count):
    """{row: frames}, without and with the mark; prints the CPU time of each."""
    rows, marking = {"without the mark": [], "with the mark": []}, 0.0
    cv2.setNumThreads(1)  # so that all of the mark's time is this thread's; painting has threads of its own
    began = time.process_time()
    for frame in islice(synthesize_clip(transfer, 1), count):
        rows["without the mark"].append(frame)
        marked = time.thread_time()
        rows["with the mark"].append(mark(frame))
        marking += time.thread_time() - marked
    painting = time.process_time() - began - marking
    print(f"{count} frames: {painting:.1f} s of CPU time to paint, {marking:.1f} s to mark,", end=" ")
    print(f"{marking / painting:.1%}\n", flush=True)
    return rows


def main():
    key, results, truth, *others = sys.argv[1:]
    pair, count = (*others, *("alice_as_brunomars", None)[len(others) :])
    results, (name, source) = Path(results), pair.split("_as_")
    target, driving = (load_pose(results / f"poses/{each}.npz") for each in (f"{name}.steady", pair))
    size = target.width, target.height
    count = int(count or len(driving.keypoints))
    rows = made(transfer_of(results, name, source), Mark(load_key(key), PAYLOAD, *size), count)
    with tempfile.TemporaryDirectory() as folder:
        for row, frames in rows.items():
            written = Path(folder) / "written.mp4"
            encode(written, iter(frames), driving.fps, *size)
            rows[row] = list(decode(written, probe(written), *size))
    view, judging = load_view(results / f"steady/{name}.npz"), read_json(results / "metrics/lpips.json")
    learned = training_frame_count(len(target.keypoints), HOLDOUT)
    real = list(islice(decode(truth, probe(truth), *size), count))
    report = evaluate(
        rows,
        Truth(real, view.cut_framing(read_png(results / f"backgrounds/{name}.png"))),
        TrainingFrames(
            open_steady(results / f"frames/{name}.avi", view.framed(), results / f"steady/{name}.npz"),
            target.keypoints[:learned],
        ),
        driving.keypoints[:count],
        open_estimator(read_json(results / "poses/estimator.json"), 1),
        load_judges(judging),
        0,
    )
    print(markdown_page(report, f"{pair}, with and without the mark"))


if __name__ == "__main__":
    main()
