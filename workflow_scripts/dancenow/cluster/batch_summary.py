"""Summarise a batch: which videos are missing, why, and what to do, from the files of a run."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

# rule -> its output, in the order of the work; {subject} is the target, then the source
CLIP_STAGES = {
    "probe_clip": "results/clips/{subject}.json",
    "extract_frames": "results/frames/{subject}.json",  # the frames themselves may have been cleaned away
    "import_poses": "results/poses/{subject}.people.npz",
    "choose_estimator": "results/poses/{subject}.people.npz",
    "detect_poses": "results/poses/{subject}.people.npz",
    "find_camera": "results/camera/{subject}.npz",
    "track_performer": "results/poses/{subject}.npz",
    "measure_normalization": "results/normalization/{subject}.json",
}
# not every configuration has all of these; one without a log is passed over
FIRST_STAGES = {
    "steady_target": "results/steady/{subject}.npz",
    "mask_performer": "results/masks/{subject}.npz",
    "make_background": "results/backgrounds/{subject}.png",
    "make_references": "results/references/{subject}.npz",
    "halve_footage": "results/frames/{subject}.half.avi",
    "choose_perceptual": "results/models/{subject}/generator.safetensors",
    "train_generator": "results/models/{subject}/generator.safetensors",
}
LATER_STAGES = {
    "train_enhancer": "results/models/{subject}/enhancer/generator.safetensors",
    "train_face": "results/models/{subject}/face/generator.safetensors",
}
PAIR_STAGES = {
    "normalize_poses": "results/poses/{subject}.npz",
    "choose_references": "results/references/{subject}.npz",
    "synthesize_frames": "results/synthesis/{subject}.mp4",
    "mux_video": "results/{subject}.mp4",
}
# made once per run; listed apart, because not every pair needs them
DECISIONS = {
    "choose_estimator": "results/poses/estimator.json",
    "choose_perceptual": "results/models/perceptual.json",
}
SAID = ("error: ", "unexpected failure")  # the start of the line with which dancenow.job ends a failed script
STOPPED = (
    "ended without a message: out of memory, out of time, cancelled or stopped; enter the same command "
    "again to continue; on Slurm, logs/slurm holds the scheduler's messages"
)
SHOWN_PAIRS = 4  # of a cause that are named; the others are counted


@dataclass(frozen=True)
class Failure:
    """Why a video is missing. rule and log: None if no stage has failed; reason: one line."""

    rule: str | None
    log: str | None
    reason: str


def summarise(
    targets: list[str],
    sources: list[str],
    folder: str | Path = ".",
    chunks: int = 1,
    init_from: str | None = None,
) -> str:
    """The summary of a batch of every target with every source but itself, as text.

    folder: the working directory; chunks: hardware.chunks; init_from: train.init_from. Each cause of a
    missing video is listed once with all its pairs, the cause with most pairs first.
    """
    pairs = [(target, source) for target in targets for source in sources if target != source]
    causes = defaultdict(list)
    # a clip's log is read once and not for each of its pairs
    look = cache(partial(_look, Path(folder)))
    for target, source in pairs:
        if not (Path(folder) / f"results/{target}_as_{source}.mp4").exists():
            causes[_first_failure(_stages(target, source, chunks, init_from), look)].append(
                f"{target}_as_{source}"
            )
    missing = sum(map(len, causes.values()))
    lines = [f"batch: {len(pairs) - missing} of {len(pairs)} videos are finished"]
    for failure, names in sorted(causes.items(), key=lambda item: -len(item[1])):
        more = f" and {len(names) - SHOWN_PAIRS} more" if len(names) > SHOWN_PAIRS else ""
        lines.append(f"{len(names)} missing: {', '.join(names[:SHOWN_PAIRS])}{more}")
        lines.append(f"  {failure.rule}: {failure.reason}" if failure.rule else f"  {failure.reason}")
        if failure.log:
            lines.append(f"  full log: {failure.log}")
    return "\n".join(lines)


def _first_failure(stages: Iterable, look: Callable) -> "Failure":
    """Of the stages whose output is missing, the first whose log ends with an error; else the last that has
    started. look: _look of a folder."""
    begun = None
    for stage in stages:
        found = look(*stage)
        if found and found.reason != STOPPED:
            return found
        begun = found or begun
    reason = "not started, or ended before any stage wrote a message; run `batch` again"
    return begun or Failure(None, None, reason)


def _look(folder: Path, rule: str, outputs: tuple[str, ...], name: str) -> "Failure | None":
    """The Failure of one stage in `folder`; None when one of its outputs is there or it has not begun."""
    log = f"logs/{rule}/{name}.log"
    if any((folder / output).exists() for output in outputs) or not (folder / log).exists():
        return None
    lines = (folder / log).read_text(errors="replace", encoding="utf-8").splitlines()
    said = [line for line in lines if line.startswith(SAID)]
    return Failure(rule, log, said[-1].removeprefix("error: ") if said else STOPPED)


def _stages(
    target: str, source: str, chunks: int, init_from: str | None
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """(rule, outputs, wildcards) of every stage of a pair, and of what its target begins with."""
    tables = [(CLIP_STAGES, target), (CLIP_STAGES, source)]
    if init_from:
        tables += [(CLIP_STAGES, init_from), (FIRST_STAGES, init_from)]
    tables += [(FIRST_STAGES, target), (LATER_STAGES, target)]
    for stages, name in [*tables, (PAIR_STAGES, f"{target}_as_{source}")]:
        for rule, output in stages.items():
            outputs = (output.format(subject=name),)
            if rule in DECISIONS:
                yield rule, (*outputs, DECISIONS[rule]), "run"
                continue
            if rule == "synthesize_frames" and chunks > 1:
                for number in range(1, chunks + 1):
                    yield "synthesize_chunk", outputs, f"{name}.{number}of{chunks}"
                rule = "join_chunks"
            yield rule, outputs, name
