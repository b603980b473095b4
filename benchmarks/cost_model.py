"""What 1, 100 and 10,000 pairs cost on 1, 8 and 256 GPUs, from the costs in a finished run: three tables.

python benchmarks/cost_model.py [FOLDER]   a folder with results/ and benchmarks/rules/; default: this one
"""

import csv
import sys
from pathlib import Path
from statistics import mean

sys.path.append(str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from costs import Cluster, Kept, Stage, disk, gpu_hours, jobs, numbers, wall_hours
from dancenow.files import read_json
from stored import KINDS, frames_of, measure, names_of

FPS = 25
MINUTES = 1  # of each clip
BATCHES = ((1, 1), (10, 10), (100, 100))
GPUS = (1, 8, 256)
# as in profiles/slurm
CORES, QUEUE, RATE = 8, 100, 5.0
START = 15.0  # seconds; 10 to 15 for a trivial job on the throw-away Slurm
# Slurm job: what it is of, GPU, its rules
JOBS = {
    "clip": ("clip", False, ("probe_clip", "extract_frames")),
    "detect_poses": ("clip", True, ("detect_poses",)),
    "performer": ("clip", False, ("track_performer", "measure_normalization")),
    "background and references": ("target", False, ("mask_performer", "make_background", "make_references")),
    "train_generator": ("target", True, ("train_generator",)),
    "train_face": ("target", True, ("train_face",)),
    "transfer": ("pair", True, ("normalize_poses", "choose_references", "synthesize_frames", "mux_video")),
}
# the others hardly depend on a clip's length
OF_FRAMES = "extract_frames", "detect_poses", "synthesize_frames"
# Nobody has run this on a GPU. Frames a second, for the training steps a second.
ASSUMED = {"detect_poses": 10, "train_generator": 10, "train_face": 10, "synthesize_frames": 50}
# of the trainings: where a run keeps what they were told
SETTINGS = {"train_generator": "settings.json", "train_face": "face/settings.json"}


def measured(folder, rule):
    """(seconds of a job, seconds per frame or None): means over the run's jobs of a rule."""
    seconds, frames = [], 0
    for table in sorted((folder / f"benchmarks/rules/{rule}").glob("*.tsv")):
        with table.open(newline="") as lines:
            seconds += [float(row["s"]) for row in csv.DictReader(lines, delimiter="\t")]
        frames += frames_of(folder, table.stem.split("_as_")[-1])
    if not seconds:
        raise SystemExit(f"{folder}/benchmarks/rules/{rule}: no times; give the folder of a finished run")
    return mean(seconds), sum(seconds) / frames if rule in OF_FRAMES else None


def modelled(folder, rule, steps):
    """Seconds of one job of a rule in the model, on a clip of MINUTES."""
    seconds, per_frame = measured(folder, rule)
    frames = FPS * 60 * MINUTES
    if rule in ASSUMED:
        return steps.get(rule, frames) / ASSUMED[rule]
    return seconds if per_frame is None else per_frame * frames


def print_stages(folder, stages, steps):
    """The table of the stages, with what is assumed; the measured times are of the same length of footage."""
    print(
        f"| Slurm job | of each | on | measured, s | in the model, s | of {MINUTES} min at {FPS} frames/s |"
    )
    print("|---|---|---|---|---|---|")
    for stage in stages:
        rules, taken = JOBS[stage.name][2], 0.0
        for rule in rules:
            seconds, per_frame = measured(folder, rule)
            taken += seconds if per_frame is None else per_frame * FPS * 60 * MINUTES
        unit = f"steps/s, {steps[stage.name]} steps" if stage.name in steps else "frames/s"
        said = "".join(f"**assumed** {ASSUMED[rule]} {unit} on a GPU" for rule in rules if rule in ASSUMED)
        place = "GPU" if stage.gpu else "one core"
        row = (stage.name, stage.per, place, f"{taken:.1f}", f"{stage.seconds:.1f}", said or "measured")
        print(f"| {' | '.join(row)} |")
    print()


def print_kinds(folder):
    """The table of what a run keeps; returns it as Kept, all of it and what cleaning leaves."""
    print("| what | of each | files | MB | MB per minute of footage | clean_intermediate |")
    print("|---|---|---|---|---|---|")
    kept, cleaned = [], []
    for kind in KINDS:
        files, megabytes, per_minute = measure(folder, kind)
        gone = "deletes a source's" if kind.name == "frames" else "deletes" if kind.goes else ""
        # a model does not grow with the footage
        long = "" if kind.per == "target" else f"{per_minute:.2f}"
        print(f"| {kind.name} | {kind.per} | {files:.0f} | {megabytes:.2f} | {long} | {gone} |")
        declared = "/run/" not in kind.paths[0]
        size = Kept(kind.per, megabytes if kind.per == "target" else per_minute * MINUTES, files, declared)
        kept.append(size)
        if kind.name == "frames":
            cleaned.append(Kept("target", size.megabytes, size.files))
        elif not kind.goes:
            cleaned.append(size)
    print()
    return kept, cleaned


def print_batches(stages, kept, cleaned):
    """The table of the batches."""
    print(
        "| pairs | GPUs | hours | with --jobs 1000 | GPU hours | GB | cleaned | files | Slurm jobs | jobs |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for targets, sources in BATCHES:
        number = numbers(targets, sources)
        slurm, rules = jobs(stages, number)
        for gpus in GPUS:
            profile = Cluster(gpus, CORES, QUEUE, START, RATE)
            wide = Cluster(gpus, CORES, 1000, START, RATE)
            gigabytes, files = disk(kept, stages, number)
            print(
                f"| {targets} x {sources} | {gpus} | {wall_hours(stages, number, profile):.2f} "
                f"| {wall_hours(stages, number, wide):.2f} | {gpu_hours(stages, number, profile):.1f} "
                f"| {gigabytes:.1f} | {disk(cleaned, stages, number)[0]:.1f} | {files} | {slurm} | {rules} |"
            )


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    model = folder / "results/models" / names_of(folder)["target"][0]
    told = {rule: model / file for rule, file in SETTINGS.items() if (model / file).exists()}
    steps = {rule: read_json(path)["settings"]["steps"] for rule, path in told.items()}
    stages = [
        Stage(name, per, gpu, sum(modelled(folder, rule, steps) for rule in rules), len(rules))
        for name, (per, gpu, rules) in JOBS.items()
        if name not in SETTINGS or name in steps  # a run without a face stage
    ]
    print_stages(folder, stages, steps)
    kept, cleaned = print_kinds(folder)
    print_batches(stages, kept, cleaned)


if __name__ == "__main__":
    main()
