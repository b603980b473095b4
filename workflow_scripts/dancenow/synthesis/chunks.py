"""Synthesize a long clip in chunks, by independent jobs, and join them.

A chunk has no last frame to start from. It starts some frames early, without one, and the frames before its
own are discarded. The remaining difference at the seam is measured in docs/lab/results.md.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path

from dancenow.errors import InputError
from dancenow.provenance.finishing import finished
from dancenow.synthesis.synthesizer import synthesize_clip
from dancenow.synthesis.transfer import Transfer
from dancenow.video.cuts import segment_starts
from dancenow.video.media import decode_lossless, encode, encode_lossless

# A cut within this share of a chunk's length replaces the even split: a seam there is invisible.
CUT_NEAR = 0.25


def split(count: int, cuts: Sequence[int], chunks: int) -> list[tuple[int, int]]:
    """The frames of each chunk, [(first, stop), ...]: all of `count`, in order, in nearly equal numbers.

    cuts: as in dancenow.video.cuts. No chunk is longer than 1 + 2 * CUT_NEAR times an equal share, plus
    rounding. Raises InputError when there are fewer frames than chunks.
    """
    if count < chunks:
        raise InputError(
            f"hardware.chunks: {chunks} chunks, but the clip has {count} frames; set it to {count} or less"
        )
    length = count / chunks
    edges = [0, *(_seam(number * length, cuts, CUT_NEAR * length) for number in range(1, chunks)), count]
    return list(zip(edges, edges[1:], strict=False))


def warm_up(first: int, count: int, cuts: Sequence[int], overlap: int) -> int:
    """The frame at which the chunk of `first` starts: `overlap` frames before, or at a cut in between."""
    return max(first - overlap, int(segment_starts(count, cuts)[first]))


def synthesize_chunk(
    transfer: Transfer, video_path: str | Path, number: int, chunks: int, overlap: int, threads: int
) -> None:
    """Synthesize chunk `number` (from 1) of `chunks` and write it without loss and without sound.

    overlap: frames synthesized before it and discarded. Raises InputError if the clip has fewer frames
    than chunks.
    """
    pose, cuts = transfer.pose, transfer.cuts
    count = len(pose.keypoints)
    first, stop = split(count, cuts, chunks)[number - 1]
    begin = warm_up(first, count, cuts, overlap)
    frames = synthesize_clip(transfer, threads, (begin, stop))
    own = finished(islice(frames, first - begin, None), transfer.finish)
    encode_lossless(video_path, own, pose.fps, pose.width, pose.height)


def join_chunks(chunk_paths: list, source: dict, target: dict, video_path: str | Path) -> None:
    """Encode the chunks' frames, in order, as synthesizer.synthesize does those of an unsplit run.

    source, target: facts of their frames, as from dancenow.video.frames: the former's number, rate and cuts,
    the latter's size. The encoder does not see where chunks meet: equal frames give the unsplit run's
    bytes. Raises InputError, naming the chunk, if one is damaged or has a wrong number of frames.
    """
    size = target["width"], target["height"]
    spans = split(source["frames"], source["cuts"], len(chunk_paths))
    frames = (
        frame
        for path, (first, stop) in zip(chunk_paths, spans, strict=True)
        for frame in decode_lossless(path, *size, stop - first)
    )
    encode(video_path, frames, Fraction(source["fps"]), *size)


def _seam(even: float, cuts: Sequence[int], reach: float) -> int:
    """The cut nearest to the frame `even` and within `reach`, else `even` rounded."""
    near = [cut for cut in cuts if abs(cut - even) <= reach]
    return min(near, key=lambda cut: (abs(cut - even), cut), default=round(even))
