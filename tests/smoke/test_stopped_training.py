"""The real training rule on two devices of a CPU: told to stop, tried again by Snakemake, finished."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from dancenow.camera.view import save_view
from dancenow.keypoints import load_pose
from dancenow.stopping import EXIT_STATUS
from running import ROOT, fork_snakemake, planned_jobs
from tiny_training import HOLDOUT, INPUTS, SETTINGS, write_inputs
from tripod import still_view

RESULTS = {
    "frames": "results/frames/alice.avi", "pose": "results/poses/alice.steady.npz",
    "background": "results/backgrounds/alice.png", "perceptual": "results/models/perceptual.json",
    "references": "results/references/alice.npz", "masks": "results/masks/alice.npz",
}  # fmt: skip
MODEL = "results/models/alice"
STEPS_TO_STOP = 20  # so many that the first is not the last when the signal arrives


def lay_out(folder):
    write_inputs(folder)
    for name, place in RESULTS.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / INPUTS[name], folder / place)
    for end in ("index.npy", "json"):
        shutil.copy(folder / f"a.{end}", folder / f"results/frames/alice.{end}")
    pose = load_pose(folder / INPUTS["pose"])
    (folder / "results/steady").mkdir()
    save_view(folder / "results/steady/alice.npz", still_view(len(pose.keypoints), pose.width, pose.height))


def arguments(devices, steps=STEPS_TO_STOP):
    train = SETTINGS | {"steps": steps, "holdout": HOLDOUT}
    config = (f"train={json.dumps(train)}", f"hardware={json.dumps({'devices': devices})}")
    return f"{MODEL}/generator.safetensors", "--allowed-rules", "train_generator", "--config", *config


def wait_for_launcher(lock, said, snakemake):
    """The process that started the one which trains, whose number is in the lock, once it has made a step."""
    while f"/{STEPS_TO_STOP} [" not in said.read_text():
        assert snakemake.poll() is None, "snakemake ended before it trained"
        time.sleep(0.02)
    status = Path(f"/proc/{lock.read_text()}/stat").read_text()
    return int(status.rsplit(")", 1)[1].split()[1])


def test_a_stopped_training_is_tried_again_and_resumes_and_devices_do_not_count_as_a_change(tmp_path):
    lay_out(tmp_path)
    command = [sys.executable, "-m", "snakemake", "-s", f"{ROOT}/Snakefile", "--directory", str(tmp_path)]
    with (tmp_path / "said").open("w") as file:
        snakemake = subprocess.Popen(
            [*command, "--cores", "2", "--retries", "1", *arguments(2)],
            stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=os.environ | {"NO_COLOR": "1"},
        )  # fmt: skip
        try:
            launcher = wait_for_launcher(tmp_path / MODEL / "run/lock", tmp_path / "said", snakemake)
            os.kill(launcher, signal.SIGTERM)
            snakemake.wait(timeout=120)
        finally:
            snakemake.kill()
    said = (tmp_path / "said").read_text()
    assert snakemake.returncode == 0, said
    assert "asked to stop (SIGTERM) at step" in said and "last.pt: resuming at step" in said
    assert f"returned non-zero exit status {EXIT_STATUS}" in said and "Traceback" not in said
    facts = json.loads((tmp_path / MODEL / "training.json").read_text())
    assert facts["processes"] == 2
    assert planned_jobs(fork_snakemake(tmp_path, "-n", *arguments(1))) == {}
