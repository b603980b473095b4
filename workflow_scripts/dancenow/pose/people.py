"""Everyone in a clip, as an estimator finds them shot by shot, with their looks and masks."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import tee

import numpy as np
from tqdm import tqdm

from dancenow.camera.outside import Outside
from dancenow.errors import InputError
from dancenow.keypoints import People
from dancenow.pose.estimators.estimator import Estimator, Shown
from dancenow.pose.looks import look_at
from dancenow.pose.masks import MaskPacker, Masks, with_more
from dancenow.pose.movement import MOSTLY, unaccounted
from dancenow.progress import LogTimer
from dancenow.video.cuts import segments
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)


def detect_people(estimator: Estimator, store: FrameStore, name: str) -> tuple[People, Masks]:
    """Everyone whom `estimator` finds in the FrameStore `store`: People with their looks, and Masks.

    The Masks show everyone in a frame; empty if the estimator gives none. name: of the clip, for messages.
    Logs progress about every ten seconds. InputError if nobody is found in the whole clip.
    """
    found, looks, timer = [], [], LogTimer()
    masks = MaskPacker(store.width, store.height)
    for people, frame in _detect_shots(estimator, store, masks):
        found.append(people)
        looks.append(look_at(frame, people))
        if timer.due(len(found) == len(store)):
            done = tqdm.format_meter(len(found), len(store), timer.seconds(), ncols=60, unit="frame")
            log.info("%s", done)
    if not estimator.finds_masks:
        for _ in found:
            masks.add(None)
    more = _find_movers(estimator, store, found)
    for index, (person, _) in more.items():
        found[index] = np.concatenate([found[index], person[None]])
        looks[index] = np.concatenate([looks[index], look_at(store[index], person[None])])
    counts = [len(people) for people in found]
    if not any(counts):
        raise InputError(
            f"{name}: {estimator.name} finds nobody in any of the {len(store)} frames; "
            "use a clip that shows one person from head to feet"
        )
    log.info("%s: people found in %d of %d frames", name, np.count_nonzero(counts), len(counts))
    everyone = replace(_everyone(estimator, store, found), looks=np.concatenate(looks))
    shown = {index: mask for index, (_, mask) in more.items()}
    return everyone, with_more(masks.packed(), shown) if shown else masks.packed()


def _everyone(estimator: Estimator, store: FrameStore, found: list[np.ndarray]) -> People:
    """People, without looks, of what an estimator `found` in each frame, (P, 133, 3)."""
    return People(
        keypoints=np.concatenate(found),
        frame=np.repeat(np.arange(len(found), dtype=np.int32), [len(people) for people in found]),
        count=len(found),
        fps=store.fps,
        width=store.width,
        height=store.height,
        estimator=estimator.name,
        checkpoint=estimator.checkpoint,
    )


def _find_movers(
    estimator: Estimator, store: FrameStore, found: list[np.ndarray]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """{frame: (person (133, 3), mask (H, W) uint8)} of whoever moves most in a shot and was not found.

    found: (P, 133, 3) of each frame.
    """
    outside, movers = Outside(_everyone(estimator, store, found)), {}
    for first, stop in segments(len(store), store.cuts):
        missed: list[tuple] = []
        shown = _unaccounted(store, found, range(first, stop), outside, missed)
        followed = {index: (person, mask) for index, person, mask in estimator.follow_mover(shown)}
        if len(followed) > MOSTLY * len(missed):
            log.info(
                "frames %d to %d: who moves most had not been found; by the movement now in %d frames",
                missed[0][0], missed[-1][0], len(followed),
            )  # fmt: skip
            movers |= followed
        elif missed:
            log.warning(
                "warning: from frame %d, what is about (%d, %d) px moves more than anyone who was found; "
                "if that is the performer, cut the clip, or give keypoints of your own (poses)",
                missed[0][0], *missed[0][1],
            )  # fmt: skip
    return movers


def _unaccounted(
    store: FrameStore, found: list[np.ndarray], shot: range, outside: Outside, missed: list[tuple]
) -> Iterator[Shown]:
    """Yield what movement.unaccounted does, with the frames; append each (index, middle px) to `missed`."""
    for index, region in unaccounted(store, found, shot, float(store.fps), outside):
        missed.append((index, region.middle()))
        yield index, store[index], region


def _detect_shots(
    estimator: Estimator, store: FrameStore, masks: MaskPacker
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield what the estimator finds in each frame, and the frame; each shot is a separate clip.

    Otherwise an estimator that follows people would look for them after a cut where they were before it.
    """
    for first, stop in segments(len(store), store.cuts):
        # an estimator may read some frames ahead before it returns the first result
        frames, shown = tee(store[index] for index in range(first, stop))
        given = (frames, masks) if estimator.finds_masks else (frames,)
        yield from zip(estimator.detect(*given), shown, strict=True)
