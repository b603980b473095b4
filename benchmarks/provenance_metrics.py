"""All metrics of a result with and without the invisible mark, and what the mark takes of the time.

    python benchmarks/provenance_metrics.py KEY RESULTS VIDEO TRUTH [PAIR]

KEY: a file of 32 bytes, made if absent; RESULTS: a run's results/; VIDEO: a result that has no mark; TRUTH:
real footage of the same dance; PAIR: alice_as_brunomars if absent. Both are written as a result is written.
FRAMES frames from FIRST on are compared.
"""

import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

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
from dancenow.pose.estimators import open_estimator
from dancenow.provenance.mark import Mark, load_key
from dancenow.training.holdout import training_frame_count
from dancenow.video.media import decode, encode, probe

FIRST, FRAMES, HOLDOUT, PAYLOAD = 100, 75, 0.2, 0x5EED1234


def read(path, width, height):
    """FRAMES frames of a video, as a list."""
    return list(islice(decode(path, probe(path), width, height), FIRST, FIRST + FRAMES))


def main():
    key, results, video, truth, pair = (*sys.argv[1:], "alice_as_brunomars")[:5]
    results, name = Path(results), pair.split("_as_")[0]
    target, driving = (load_pose(results / f"poses/{each}.npz") for each in (f"{name}.steady", pair))
    size = target.width, target.height
    rows = {"without the mark": read(video, *size)}
    mark, began = Mark(load_key(key), PAYLOAD, *size), time.process_time()
    rows["with the mark"] = [mark(frame) for frame in rows["without the mark"]]
    print(f"{1000 * (time.process_time() - began) / FRAMES:.1f} ms of CPU time a frame for the mark\n")
    with tempfile.TemporaryDirectory() as folder:
        for row, frames in rows.items():
            written = Path(folder) / "written.mp4"
            encode(written, iter(frames), driving.fps, *size)
            rows[row] = list(decode(written, probe(written), *size))
    view, judging = load_view(results / f"steady/{name}.npz"), read_json(results / "metrics/lpips.json")
    count = training_frame_count(len(target.keypoints), HOLDOUT)
    report = evaluate(
        rows,
        Truth(read(truth, *size), view.cut_framing(read_png(results / f"backgrounds/{name}.png"))),
        TrainingFrames(open_steady(results / f"frames/{name}.avi", view.framed()), target.keypoints[:count]),
        driving.keypoints[FIRST : FIRST + FRAMES],
        open_estimator(read_json(results / "poses/estimator.json"), 1),
        load_judges(judging),
        0,
    )
    print(markdown_page(report, f"{pair}, with and without the mark"))


if __name__ == "__main__":
    main()
