import json

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.files import write_json
from dancenow.pictures import read_png
from dancenow.training.training_summary import read_losses, write_summary
from tiny_training import SETTINGS


def test_a_page_with_settings_data_time_and_the_curve(tmp_path):
    folder = tmp_path / "anna"
    folder.mkdir()
    paths = [
        folder / name
        for name in ("settings.json", "training.json", "losses.jsonl", "losses.png", "summary.md")
    ]
    write_json(paths[0], {"settings": SETTINGS, "steps": 40, "width": 512, "height": 288})
    facts = {
        "device": "a GPU", "processes": 2, "precision": "bfloat16", "seconds": 3725.0, "peak_memory_gb": 3.5,
        "waiting_percent": 1.25,
        "frames": 100, "training_frames": 80, "pairs": 79, "fps": "30000/1001",
        "best_step": 36, "best_error": 7.25,
    }  # fmt: skip
    write_json(paths[1], facts)
    # the first steps are single frames, without a discriminator
    rows = [{"step": step, "l1": 1 / step} | ({"gan": 1.0} if step > 10 else {}) for step in range(1, 41)]
    paths[2].write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_summary(*paths, "anna")
    page = paths[4].read_text()
    for row in (
        "# anna", "| 100 frames of 512 x 288 px at 30000/1001 per second |", "first 80 frames, 79 pairs; 20 ",
        "| 1 h 02 min 05 s ", "| 1.25 % of the time", "| 3.5 GB", "| step 36, mean error 7.25 of 255 ",
        f"| l1 | {np.mean([1, 1 / 2, 1 / 3, 1 / 4]):.4f} | 0.0260 |", "| gan | 1.0000 | 1.0000 |",
        "| weights.l1 | 10.0 |", "(losses.png)", "(progress.png)", "(progress.mp4)",
    ):  # fmt: skip
        assert row in page, row
    (paths[1]).write_text(paths[1].read_text().replace('"pairs"', '"single_frames"'))
    write_summary(*paths, "anna", "face")
    assert "# anna: face\n" in paths[4].read_text()
    assert "79 single frames" in paths[4].read_text() and "metrics/anna.heldout" in paths[4].read_text()
    curve = read_png(paths[3])
    assert curve.shape[1] > 500 and len(np.unique(curve.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize("held", ["", '{"step": 1, "l1": 0.5}\n{"step": 2, "l'])
def test_losses_that_are_torn_or_empty_are_named(tmp_path, held):
    path = tmp_path / "losses.jsonl"
    path.write_text(held)
    with pytest.raises(InputError, match=r"losses\.jsonl: damaged \(.*\); bring it back, or delete it"):
        read_losses(path)
