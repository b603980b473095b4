"""profiles/default, and what a Snakemake inside a Slurm job must live through."""

import re

from running import said

MODELS = [f"results/models/{name}/generator.safetensors" for name in ("alice", "carol")]
TRAININGS = (
    *MODELS, "--allowed-rules", "train_generator", "--set-threads", "train_generator=1",
    "--config", "subjects={carol: {video: data/carol.mp4}}",
)  # fmt: skip


def lay_out(folder):
    """What two trainings need, so that both can begin at once."""
    for name in ("alice", "carol"):
        for file in (
            f"frames/{name}.avi",
            f"frames/{name}.index.npy",
            f"poses/{name}.npz",
            f"backgrounds/{name}.png",
            f"steady/{name}.npz",
            f"poses/{name}.steady.npz",
            f"masks/{name}.npz",
            f"references/{name}.npz",
        ):
            (folder / "results" / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / "results" / file).write_text("there")
    (folder / "results/models").mkdir()
    (folder / "results/models/perceptual.json").write_text("there")


def order(completed):
    """Beginnings and ends of jobs, in their order."""
    assert completed.returncode == 0, said(completed)
    return re.findall(r"^(Execute \d+|Finished)", said(completed), re.M)


def test_two_trainings_never_share_a_gpu_though_there_are_cores_for_both(workflow):
    lay_out(workflow.directory)
    assert order(workflow(*TRAININGS)) == ["Execute 1", "Finished"] * 2
    for model in MODELS:
        (workflow.directory / model).unlink()
    # so it is the profile's one GPU that keeps them apart
    assert order(workflow(*TRAININGS, "--resources", "gpu=2")) == ["Execute 2", "Finished", "Finished"]


def test_a_snakemake_inside_a_job_lives_through_the_warning_of_a_time_limit(workflow):
    lay_out(workflow.directory)
    script = workflow.root / "workflow_scripts/train_stage.py"
    warning = "import os, signal\nos.kill(os.getppid(), signal.SIGUSR1)\n"
    script.write_text(warning + script.read_text())
    assert order(workflow(*TRAININGS)) == ["Execute 1", "Finished"] * 2
