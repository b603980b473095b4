# What heavy jobs request from a cluster; the numbers come from dancenow.cluster.resources. Functions only. On one
# machine they have no effect. A clip that is not extracted yet has no frame count: Snakemake then calls them
# again before it submits.

import errno
import os

from dancenow.cluster import resources

EDGE = config["frames"]["long_edge"]


def all_cores(wildcards):
    """The cores of the run, as threads; --unlock and --report, which run no job, need not be given any."""
    return workflow.resource_settings.cores or (1 if workflow.local_exec else workflow.cores)


def frames_of(subject, awaited):
    """Frames in a clip, from the size of its index; awaited: an input that exists only once the clip is extracted.

    Only the size is read: a damaged file must be refused by the rule, in one line, and not while planning.
    """
    index = Path(f"results/frames/{subject}.index.npy")
    if not index.exists():
        # Snakemake waits for a missing input; an error about another file would end the planning
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), awaited)
    return index.stat().st_size // 16


def probing_minutes(wildcards, attempt):
    """Minutes of probe_clip, and with it of extract_frames where both are one group. A long film takes longer."""
    videos = [Path(video) for video in videos_of(wildcards)]
    megabytes = sum(video.stat().st_size for video in videos if video.exists()) // 10**6
    return resources.again(10 + megabytes // 50, attempt)


def detection_memory(wildcards, attempt):
    """MB for detect_poses."""
    return resources.again(4000, attempt)


def detection_minutes(wildcards, input, attempt):
    """Minutes of detect_poses."""
    frames = frames_of(wildcards.subject, input.frames)
    return resources.again(resources.detection_minutes(EDGE, frames), attempt)


def training_memory(wildcards, attempt):
    """MB for train_generator, and for the later stages, which need less (docs/lab/throughput.md)."""
    return resources.again(resources.training_memory(train_of(wildcards.variant), EDGE), attempt)


def training_minutes(wildcards, input, attempt):
    """Minutes for train_generator."""
    frames = frames_of(wildcards.target, input.frames)
    return resources.training_again(
        resources.training_minutes(train_of(wildcards.variant), EDGE, frames),
        attempt,
        config["hardware"]["longest_minutes"],
    )


def stage_minutes(stage):
    """A function: minutes for train_enhancer or train_face, by their own steps."""

    def minutes(wildcards, input, attempt):
        train = train_of(wildcards.variant)
        steps = {key: train[stage].get(key) for key in ("steps", "epochs")}
        frames = frames_of(wildcards.target, input.frames)
        return resources.training_again(
            resources.training_minutes(train | steps, EDGE, frames, stage),
            attempt,
            config["hardware"]["longest_minutes"],
        )

    return minutes


def training_gpus(wildcards):
    """GPUs for a training of any stage: the number in `hardware.devices`."""
    devices, nodes = config["hardware"]["devices"], config["hardware"]["nodes"]
    return nodes if devices == "auto" else nodes * devices


def synthesis_memory(wildcards, attempt):
    """MB for synthesize_frames, synthesize_chunk and reconstruct_heldout."""
    return resources.again(
        resources.synthesis_memory(train_of(wildcards.variant)["generator"], EDGE), attempt
    )


def synthesis_minutes(wildcards, input, attempt):
    """Minutes for synthesize_frames, and for reconstruct_heldout."""
    synthesized = wildcards.get("source", wildcards.target)
    return resources.again(resources.synthesis_minutes(EDGE, frames_of(synthesized, input.facts)), attempt)


def chunk_minutes(wildcards, input, attempt):
    """Minutes for synthesize_chunk."""
    frames, chunks = frames_of(wildcards.source, input.facts), int(wildcards.chunks)
    minutes = resources.chunk_minutes(EDGE, frames, chunks, config["hardware"]["overlap"])
    return resources.again(minutes, attempt)


def joining_minutes(wildcards, input, attempt):
    """Minutes for join_chunks."""
    return resources.again(resources.joining_minutes(EDGE, frames_of(wildcards.source, input.facts)), attempt)


def scoring_memory(wildcards, attempt):
    """MB for evaluate_transfer, evaluate_heldout and measure_frames."""
    return resources.again(5000, attempt)


def scoring_minutes(wildcards, input, attempt):
    """Minutes for evaluate_transfer, evaluate_heldout and measure_frames."""
    scored = wildcards.get("source", wildcards.target)
    return resources.again(resources.scoring_minutes(EDGE, frames_of(scored, input.video)), attempt)
