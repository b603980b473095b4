"""A long clip synthesized in chunks, by jobs that know nothing of each other, and joined.

A chunk has no last frame to go on from: it begins some frames early, with nothing, and the frames before its
own are thrown away. What is left of the difference at the seam is measured in docs/lab/results.md.
"""

from fractions import Fraction
from itertools import islice

from dancenow.errors import InputError
from dancenow.provenance.finishing import finished
from dancenow.synthesis.synthesizer import synthesize_clip
from dancenow.video.cuts import segment_starts
from dancenow.video.media import decode_lossless, encode, encode_lossless

# A cut within this share of a chunk's length takes the place of the even split: a seam there costs nothing.
NEAR = 0.25


def split(count, cuts, chunks):
    """The frames of each chunk, [(first, stop), ...]: all of `count`, in order, in nearly equal numbers.

    cuts: as in dancenow.video.cuts. No chunk is longer than 1 + 2 * NEAR times an equal share, plus rounding.
    Raises InputError when there are fewer frames than chunks.
    """
    if count < chunks:
        raise InputError(f"hardware.chunks: {chunks} chunks of a clip of {count} frames; set it to {count}")
    length = count / chunks
    edges = [0, *(_seam(number * length, cuts, NEAR * length) for number in range(1, chunks)), count]
    return list(zip(edges, edges[1:], strict=False))


def warm_up(first, count, cuts, overlap):
    """The frame at which the chunk of `first` begins: `overlap` before, or at the cut between."""
    return max(first - overlap, int(segment_starts(count, cuts)[first]))


def synthesize_chunk(
    generator_path,
    pose,
    video_path,
    number,
    chunks,
    overlap,
    threads,
    cuts=(),
    face_path=None,
    references=None,
    finish=(),
    replay=None,
):
    """Synthesize chunk `number` (from 1) of `chunks` and write it without loss and without sound.

    overlap: frames synthesized before it and thrown away; the rest as in
    dancenow.synthesis.synthesizer.synthesize. Raises InputError when the clip has fewer frames than chunks.
    """
    count = len(pose.keypoints)
    first, stop = split(count, cuts, chunks)[number - 1]
    begin = warm_up(first, count, cuts, overlap)
    given = cuts, face_path, (begin, stop), references, replay
    frames = synthesize_clip(generator_path, pose, threads, *given)
    own = finished(islice(frames, first - begin, None), finish)
    encode_lossless(video_path, own, pose.fps, pose.width, pose.height)


def join_chunks(chunk_paths, source, target, video_path):
    """Encode the chunks' frames, in order, as synthesizer.synthesize does those of an unsplit run.

    source, target: facts of their frames, as from dancenow.video.frames: the former's number, rate and cuts,
    the latter's size. The encoder does not see where the chunks met: equal frames give the unsplit run's
    bytes. Raises InputError, naming the chunk, when one is damaged or has not the frames that it should have.
    """
    size = target["width"], target["height"]
    spans = split(source["frames"], source["cuts"], len(chunk_paths))
    frames = (
        frame
        for path, (first, stop) in zip(chunk_paths, spans, strict=True)
        for frame in decode_lossless(path, *size, stop - first)
    )
    encode(video_path, frames, Fraction(source["fps"]), *size)


def _seam(even, cuts, reach):
    """The cut nearest to the frame `even` and no further than `reach`, else `even` rounded."""
    near = [cut for cut in cuts if abs(cut - even) <= reach]
    return min(near, key=lambda cut: (abs(cut - even), cut), default=round(even))
