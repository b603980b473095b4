"""Give a figure the target's limb lengths instead of the source's, bone by bone, with the same directions.

The paper's normalisation moves the figure as a whole, so that the target dances with the source's arms and
legs. Here every bone keeps its direction in the picture and takes the target's length. Foreshortening
takes the same share of any length, so one factor per bone is right in every frame.
docs/method.md says how lengths are measured, docs/lab/results.md has the benefit.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from dancenow.keypoints import COUNT, FACE, INDEX, LEFT_HAND, RIGHT_HAND, SIDES, Pose, sides_of
from dancenow.stretches import interpolated

# foreshortening only shortens: a bone has its full length when it lies in the picture plane. The
# maximum could be a single bad detection
LONGEST = 0.9
# people's proportions differ less than their measurements: a knee may never be straight, a joint detected
# too high. The factors of these bones are moved this share towards their mean
FACTORS_ALIKE = 0.4
FREE_BONES = "trunk", "thigh", "shank", "upper_arm", "forearm", "neck"
# the two bones of a limb are about as long: 16 clips have 0.80 to 1.17. One that never looks longer than this
# share of the other always points at the camera, as the thighs of somebody who sits before it
SAME_LIMB, NEVER_AT_LENGTH = (("thigh", "shank"), ("upper_arm", "forearm")), 0.6
# a foot shows its length only from the side, which most clips hardly do, so that lengths tell how far feet
# were turned, and not whose are longer: they are as large as the body
BODY_SIZED = ("foot",)
# shares of the body height: from an ankle to the toes, seen from the side; between the shoulders of a body
# that surely faces the camera, or turns its back to it, and of a leg whose way in the picture is sure
FOOT_LENGTH, SQUARE_ON = 0.11, 0.1
TOWARDS_CAMERA = 0.8  # of a foot's length: what a foot that tells how the camera sees feet points at it
# people's proportions differ by less; beyond this, one of the two measurements is wrong
PLAUSIBLE_RATIO = (0.5, 2.0)
# of the body height, from the middle of the head to an ear: a head that never looks wider never faced the
# camera, and counts as so wide. 16 clips have 0.030 to 0.053, backs the least, and one of sides 0.021
LEAST_HEAD = 0.03
# of the body height, about a third of a face or of a foot: beyond this, one of the two people never looked at
# the camera
PLAUSIBLE_SHIFT = 0.04

# points halfway between a left and a right joint, numbered after the keypoints
MIDDLES = {f"mid_{joint}": COUNT + number for number, joint in enumerate(("hip", "shoulder", "ear"))}
POINTS = INDEX | MIDDLES

# what it is called (None: no bone), the numbers of the points where it starts and ends
Bone = tuple[str | None, int, int]


def _both(bone: str, start: str, end: str) -> list[tuple[str, str, str]]:
    """The rows of TREE for a left and a right limb."""
    return [(bone, start if start in MIDDLES else f"{side}_{start}", f"{side}_{end}") for side in SIDES]


# (bone, where it starts, where it ends), from the root mid_hip outwards
TREE = [
    ("trunk", "mid_hip", "mid_shoulder"),
    *_both("hips", "mid_hip", "hip"),
    *_both("thigh", "hip", "knee"),
    *_both("shank", "knee", "ankle"),
    *_both("foot", "ankle", "big_toe"),
    *_both("shoulders", "mid_shoulder", "shoulder"),
    *_both("upper_arm", "shoulder", "elbow"),
    *_both("forearm", "elbow", "wrist"),
    ("neck", "mid_shoulder", "mid_ear"),
    *_both("head", "mid_ear", "ear"),
]
# these points lie at different heights between chin and crown from face to face
FACE_SHAPE_POINTS = [INDEX["nose"], *sides_of("eye"), *range(COUNT)[FACE]]
TOES = [[INDEX[f"{side}_{toe}"] for toe in ("big_toe", "small_toe")] for side in SIDES]
BONES = tuple(dict.fromkeys(bone for bone, _, _ in TREE))
MEASURED_BONES = tuple(bone for bone in BONES if bone not in BODY_SIZED)
# joints with which an upside-down figure may touch the ground: those within about CONTACT_DEPTH leg lengths
# of the lowest
CONTACTS = [POINTS["mid_ear"], *(POINTS[f"{side}_{joint}"] for side in SIDES
                                 for joint in ("shoulder", "elbow", "wrist", "hip", "knee"))]  # fmt: skip
CONTACT_DEPTH = 0.05


def _fan(bone: str | None, start: str, ends: Iterable[int]) -> list[Bone]:
    """Rows, by number, of points that keep their places around `start`; bone None: also their size."""
    return [(bone, POINTS[start], end) for end in ends]


# points at which no bone ends: they move with the joint they belong to. Hands keep the body's scale
FOLLOWERS = [
    *_fan("head", "mid_ear", FACE_SHAPE_POINTS),
    *_fan("foot", "left_ankle", [INDEX["left_small_toe"], INDEX["left_heel"]]),
    *_fan("foot", "right_ankle", [INDEX["right_small_toe"], INDEX["right_heel"]]),
    *_fan(None, "left_wrist", range(COUNT)[LEFT_HAND]),
    *_fan(None, "right_wrist", range(COUNT)[RIGHT_HAND]),
]


def measure_limbs(keypoints: np.ndarray, seen: np.ndarray, heights: np.ndarray) -> dict[str, float | None]:
    """The lengths of a performer's bones, as shares of the body height.

    keypoints: (T, 133, 2+) px; seen: (T, 133) bool; heights: (T,) px, apparent body height at the place of
    the feet in each frame. Left and right count as one. Returns {bone: share} for MEASURED_BONES: the 90 %
    quantile of its lengths, or None if it was never seen.
    """
    shares = bone_lengths(keypoints, seen) / heights
    limbs = {}
    for bone in MEASURED_BONES:
        pooled = shares[[row for row, (name, _, _) in enumerate(TREE) if name == bone]]
        pooled = pooled[np.isfinite(pooled)]
        limbs[bone] = round(float(np.quantile(pooled, LONGEST)), 4) if len(pooled) else None
    return limbs


def measure_face(keypoints: np.ndarray, seen: np.ndarray, heights: np.ndarray) -> list[float | None]:
    """The heights of face points relative to the ears: a list with one share of the body height for each of
    FACE_SHAPE_POINTS, along the neck and positive upwards, the median over time; None where never seen.

    keypoints, seen and heights as in measure_limbs. Heads nod both ways, so the median reflects the face's
    shape, and where the detector sees the ears, which hair shifts.
    """
    places, known = _with_middles(keypoints, seen)
    offsets = places[:, FACE_SHAPE_POINTS] - places[:, [POINTS["mid_ear"]]]
    shares = (offsets * _along_neck(places)[:, None]).sum(axis=-1) / heights[:, None]
    known = known[:, FACE_SHAPE_POINTS] & known[:, [POINTS["mid_ear"]]] & known[:, [POINTS["mid_shoulder"]]]
    columns = zip(shares.T, known.T, strict=True)
    return [round(float(np.median(share[there])), 4) if there.any() else None for share, there in columns]


def measure_toes(keypoints: np.ndarray, seen: np.ndarray, heights: np.ndarray) -> float | None:
    """How far the toes of feet that point at the camera lie below their ankles: a share of the body height.

    keypoints, seen and heights as in measure_limbs. The median over both feet; None if none ever does. It
    tells how far the camera looks down on the floor, and how near it is.
    """
    pointing = towards_camera(keypoints, seen, heights)
    shares = []
    for side, toes, known in zip(SIDES, TOES, pointing.T, strict=True):
        ankle = INDEX[f"{side}_ankle"]
        told = seen[:, toes[0]] & seen[:, ankle] & (known > TOWARDS_CAMERA)
        shares.append(((keypoints[:, toes[0], 1] - keypoints[:, ankle, 1]) / heights)[told])
    pooled = np.concatenate(shares)
    return round(float(np.median(pooled)), 4) if len(pooled) else None


def towards_camera(keypoints: np.ndarray, seen: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """(T, 2): the share of its length by which the left and the right foot point at the camera, negative for
    away from it.

    keypoints: (T, 133, 2+) px; seen: (T, 133) bool; heights: (T,) px, the body height. A foot's width in the
    picture tells its turn; the shoulders beside the leg tell front from back, since a leg that points up
    turns its foot round. About the leg and not the trunk, as pose.facing has it: feet of who bows stay.
    Interpolated in time where one is not seen.
    """
    places = keypoints[..., :2].astype(np.float64)
    shoulders = sides_of("shoulder")
    line, square_on = places[:, shoulders[0]] - places[:, shoulders[1]], SQUARE_ON * heights
    pointing = []
    for side, toes in zip(SIDES, TOES, strict=True):
        hip, ankle, toe = INDEX[f"{side}_hip"], INDEX[f"{side}_ankle"], toes[0]
        leg = places[:, ankle] - places[:, hip]
        leg /= np.maximum(np.linalg.norm(leg, axis=1), square_on)[:, None]
        facing = np.clip((line[:, 0] * leg[:, 1] - line[:, 1] * leg[:, 0]) / square_on, -1, 1)
        across = np.clip((places[:, toe, 0] - places[:, ankle, 0]) / (FOOT_LENGTH * heights), -1, 1)
        share = np.sqrt(1 - across**2) * facing
        pointing.append(_filled(share[:, None], seen[:, [hip, ankle, toe, *shoulders]].all(axis=1)))
    return np.concatenate(pointing, axis=1)


def bone_lengths(keypoints: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(len(TREE), T) px: the apparent length of each bone of TREE; NaN where an end is missing.

    keypoints: (T, 133, 2+) px; seen: (T, 133) bool.
    """
    places, known = _with_middles(keypoints, seen)
    rows = _numbered(TREE)
    starts, ends = [start for _, start, _ in rows], [end for _, _, end in rows]
    lengths = np.linalg.norm(places[:, ends] - places[:, starts], axis=-1)
    return np.where(known[:, starts] & known[:, ends], lengths, np.nan).T


def limb_ratios(source: dict[str, float | None], target: dict[str, float | None]) -> dict[str, float]:
    """{bone: factor} from the source's proportions to the target's; both from measure_limbs.

    A factor is clamped to PLAUSIBLE_RATIO, those of FREE_BONES are moved together by FACTORS_ALIKE. Those of
    them that one of the two clips never shows, or never at their length, take the others' mean, as BODY_SIZED
    ones do; another bone that is never shown keeps its length. A head counts as at least LEAST_HEAD wide.
    """
    source, target = _at_length(source), _at_length(target)
    ratios = dict.fromkeys(BONES, 1.0)
    for bone in MEASURED_BONES:
        own, wanted = source[bone], target[bone]
        if own and wanted:
            if bone == "head":
                own, wanted = max(own, LEAST_HEAD), max(wanted, LEAST_HEAD)
            ratios[bone] = float(np.clip(wanted / own, *PLAUSIBLE_RATIO))
    known = [bone for bone in FREE_BONES if source[bone] and target[bone]]
    mean = np.exp(np.mean([np.log(ratios[bone]) for bone in known])) if known else 1.0
    unknown = (bone for bone in FREE_BONES if bone not in known)
    ratios |= dict.fromkeys((*BODY_SIZED, *unknown), float(mean))
    return ratios | {bone: float(ratios[bone] ** (1 - FACTORS_ALIKE) * mean**FACTORS_ALIKE) for bone in known}


def _at_length(limbs: dict[str, float | None]) -> dict[str, float | None]:
    """The limbs of measure_limbs, None for the bones that the clip shows foreshortened alone."""
    told = {bone: limbs[bone] for bone in MEASURED_BONES}
    for pair in SAME_LIMB:
        for bone, other in (pair, pair[::-1]):
            own, beside = limbs[bone], limbs[other]
            if own and beside and own < NEVER_AT_LENGTH * beside:
                told[bone] = None
    return told


def toe_shift(source: float | None, target: float | None, ratio: float) -> float:
    """The share of the body height by which toes that point at the camera move down, from the source's view
    of the floor to the target's; both from measure_toes. ratio: the factor of the bone "foot".

    0 if one of the two clips never shows such feet.
    """
    if source is None or target is None:
        return 0.0
    return float(np.clip(target - ratio * source, -PLAUSIBLE_SHIFT, PLAUSIBLE_SHIFT))


def face_shift(source: Sequence[float | None], target: Sequence[float | None], ratio: float) -> np.ndarray:
    """(71,) shares of the body height by which each of FACE_SHAPE_POINTS moves up the neck, from the source's
    face to the target's; both from measure_face. ratio: the factor of the bone "head".

    A point that one of the two clips never shows moves like the median of the others.
    """
    pairs = [(a, b) for a, b in zip(source, target, strict=True) if a is not None and b is not None]
    usual = float(np.median([b - ratio * a for a, b in pairs])) if pairs else 0.0
    shifts = [usual if a is None or b is None else b - ratio * a for a, b in zip(source, target, strict=True)]
    return np.clip(shifts, -PLAUSIBLE_SHIFT, PLAUSIBLE_SHIFT)


def retarget(
    pose: Pose, ratios: dict[str, float], face: np.ndarray | None = None, toes: np.ndarray | None = None
) -> Pose:
    """The Pose with every bone `ratios[bone]` times as long, in the same direction.

    The figure is rebuilt from the mid-hip outwards, then moved so that the middle between the ankles is where
    it was, which preserves ground contact, jumps and depth. Upside down, the lowest joint stays, hands or
    head. If a bone is missing, its direction is interpolated in time; if it always is, its end moves with its
    start: a missing joint never breaks the bones attached to it. Missing keypoints stay missing, confidences
    are kept. face: (T, 71) px by which FACE_SHAPE_POINTS also move up the neck; toes: (T, 2) px by which the
    toes of the left and of the right foot also move down.
    """
    places, known = _with_middles(pose.keypoints, pose.present())
    moved = np.zeros_like(places)
    rows = _numbered(TREE) + FOLLOWERS
    for bone, start, end in rows:
        moved[:, end] = moved[:, start]
        if bone is not None and ratios[bone] != 1:
            vectors = _filled(places[:, end] - places[:, start], known[:, start] & known[:, end])
            moved[:, end] += (ratios[bone] - 1) * vectors
    if face is not None:
        moved[:, FACE_SHAPE_POINTS] += face[..., None] * _along_neck(places, known)[:, None]
    if toes is not None:
        for points, down in zip(TOES, toes.T, strict=True):
            moved[:, points, 1] += down[:, None]
    moved -= _at_contact(places, known, moved)[:, None]
    return pose.placed((places + moved)[:, :COUNT], pose.width, pose.height)


def _at_contact(places: np.ndarray, known: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """(T, 2) px by which `moved` displaces the contact with the ground.

    The contact is the middle of the ankles or, as they rise above the hips, more and more the lowest joints.
    """
    ankles, knees, hips = sides_of("ankle"), sides_of("knee"), sides_of("hip")
    feet = moved[:, ankles].mean(axis=1)
    legs = known[:, ankles + knees + hips].all(axis=1)
    height = places[:, hips, 1].mean(axis=1) - places[:, ankles, 1].mean(axis=1)
    if not (legs & (height > 0)).any():
        return feet
    bones = (places[:, hips] - places[:, knees], places[:, knees] - places[:, ankles])
    length = sum(np.linalg.norm(bone, axis=-1).mean(axis=1) for bone in bones)
    length, height = (interpolated(values, legs) for values in (length, height))
    share = np.clip(2 * height / np.maximum(length, 1), 0, 1)[:, None]
    # the lowest joint may change from frame to frame, so all joints near the ground share the contact
    low = np.where(known[:, CONTACTS], places[:, CONTACTS, 1], -np.inf)
    depth = low - low.max(axis=1, keepdims=True, initial=-1e6)
    weights = np.exp(depth / (CONTACT_DEPTH * np.maximum(length, 1))[:, None])
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-6)
    lowest = (weights[..., None] * moved[:, CONTACTS]).sum(axis=1)
    return (1 - share) * feet + share * lowest


def _numbered(rows: Iterable[tuple[str, str, str]]) -> list[Bone]:
    return [(bone, POINTS[start], POINTS[end]) for bone, start, end in rows]


def _with_middles(keypoints: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (T, 136, 2) float64 and seen (T, 136) bool of the keypoints, followed by MIDDLES."""
    places, known = [keypoints[..., :2].astype(np.float64)], [seen]
    for middle in MIDDLES:
        sides = sides_of(middle.removeprefix("mid_"))
        places.append(places[0][:, sides].mean(axis=1, keepdims=True))
        known.append(seen[:, sides].all(axis=1, keepdims=True))
    return np.concatenate(places, axis=1), np.concatenate(known, axis=1)


def _along_neck(places: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """(T, 2) the direction from the middle of the shoulders to that of the ears, length 1; with `known`,
    interpolated where one of them is not seen."""
    shoulders, ears = POINTS["mid_shoulder"], POINTS["mid_ear"]
    neck = places[:, ears] - places[:, shoulders]
    if known is not None:
        neck = _filled(neck, known[:, ears] & known[:, shoulders])
    return neck / np.maximum(np.linalg.norm(neck, axis=-1, keepdims=True), 1e-6)


def _filled(vectors: np.ndarray, known: np.ndarray) -> np.ndarray:
    """vectors (T, N) with unknown ones interpolated in time, constant at the ends; zero if none is known."""
    return interpolated(vectors, known) if known.any() else np.zeros_like(vectors)
