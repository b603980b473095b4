"""Pose estimators behind one interface: which one a run uses, and everyone it finds in a clip."""

import http.client
import logging
import shutil
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import tee
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from tqdm import tqdm

from dancenow.camera.outside import Outside
from dancenow.errors import InputError
from dancenow.files import atomic_path, sha256
from dancenow.keypoints import COUNT, People, boxes
from dancenow.pose.looks import look_at
from dancenow.pose.masks import MaskPacker, Masks, with_more
from dancenow.pose.movement import MOSTLY, Region, unaccounted
from dancenow.progress import LogTimer
from dancenow.video.cuts import segments
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

NAMES = ("auto", "openpifpaf", "mediapipe")

# openpifpaf's published networks for the 133 keypoints; nobody publishes their hashes
PUBLISHED = {
    f"shufflenetv2k{depth}-wholebody": (
        f"https://github.com/DuncanZauss/openpifpaf_assets/releases/download/v0.1.0/sk{depth}_wholebody.pkl"
    )
    for depth in (16, 30)
}
DOWNLOAD_TIMEOUT_S = 10
DECIDE_AGAIN = "delete results/poses/estimator.json to decide again"


Shown = tuple[int, np.ndarray, Region]  # index, (H, W, 3) uint8 RGB frame, what moves in it
Mover = tuple[int, np.ndarray, np.ndarray]  # index, person (133, 3) float32, mask (H, W) uint8


class Estimator(Protocol):
    """Finds people in pictures. name: of the estimator; checkpoint: "sha256:..." of its weights.

    finds_masks: whether `detect` also takes a masks.MaskPacker and adds one mask of everyone per frame.
    """

    name: str
    checkpoint: str
    finds_masks: bool

    def detect(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield (P, 133, 3) float32 for each (H, W, 3) uint8 RGB frame of one clip, in order.

        Everyone found in the frame, P may be 0; keypoints as in dancenow.keypoints.Pose.
        """

    def follow_mover(self, shown: Iterable[Shown]) -> Iterator[Mover]:
        """Whoever moves most in one shot, but whom `detect` did not find; only frames that show one."""


def choose(estimator: str, checkpoint: str) -> dict[str, str]:
    """Decide on the estimator, once per run.

    estimator: "auto" takes openpifpaf when its checkpoint is a file, is in torch's cache or can be
    downloaded now, else mediapipe; the other two names are enforced. checkpoint: for openpifpaf, a published
    name (a key of PUBLISHED) or the path of a file. Returns {"estimator", "checkpoint": file path or
    "embedded", "sha256", "reason": one line}. InputError: an unknown name, a file that does not exist, a
    openpifpaf required but its checkpoint not available.
    """
    if estimator not in NAMES:
        raise InputError(f"pose.estimator: {estimator!r} is unknown; choose one of: {', '.join(NAMES)}")
    if estimator == "mediapipe":
        return _mediapipe_decision("asked for in the configuration")
    try:
        path, origin = find_checkpoint(checkpoint)
    except OSError as error:
        url = PUBLISHED[checkpoint]
        missing = (
            f"openpifpaf is not used: {cached(url).name} is not in {cached(url).parent} and could not be "
            f"downloaded ({error}); to use it, put {url} into that folder (TORCH_HOME names another) or "
            "give the path of a copy as pose.checkpoint"
        )
        if estimator == "openpifpaf":
            raise InputError(f"{missing}, or set pose.estimator to mediapipe") from error
        return _mediapipe_decision(f"{missing}, and {DECIDE_AGAIN}")
    return {"estimator": "openpifpaf", "checkpoint": str(path), "sha256": sha256(path), "reason": origin}


def find_checkpoint(checkpoint: str) -> tuple[Path, str]:
    """(path, one line on where it came from) of an openpifpaf checkpoint, downloaded if need be.

    OSError: a published checkpoint that is neither cached nor downloadable. InputError: no such name
    and no such file.
    """
    if checkpoint in PUBLISHED:
        path, origin = cached(PUBLISHED[checkpoint]), f"{checkpoint} is in torch's cache"
        if not path.is_file():
            download(PUBLISHED[checkpoint], path)
            origin = f"{checkpoint} was downloaded from {PUBLISHED[checkpoint]}"
        return path, f"{origin}; not verified, no SHA-256 of it is published: {sha256(path)}"
    if not Path(checkpoint).is_file():
        names = ", ".join(PUBLISHED)
        raise InputError(f"pose.checkpoint: {checkpoint!r} is not a file; give a path or one of: {names}")
    return Path(checkpoint), "the checkpoint file named in the configuration"


def cached(url: str) -> Path:
    """Where torch caches the download of `url`; openpifpaf looks in the same place."""
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name


def download(url: str, path: Path) -> None:
    """Fetch `url` to `path`, whole or not at all; OSError when that fails."""
    log.info("downloading %s", url)
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as reply, atomic_path(path) as partial:
            if url.startswith("https:") and not reply.url.startswith("https:"):
                raise OSError(f"it leads to {reply.url}, which is not https")
            with open(partial, "wb") as file:
                shutil.copyfileobj(reply, file)
            # a broken connection looks like the end of the file
            size, announced = partial.stat().st_size, reply.headers.get("Content-Length")
            if announced and size != int(announced):
                raise OSError(f"only {size} of {announced} bytes arrived")
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def open_estimator(decision: dict[str, str], threads: int) -> Estimator:
    """The Estimator that a decision of `choose` names, on `threads` CPU threads or the GPU.

    Never falls back: InputError if the checkpoint is gone, is not the one decided on (SHA-256), or does
    not hold a network for the 133 keypoints.
    """
    # each library takes seconds to import, and a run needs only one of them
    if decision["estimator"] == "openpifpaf":
        from dancenow.pose.estimators.openpifpaf_wholebody import OpenpifpafWholebody

        return OpenpifpafWholebody(decision["checkpoint"], decision["sha256"], threads)
    from dancenow.pose.estimators.mediapipe_holistic import MediapipeHolistic

    opened = MediapipeHolistic()
    if opened.checkpoint != f"sha256:{decision['sha256']}":
        raise InputError(f"the installed mediapipe is not the one that was decided on; {DECIDE_AGAIN}")
    return opened


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


def drop_unseen(people: np.ndarray, width: int, height: int) -> np.ndarray:
    """Set keypoints outside the frame or without confidence to (0, 0, 0); drop people without keypoints.

    people: (P, 133, 3) of x px, y px, confidence. Returns float32, confidence at most 1.
    """
    x, y, confidence = np.moveaxis(people, -1, 0)
    seen = (confidence > 0) & (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
    kept = np.where(seen[..., None], people, 0).astype(np.float32).reshape(-1, COUNT, 3)
    kept[..., 2] = kept[..., 2].clip(0, 1)
    return kept[seen.any(axis=-1)]


def largest_people(found: Iterable[np.ndarray]) -> np.ndarray:
    """The largest person in each frame, (T, 133, 3) float32; zeros where nobody is found.

    found: (P, 133, 3) of each frame, as from Estimator.detect.
    """
    chosen = []
    for people in found:
        box = boxes(people)
        area = np.nan_to_num((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]), nan=-1.0)
        chosen.append(people[area.argmax()] if len(people) else np.zeros((COUNT, 3), np.float32))
    return np.stack(chosen)


def _mediapipe_decision(reason: str) -> dict[str, str]:
    from dancenow.pose.estimators.mediapipe_holistic import model_hash

    digest = model_hash().removeprefix("sha256:")
    return {"estimator": "mediapipe", "checkpoint": "embedded", "sha256": digest, "reason": reason}
