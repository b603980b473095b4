"""The canonical skeleton, COCO-WholeBody with 133 keypoints, and the files that hold it."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.arrays import check_layout, read_npz, write_npz
from dancenow.errors import InputError
from dancenow.kinds import RATIO

COUNT = 133
BODY = slice(0, 17)
FEET = slice(17, 23)
FACE = slice(23, 91)
LEFT_HAND = slice(91, 112)
RIGHT_HAND = slice(112, 133)
SKELETON_PARTS = {"body": BODY, "feet": FEET, "face": FACE, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND}

# left and right as the person sees them
BODY_NAMES = (
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow "
    "left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle "
    "left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
).split()
INDEX = {name: index for index, name in enumerate(BODY_NAMES)}
SIDES = ("left", "right")


def sides_of(joint: str) -> list[int]:
    """The numbers of the left and of the right keypoint of a name, such as "hip"."""
    return [INDEX[f"{side}_{joint}"] for side in SIDES]


TRUNK_SHARE = 0.31  # of the standing height, from the middle of the shoulders to that of the hips
HEAD = [INDEX["nose"], *sides_of("eye"), *sides_of("ear")]
TRUNK_CORNERS = [INDEX[name] for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]

# below this confidence a keypoint counts as missing everywhere in the workflow
MIN_CONFIDENCE = 0.05

# the checkpoint of imported keypoints, which came from a file
IMPORTED = "imported"

# the values of Pose.origin
MISSING = 0
MEASURED = 1
REPAIRED = 2  # interpolated over a short gap, or after a jump or a swap of left and right
IMPUTED = 3  # held or carried along over a longer gap


@dataclass(frozen=True)
class Pose:
    """One performer over a whole clip.

    keypoints: (T, 133, 3) float32 of x px, y px (frame pixels, pixel centres at integers) and
        confidence 0..1; a missing keypoint is (0, 0, 0). T is always the clip's frame count.
    fps: frames per second, exact. width, height: the frame's size in px.
    estimator: its name; checkpoint: "sha256:..." of the weights that made the detections, or IMPORTED, and
        then the estimator is the name of the format.
    origin: (T, 133) uint8, MISSING (exactly where the confidence is below MIN_CONFIDENCE), MEASURED, REPAIRED
        or IMPUTED; by default every keypoint that is present counts as measured.
    """

    keypoints: np.ndarray
    fps: Fraction
    width: int
    height: int
    estimator: str
    checkpoint: str
    origin: np.ndarray = None  # type: ignore[assignment]  # __post_init__ fills it in

    def __post_init__(self) -> None:
        shape = self.keypoints.shape
        if len(shape) != 3 or shape[1:] != (COUNT, 3) or self.keypoints.dtype != np.float32:
            raise ValueError(f"keypoints must be (T, {COUNT}, 3) float32, not {shape} {self.keypoints.dtype}")
        if not np.isfinite(self.keypoints).all():
            raise ValueError("keypoints hold NaN or infinity")
        if self.__dict__["origin"] is None:
            object.__setattr__(self, "origin", np.where(self.present(), MEASURED, MISSING).astype(np.uint8))
        origin = self.origin
        if origin.shape != shape[:2] or origin.dtype != np.uint8:
            raise ValueError(f"origin must be {shape[:2]} uint8, not {origin.shape} {origin.dtype}")
        if (origin > IMPUTED).any() or ((origin == MISSING) == self.present()).any():
            raise ValueError(
                f"origin must be {MISSING} exactly where a keypoint is missing, else 1 to {IMPUTED}"
            )

    def replace(self, **changes: Any) -> "Pose":
        """A copy with some fields changed.

        New keypoints keep their origins; a keypoint that was missing before becomes IMPUTED, one that is
        missing now becomes MISSING. ValueError: a different number of frames without a new origin.
        """
        if "keypoints" in changes and "origin" not in changes:
            present = changes["keypoints"][..., 2] >= MIN_CONFIDENCE
            if present.shape[1:] == self.origin.shape[1:] and len(present) != len(self.origin):
                raise ValueError(
                    f"{len(present)} frames cannot take the origins of {len(self.origin)}; give origin"
                )
            known = np.where(self.origin == MISSING, IMPUTED, self.origin)
            if present.shape == known.shape:  # any other shape is refused by __post_init__
                changes["origin"] = np.where(present, known, MISSING).astype(np.uint8)
        return Pose(**{**self.__dict__, **changes})

    def part(self, frames: slice | np.ndarray) -> "Pose":
        """The Pose in a slice or (n,) numbers of its frames."""
        return self.replace(keypoints=self.keypoints[frames], origin=self.origin[frames])

    def placed(self, places: np.ndarray, width: int, height: int) -> "Pose":
        """The same keypoints at (T, 133, 2) px of a frame of another size; missing ones stay (0, 0, 0)."""
        keypoints = self.keypoints.copy()
        keypoints[..., :2] = np.where(keypoints[..., 2:] > 0, places, 0)
        return self.replace(keypoints=keypoints, width=width, height=height)

    def present(self) -> np.ndarray:
        """(T, 133) bool: which keypoints count as seen."""
        return self.keypoints[..., 2] >= MIN_CONFIDENCE

    def found(self) -> np.ndarray:
        """(T, 133) bool: which of these the clip shows, and are not IMPUTED."""
        return self.present() & (self.origin != IMPUTED)


@dataclass(frozen=True)
class People:
    """Everyone an estimator found in a clip, before anyone is chosen.

    keypoints: (N, 133, 3) float32 as in Pose; frame: (N,) int32, ascending, the frame of each row;
    count: frames in the clip (frames with nobody have no row). looks: (N, R, 3) float32, the colours of
    their clothes in looks.CLOTHES_REGIONS, as in dancenow.pose.looks; None for imported keypoints and in
    files older than looks. The rest as in Pose.
    """

    keypoints: np.ndarray
    frame: np.ndarray
    count: int
    fps: Fraction
    width: int
    height: int
    estimator: str
    checkpoint: str
    looks: np.ndarray | None = None

    def in_frame(self, index: int) -> np.ndarray:
        """(P, 133, 3) float32: everyone in a frame; P may be 0."""
        first, stop = np.searchsorted(self.frame, (index, index + 1))
        return self.keypoints[first:stop]


BOTH_LAYOUT = {
    **{"keypoints": f"finite float32 N {COUNT} 3", "fps": "text", "width": "int", "height": "int"},
    **{"estimator": "text", "checkpoint": "text"},
}
KEYPOINT_LAYOUTS: dict[type, dict[str, str]] = {
    Pose: BOTH_LAYOUT | {"origin": f"uint8 N {COUNT}"},
    People: BOTH_LAYOUT | {"frame": "int32 N", "count": "int"},
}


def _save(path: str | Path, record: Pose | People) -> None:
    fields = {name: value for name, value in record.__dict__.items() if value is not None}
    fields["fps"] = str(record.fps)
    write_npz(path, fields)


def _load(path: str | Path, kind: type) -> Any:
    def make(stored: dict[str, np.ndarray]) -> Any:
        fields: dict[str, Any] = {
            name: stored[name] for name in kind.__annotations__ if name != "looks" or name in stored
        }
        for name in ("estimator", "checkpoint", "fps"):
            fields[name] = str(fields[name])
        for name in {"width", "height", "count"} & fields.keys():
            fields[name] = int(fields[name])
        if not RATIO.fullmatch(str(stored["fps"])):
            raise ValueError(f"fps is {stored['fps']}")
        fields["fps"] = Fraction(fields["fps"])
        if kind is People:
            _check_rows(fields["keypoints"], fields["frame"], fields["count"], fields.get("looks"))
        return kind(**fields)

    return read_npz(path, f"a {kind.__name__.lower()} file", KEYPOINT_LAYOUTS[kind], make)


def _check_rows(keypoints: np.ndarray, frame: np.ndarray, count: int, looks: np.ndarray | None) -> None:
    """ValueError unless these, of a People, have a row for each person, in the order of `count` frames."""
    rows = len(keypoints)
    if rows and (frame[0] < 0 or frame[-1] >= count or (np.diff(frame) < 0).any()):
        raise ValueError(f"frames must ascend, below {count}")
    if looks is not None:
        check_layout({"looks": looks}, {"looks": f"float32 {rows} * 3"})


def save_pose(path: str | Path, pose: Pose) -> None:
    """Write a Pose as .npz, whole or not at all."""
    _save(path, pose)


def load_pose(path: str | Path) -> Pose:
    """Read a Pose; InputError names a file that is not one."""
    return _load(path, Pose)


def save_people(path: str | Path, people: People) -> None:
    """Write a People as .npz, whole or not at all."""
    _save(path, people)


def load_people(path: str | Path) -> People:
    """Read a People; InputError names a file that is not one."""
    return _load(path, People)


def boxes(keypoints: np.ndarray) -> np.ndarray:
    """Tight boxes around the seen body and feet keypoints.

    keypoints: (..., 133, 3). Returns (..., 4) float32 of x0, y0, x1, y1 px; NaN where nothing is seen.
    """
    figure = keypoints[..., : FEET.stop, :]
    seen = figure[..., 2:] >= MIN_CONFIDENCE
    low = np.where(seen, figure[..., :2], np.inf).min(axis=-2)
    high = np.where(seen, figure[..., :2], -np.inf).max(axis=-2)
    box = np.concatenate([low, high], axis=-1)
    return np.where(np.isfinite(box), box, np.nan).astype(np.float32)


def box_diagonals(keypoints: np.ndarray) -> np.ndarray:
    """(...) float32 px: the diagonals of `boxes` of (..., 133, 3) keypoints; 0 where nothing is seen."""
    box = boxes(keypoints)
    return np.nan_to_num(np.linalg.norm(box[..., 2:] - box[..., :2], axis=-1))


def standing_height(keypoints: np.ndarray) -> float:
    """Height in px of the performer standing upright, from the keypoints of the head to those of the feet.

    keypoints: (T, 133, 3). The 95th percentile over frames with a head and a foot, because people crouch and
    detections jump; arms do not count, because they may be raised. Lying down or being upside down does not
    change it. If no frame shows both, what trunks are usually TRUNK_SHARE of; NaN if none shows a trunk.
    """
    head, feet = (
        keypoints[:, : INDEX["right_ear"] + 1],
        keypoints[:, INDEX["left_ankle"] : INDEX["right_heel"] + 1],
    )
    ways = [
        _extreme(far, axis, np.max) - _extreme(near, axis, np.min)
        for axis in (0, 1)
        for far, near in ((head, feet), (feet, head))
    ]
    tall = np.max(ways, axis=0)
    if not np.isfinite(tall).any():
        shoulders, hips = (keypoints[:, sides_of(joint)] for joint in ("shoulder", "hip"))
        seen = (np.concatenate([shoulders, hips], axis=1)[..., 2] >= MIN_CONFIDENCE).all(axis=1)
        trunks = np.linalg.norm((shoulders - hips)[..., :2].mean(axis=1), axis=1)
        tall = np.where(seen, trunks, np.nan) / TRUNK_SHARE
    tall = tall[np.isfinite(tall)]
    return float(np.quantile(tall, 0.95)) if len(tall) else float("nan")


def _extreme(keypoints: np.ndarray, axis: int, pick: Callable) -> np.ndarray:
    """(T,) x or y px of the least or greatest seen of (T, K, 3) keypoints; NaN where none is seen."""
    fill = np.inf if pick is np.min else -np.inf
    places = pick(np.where(keypoints[..., 2] >= MIN_CONFIDENCE, keypoints[..., axis], fill), axis=1)
    return np.where(np.isfinite(places), places, np.nan)


def require_same_estimator(a: Pose, b: Pose, path_a: str | Path, path_b: str | Path) -> None:
    """InputError unless two Poses come from one estimator with one set of weights."""
    if (a.estimator, a.checkpoint) != (b.estimator, b.checkpoint):
        remedy = "delete results/poses/*.people.npz of one of them and run again"
        if IMPORTED in (a.checkpoint, b.checkpoint):
            remedy = "name keypoints of one format under `poses` for both subjects, or for neither"
        raise InputError(
            f"{path_a} was made by {a.estimator} ({a.checkpoint[:19]}), {path_b} by {b.estimator} "
            f"({b.checkpoint[:19]}); their keypoints sit differently on the body: {remedy}"
        )
