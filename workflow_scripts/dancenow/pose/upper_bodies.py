"""Clips that show only the upper body: the bones that are seen tell the size, hips and legs are imputed.

Such a clip says nothing of the ground. People's proportions differ less than their distances from the camera,
so the body height is what the visible bones usually are a share of, and the feet stand as far below the
hips as legs are usually long.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dancenow.keypoints import INDEX, SIDES, Pose, sides_of
from dancenow.pose.grounding import inside, measure_figure, upper_alone
from dancenow.pose.retarget import measure_face, measure_limbs
from dancenow.stretches import interpolated

# shares of the body height, as from retarget.measure_limbs: medians of two rendered and two real people
USUAL_LIMBS = {
    "trunk": 0.348, "hips": 0.065, "thigh": 0.28, "shank": 0.26, "shoulders": 0.11, "upper_arm": 0.188,
    "forearm": 0.17, "neck": 0.139, "head": 0.043,
}  # fmt: skip
# not the legs: near the picture's edge, an estimator bends them to keep them inside
TELLING_BONES = "trunk", "shoulders", "upper_arm", "forearm", "neck"
LEG_BONES = "thigh", "shank"
STANDING = 0.95  # of their length: hips of dancers, whose knees give, stand so high above the feet
# from an ankle to a point of the foot, (outwards, down), of one who faces the camera
FOOT = {"big_toe": (0.01, 0.045), "small_toe": (0.03, 0.04), "heel": (0.0, 0.015)}
ATTACHED = 0.25  # confidence of an attached keypoint
UPPER_BODY = "upper body"  # the far_rule of such a clip's statistics
STANCE_SECONDS = 1.0  # s: standard deviation of the Gaussian over the place of the feet: hips sway above them


def measure_upper_body(pose: Pose, upper: np.ndarray) -> dict:
    """The statistics of normalize.measure_normalization for a clip that shows only the upper body.

    upper: (T,) bool, as of its Figure, at least one True. The performer counts as standing in one place, on
    imputed legs; limbs has the usual lengths of their bones. far_rule is UPPER_BODY.
    """
    keypoints, seen = pose.keypoints.copy(), seen_inside(pose)
    ground, height = attach_legs(keypoints, seen, upper, upper, float(pose.fps))
    given = keypoints[upper], seen[upper], np.full(upper.sum(), height)
    return {
        "width": pose.width,
        "height": pose.height,
        "frames": len(pose.keypoints),
        "grounded_frames": 0,
        "far_rule": UPPER_BODY,
        **dict.fromkeys(("s_far", "s_median", "s_close"), round(ground, 3)),
        **dict.fromkeys(("h_far", "h_close"), round(height, 3)),
        "x_median": round(float(np.median(keypoints[upper][:, sides_of("hip"), 0])), 3),
        "limbs": measure_limbs(*given) | {bone: USUAL_LIMBS[bone] for bone in LEG_BONES},
        "face": measure_face(*given),
        "toes": None,
    }


def seen_inside(pose: Pose) -> np.ndarray:
    """(T, 133) bool: what a clip shows within its frames."""
    return pose.found() & inside(pose)


def with_legs(pose: Pose) -> Pose:
    """The Pose of a clip that shows only the upper body, with hips and standing legs, IMPUTED; another Pose
    unchanged."""
    figure = measure_figure(pose)
    if not upper_alone(figure):
        return pose
    keypoints = pose.keypoints.copy()
    everywhere = np.ones(len(keypoints), bool)
    attach_legs(keypoints, seen_inside(pose), figure.upper, everywhere, float(pose.fps))
    return pose.replace(keypoints=keypoints)


def attach_legs(
    keypoints: np.ndarray, seen: np.ndarray, told: np.ndarray, part: np.ndarray, fps: float
) -> tuple[float, float]:
    """Attach, in place, hips and standing legs to the shoulders of some frames; joints that are there stay.

    keypoints: (T, 133, 3) px; seen: (T, 133) bool, as from seen_inside; told: (T,) bool, at least one True,
    the frames that tell the size; part: (T,) bool, those that get legs. Returns the y px where the feet
    stand, and the body height, px.
    """
    limbs = measure_limbs(keypoints[told], seen[told], np.ones(told.sum()))
    lengths = {bone: limbs[bone] for bone in TELLING_BONES}
    height = float(np.median([length / USUAL_LIMBS[bone] for bone, length in lengths.items() if length]))
    hung = part & (keypoints[:, sides_of("shoulder"), 2] > 0).all(axis=1)
    for side in SIDES:
        shoulder, hip = INDEX[f"{side}_shoulder"], INDEX[f"{side}_hip"]
        known = told & (keypoints[:, hip, 2] > 0)
        way = keypoints[:, hip, :2] - keypoints[:, shoulder, :2]
        if not known.any():
            known, way = told, _usual_way(keypoints, side, height)
        attach(keypoints, hung, hip, keypoints[:, shoulder, :2] + interpolated(way, known))
    ground = float(np.median(keypoints[told][:, sides_of("hip"), 1]))
    ground += STANDING * height * sum(USUAL_LIMBS[bone] for bone in LEG_BONES)
    middle = keypoints[:, sides_of("hip"), 0].mean(axis=1)
    for side in SIDES:
        hip, knee, ankle = (INDEX[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle"))
        place = interpolated(keypoints[:, hip, 0], told)
        place = gaussian_filter1d(place, STANCE_SECONDS * fps, mode="nearest")
        attach(keypoints, hung, ankle, np.stack([place, np.full(len(place), ground)], axis=-1))
        attach(keypoints, hung, knee, (keypoints[:, hip, :2] + keypoints[:, ankle, :2]) / 2)
        outwards = np.sign(keypoints[:, hip, 0] - middle)
        for point, (aside, down) in FOOT.items():
            way = height * np.stack([aside * outwards, np.full(len(place), down)], axis=-1)
            attach(keypoints, hung, INDEX[f"{side}_{point}"], keypoints[:, ankle, :2] + way)
    return ground, height


def _usual_way(keypoints: np.ndarray, side: str, height: float) -> np.ndarray:
    """(T, 2) px: from the shoulder of a side down to its hip, where no frame shows it."""
    shoulders = keypoints[:, sides_of("shoulder"), 0]
    inwards = shoulders.mean(axis=1) - keypoints[:, INDEX[f"{side}_shoulder"], 0]
    narrower = 1 - USUAL_LIMBS["hips"] / USUAL_LIMBS["shoulders"]
    return np.stack([narrower * inwards, np.full(len(inwards), USUAL_LIMBS["trunk"] * height)], axis=-1)


def attach(keypoints: np.ndarray, frames: np.ndarray, joint: int, places: np.ndarray) -> None:
    """Put, in place, a joint at (T, 2) px where it is missing in (T,) bool frames."""
    missing = frames & (keypoints[:, joint, 2] == 0)
    keypoints[missing, joint, :2] = places[missing]
    keypoints[missing, joint, 2] = ATTACHED
