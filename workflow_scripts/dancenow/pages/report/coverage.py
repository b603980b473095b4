"""Which poses a clip shows, and how far another clip's poses are from them."""

from fractions import Fraction

import numpy as np

from dancenow.keypoints import BODY, INDEX, SIDES, Pose
from dancenow.pose.facing import LEANING, feet_up, lean, upright
from dancenow.pose.normalize import ground_places, height_at

# compared: places of joints relative to the root of the part
ARM, LEG = ("elbow", "wrist"), ("knee", "ankle")
HIPS = ("left_hip", "right_hip")
COMPARED_PARTS = {
    "left arm": (("left_shoulder",), [f"left_{joint}" for joint in ARM]),
    "right arm": (("right_shoulder",), [f"right_{joint}" for joint in ARM]),
    "legs": (HIPS, [f"{side}_{joint}" for side in SIDES for joint in LEG]),
    "whole body": (
        HIPS,
        ["nose", *(f"{side}_{joint}" for side in SIDES for joint in ("shoulder", *ARM, "hip", *LEG))],
    ),
}

MOST_FRAMES = 3000  # of a clip are compared, evenly spread
APART_SECONDS = 1.0  # a clip's frame is compared with those of the same clip that are at least so far away
LIMIT_QUANTILE = 0.95  # quantile of the target's own distances: a pose farther away than this was not shown
# in % of the body height: two detections of one pose differ by the lower bound; beyond the upper one it is
# another pose, however far the frames of a short target clip are from each other
LIMIT_RANGE = 3.0, 7.0

DISTINCT = 0.04  # of the body height: poses as far apart are two; those of a photo differ by 0.01
# shares of the body height that divide poses into kinds
SHOULDER_HEIGHT = 0.10  # a wrist no lower than this below its shoulder
ACROSS = 0.03  # a wrist so far beyond the middle of the body
RAISED_LEG = 0.12  # one ankle so much higher than the other
WIDE_STANCE = 0.28  # the ankles so far apart
CROUCH = 0.38  # the hips no higher than this above the ankles
UPSIDE_DOWN = 0.04  # both ankles so much higher than their hips
LYING = np.radians(60)  # rad: the trunk leans by more, and the hips are as low as in a crouch
FACING = 0.10  # shoulders so wide in the picture face the camera, or away from it

# kind: (which part it belongs to, how advice puts it)
POSE_KINDS = {
    "left arm above the head": ("left arm", "your left arm above your head"),
    "left arm at shoulder height": ("left arm", "your left arm stretched out at shoulder height"),
    "left arm across the body": ("left arm", "your left arm in front of your body"),
    "left arm low": ("left arm", "your left arm moving low beside your body"),
    "right arm above the head": ("right arm", "your right arm above your head"),
    "right arm at shoulder height": ("right arm", "your right arm stretched out at shoulder height"),
    "right arm across the body": ("right arm", "your right arm in front of your body"),
    "right arm low": ("right arm", "your right arm moving low beside your body"),
    "one leg raised": ("legs", "one leg raised, then the other"),
    "upside down": ("legs", "your hands or your back on the floor and your legs in the air"),
    "lying": ("legs", "your body low over the floor, lying or on all fours"),
    "crouching": ("legs", "your knees bent low"),
    "feet wide apart": ("legs", "your feet wide apart"),
    "feet close": ("legs", "small steps, your feet close to each other"),
    "facing the camera": ("whole body", "the dance's own movements, facing the camera"),
    "turned to the side": ("whole body", "your body turned to the side, left and right"),
    "turned away": ("whole body", "your back to the camera"),
}


def body_heights(pose: Pose, statistics: dict) -> np.ndarray:
    """(T,) px: how tall the performer of a Pose looks, upright, where the ground is in each frame.

    statistics: from measure_normalization, of the clip whose frame the pose lies in.
    """
    return height_at(statistics, ground_places(pose, statistics))


def body_shape(pose: Pose, heights: np.ndarray) -> np.ndarray:
    """(T, 17, 2) float64, the body's joints in shares of the body height, y down; NaN where missing or
    imputed."""
    places = pose.keypoints[:, BODY, :2].astype(np.float64) / heights[:, None, None]
    places[~pose.found()[:, BODY]] = np.nan
    return places


def part_vectors(shape: np.ndarray, part: str) -> np.ndarray:
    """(T, J, 2): the joints of one of COMPARED_PARTS relative to where it hangs; NaN where missing."""
    roots, joints = ([INDEX[name] for name in names] for names in COMPARED_PARTS[part])
    return shape[:, joints] - shape[:, roots].mean(axis=1, keepdims=True)


def nearest(asked: np.ndarray, shown: np.ndarray, apart: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Distance (N,) and index (N,) of the pose in `shown` that is nearest to each in `asked`.

    asked: (N, J, 2), shown: (M, J, 2), in shares of the body height, NaN where missing. The distance is the
    mean over the joints that both have; a shown pose that lacks more than half of the asked joints is no
    candidate.
    apart: only shown[j] with |i - j| >= apart are candidates for asked[i], for a clip compared with itself.
    NaN and -1 where there is no candidate.
    """
    distances, indices = np.full(len(asked), np.nan), np.full(len(asked), -1)
    numbers = np.arange(len(shown))
    for i, pose in enumerate(asked):
        means, shared = _mean_ways(shown, pose)
        wanted = np.isfinite(pose).all(axis=-1).sum()
        candidates = (shared >= max(1, wanted / 2)) & (np.abs(numbers - i) >= apart)
        if wanted and candidates.any():
            means[~candidates] = np.inf
            indices[i] = means.argmin()
            distances[i] = means[indices[i]]
    return distances, indices


def distinct_poses(shape: np.ndarray) -> int:
    """How many poses of the whole body there are that lie DISTINCT or more from one another.

    shape: (T, 17, 2) body shapes; frames that lack more than half of the joints show no pose. The poses are
    taken as they come, each new one as long as it is far from all before it.
    """
    left = part_vectors(shape, "whole body")
    left = left[np.isfinite(left).all(axis=-1).mean(axis=1) > 0.5]
    count = 0
    while len(left):
        means, _ = _mean_ways(left, left[0])
        left, count = left[means >= DISTINCT], count + 1
    return count


def _mean_ways(shown: np.ndarray, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(M,) mean distance of (M, J, 2) poses from one, over the joints that both have, and (M,) how many."""
    ways = np.linalg.norm(shown - pose, axis=-1)
    both = np.isfinite(ways)
    shared = both.sum(axis=1)
    return np.where(both, ways, 0).sum(axis=1) / np.maximum(shared, 1), shared


def compare_part(asked: np.ndarray, shown: np.ndarray, part: str, fps: Fraction | float) -> dict:
    """How far the driving poses of one of COMPARED_PARTS are from the shown ones.

    asked: (N, 17, 2), shown: (M, 17, 2), body shapes; fps: frames per second of `shown`. Returns a dict:
    distance (N,) in % of the body height, NaN where the part is missing; index (N,) into shown, -1 there;
    own: the median of the shown clip's own distances, each frame to the nearest that is APART_SECONDS away;
    limit: LIMIT_QUANTILE of these, kept inside LIMIT_RANGE; outside (N,) bool: farther than the limit.
    """
    asked, shown = part_vectors(asked, part), part_vectors(shown, part)
    distance, index = nearest(asked, shown)
    own, _ = nearest(shown, shown, apart=max(1, round(APART_SECONDS * float(fps))))
    own = 100 * own[np.isfinite(own)]
    limit = float(np.quantile(own, LIMIT_QUANTILE)) if len(own) else LIMIT_RANGE[0]
    limit = float(np.clip(limit, *LIMIT_RANGE))
    # a part that the target never showed is infinitely far
    never = np.isfinite(asked).all(axis=-1).any(axis=1) & (index < 0)
    distance = np.where(never, np.inf, 100 * distance)
    return {
        "distance": distance,
        "index": index,
        "own": float(np.median(own)) if len(own) else None,
        "limit": limit,
        "outside": distance > limit,
    }


def pose_kinds(shape: np.ndarray) -> dict[str, np.ndarray]:
    """{kind of POSE_KINDS: (T,) bool}: the kinds of poses that each frame shows; a missing joint has no kind.

    Each part is in exactly one of its kinds, or in none where it is missing. Of a trunk that leans far, arms
    and front or back are judged about its own axis: who stands on their head has the arms above it when they
    reach for the floor.
    """
    points = np.dstack([np.nan_to_num(shape), np.isfinite(shape).all(axis=2)])
    upside_down = feet_up(points, UPSIDE_DOWN)
    leaning, sure = lean(points, 1.0)
    leaning = np.where((sure == 1) & (np.abs(leaning) > LEANING), leaning, 0)
    legs = shape
    shape = upright(shape, leaning)
    joint = {name: shape[:, index] for name, index in INDEX.items() if index < BODY.stop}
    hips = (joint["left_hip"] + joint["right_hip"]) / 2
    middle = hips[:, 0]
    wide = joint["left_shoulder"][:, 0] - joint["right_shoulder"][:, 0]  # positive: facing the camera
    kinds = {}
    with np.errstate(invalid="ignore"):  # comparisons with NaN are False, as they should be
        for side in SIDES:
            wrist, shoulder = joint[f"{side}_wrist"], joint[f"{side}_shoulder"]
            known = np.isfinite(wrist[:, 0] + shoulder[:, 0])
            beyond = (middle - wrist[:, 0]) * np.sign(wide) * (1 if side == "left" else -1)
            top = np.where(np.isfinite(joint["nose"][:, 1]), joint["nose"][:, 1], shoulder[:, 1] - 0.1)
            above = known & (wrist[:, 1] < top)
            level = known & ~above & (wrist[:, 1] < shoulder[:, 1] + SHOULDER_HEIGHT)
            across = known & ~above & ~level & (beyond > ACROSS)
            kinds[f"{side} arm above the head"] = above
            kinds[f"{side} arm at shoulder height"] = level
            kinds[f"{side} arm across the body"] = across
            kinds[f"{side} arm low"] = known & ~above & ~level & ~across
        left, right = (legs[:, INDEX[f"{side}_ankle"]] for side in SIDES)
        hips = legs[:, [INDEX[name] for name in HIPS], 1].mean(axis=1)
        low = np.maximum(left[:, 1], right[:, 1]) - hips < CROUCH
        lying = ~upside_down & low & (np.abs(leaning) > LYING)
        known = np.isfinite(left[:, 0] + right[:, 0]) & ~upside_down & ~lying
        raised = known & (np.abs(left[:, 1] - right[:, 1]) > RAISED_LEG)
        crouch = known & ~raised & low
        apart = known & ~raised & ~crouch & (np.abs(left[:, 0] - right[:, 0]) > WIDE_STANCE)
        kinds["upside down"], kinds["lying"] = upside_down, lying
        kinds["one leg raised"], kinds["crouching"], kinds["feet wide apart"] = raised, crouch, apart
        kinds["feet close"] = known & ~raised & ~crouch & ~apart
        kinds["facing the camera"] = wide > FACING
        kinds["turned to the side"] = np.abs(wide) <= FACING
        kinds["turned away"] = wide < -FACING
    return {kind: kinds[kind] for kind in POSE_KINDS}
