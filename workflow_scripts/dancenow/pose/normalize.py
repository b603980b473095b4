"""Global pose normalisation: the source's motion at the target's size and place in the target's frame.

After Chan et al., Everybody Dance Now (ICCV 2019), appendix 8.5: where the feet stand in the picture tells
how far away the performer is; the source's far and close places are mapped to the target's, and each frame
is scaled around its own feet. The figure then gets the target's limb lengths, which the
paper does not do (dancenow.pose.retarget). docs/method.md gives the formulas and says where they
had to be made robust; docs/lab/results.md has the measured benefit of each choice.
"""

import logging
from typing import NamedTuple

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dancenow.keypoints import BODY, Pose
from dancenow.pose.grounding import (
    find_ground,
    ground_line,
    inside,
    measure_figure,
    upper_alone,
    whole_figure,
)
from dancenow.pose.retarget import (
    face_shift,
    limb_ratios,
    measure_face,
    measure_limbs,
    measure_toes,
    retarget,
    toe_shift,
    towards_camera,
)
from dancenow.pose.upper_bodies import measure_upper_body
from dancenow.stretches import interpolated

MIN_STANDING_SHARE = 0.05  # of the frames that show the whole person: with fewer, the size is not reliable
ONE_PLACE = 0.02  # of the standing height: far and close nearer to each other than this are one place

ALPHA = 0.7  # paper, eq. 9
EPSILON = 0.1  # its tolerance, which the paper does not give, as a share of the distance from median to close
CLUSTER_SHARE = 0.15  # of the grounded frames; the paper does not give the size of its clusters
CLUSTER_RADIUS = 0.25  # of the distance from far to close, at most: few frames may be there
# quantiles instead of the paper's maxima, which a single bad detection could set: ankle y and body height
HIGHEST = 0.98
TALLEST = 0.95
OVERSHOOT = 0.5  # of the distance from far to close: how far beyond them the mapping is extrapolated
MOST_BEYOND = 1.25  # factor: how far the scale may go there beyond those of the two places
SMOOTHING_SECONDS = 0.1  # standard deviation of the Gaussian over the ground line


def measure_normalization(pose: Pose, clip: str = "the clip") -> dict:
    """Where a performer stands in the frame and how tall they look there. pose: Pose.

    All lengths are px of the clip's frame; y points down, so y is larger closer to the camera.
    Returns a dict for JSON: width, height (frame size); frames, grounded_frames (counts);
    s_far, s_median, s_close: mean ankle y far from the camera, typically, and close to it;
    h_far, h_close: body height there, along the body from the ankles to the nose (or between the ears);
    x_median: ankle x, typically; far_rule: "eq. 9", "quantile" (the cluster of eq. 9 is empty), "still" (one
    place: far, median and close coincide) or "upper body" (no feet: upper_bodies.measure_upper_body); limbs:
    {bone: length in shares of the body height, or None} as retarget.measure_limbs has it; face and toes: as
    retarget.measure_face and measure_toes have them. Raises InputError, naming `clip`, as whole_figure does.
    """
    figure = whole_figure(pose, clip)
    if upper_alone(figure):
        return measure_upper_body(pose, figure.upper)
    used, y = find_ground(figure, figure.whole, pose.fps)
    # a jump or a gap counts at the place of its neighbours: left out, it would move the median, and eq. 9
    # with it
    line = interpolated(y, used)
    far, median, close, rule = _cluster_places(line, figure.standing)
    # too few standing frames, bent perhaps, are not enough for the size: then handstands count as well
    sized = used if used.sum() >= MIN_STANDING_SHARE * figure.whole.sum() else figure.whole
    y, tall = line[sized], figure.tall[sized]
    h_far, h_close = _heights(far, close, y, tall)
    statistics = {
        "width": pose.width,
        "height": pose.height,
        "frames": len(pose.keypoints),
        "grounded_frames": int(used.sum()),
        "far_rule": rule,
        "s_far": far,
        "s_median": median,
        "s_close": close,
        "h_far": h_far,
        "h_close": h_close,
        "x_median": float(np.median(figure.x[sized])),
    }
    statistics = {
        key: round(value, 3) if isinstance(value, float) else value for key, value in statistics.items()
    }
    seen = (pose.present() & inside(pose))[sized]
    given = pose.keypoints[sized], seen, height_at(statistics, y)
    return statistics | {
        "limbs": measure_limbs(*given),
        "face": measure_face(*given),
        "toes": measure_toes(*given),
    }


class Fit(NamedTuple):
    """How each of a source's frames goes to the target's: p' = scale p + shift.

    scale: (T,); shift: (T, 2) px; heights: (T,) px, of the body where it then stands; all float64.
    """

    scale: np.ndarray
    shift: np.ndarray
    heights: np.ndarray


def fit_similarity(source: Pose, source_statistics: dict, target_statistics: dict) -> Fit:
    """The Fit of a source's Pose to a target, whose statistics are from measure_normalization, as its own.

    Paper, eq. 7 and 8, around the ground line instead of the frame's own ankles: the two agree where the feet
    stand; in a jump or kick, the feet leave the ground by their own height times the scale.
    """
    ground = ground_places(source, source_statistics)
    far, close = _target_places(source_statistics, target_statistics)
    u = _depth(ground, source_statistics)
    c_far = height_at(target_statistics, far) / source_statistics["h_far"]
    c_close = height_at(target_statistics, close) / source_statistics["h_close"]
    # a line through two very different scales soon reaches zero, and below it figures would be upside down
    low, high = min(c_far, c_close) / MOST_BEYOND, max(c_far, c_close) * MOST_BEYOND
    scale = np.clip(c_far + u * (c_close - c_far), low, high)
    x_shift = target_statistics["x_median"] - scale * source_statistics["x_median"]
    y_shift = far + u * (close - far) - scale * ground
    heights = scale * height_at(source_statistics, ground)
    return Fit(scale, np.stack([x_shift, y_shift], axis=-1), heights)


def normalize_pose(source: Pose, source_statistics: dict, target_statistics: dict) -> tuple[Pose, Fit]:
    """The source's motion on the target's canvas, at the target's size, standing where the target stands.

    source: Pose; statistics: from measure_normalization. Body, feet, face and hands of a frame move as one,
    by the Fit that is returned too. The Pose has the source's frames, fps, confidences and estimator and the
    target's width and height; a keypoint missing in the source stays missing.
    """
    fit = fit_similarity(source, source_statistics, target_statistics)
    places = fit.scale[:, None, None] * source.keypoints[..., :2] + fit.shift[:, None]
    return source.placed(places, target_statistics["width"], target_statistics["height"]), fit


def transfer_pose(
    source: Pose, source_statistics: dict, target_statistics: dict, limbs: str = "target"
) -> tuple[Pose, Fit]:
    """normalize_pose and, with limbs "target", the target's limb lengths and face.

    limbs "source" keeps the source's, as the paper does.
    """
    pose, fit = normalize_pose(source, source_statistics, target_statistics)
    if limbs == "source":
        return pose, fit
    ratios = limb_ratios(source_statistics["limbs"], target_statistics["limbs"])
    logging.info("limb length factors: %s", ", ".join(f"{bone} {r:.2f}" for bone, r in ratios.items()))
    heights = fit.heights
    face = face_shift(source_statistics["face"], target_statistics["face"], ratios["head"])
    toes = toe_shift(source_statistics["toes"], target_statistics["toes"], ratios["foot"])
    toes = toes * heights[:, None] * towards_camera(pose.keypoints, pose.present(), heights)
    return retarget(pose, ratios, heights[:, None] * face, toes), fit


def ground_places(pose: Pose, statistics: dict) -> np.ndarray:
    """(T,) px: where the mean ankle is, or would be if the performer stood, smoothed in time.

    statistics: from measure_normalization, for the clip that the pose belongs to; the line ends OVERSHOOT
    beyond the two places, where nobody was seen.
    """
    near, far = statistics["s_close"], statistics["s_far"]
    line = ground_line(measure_figure(pose), pose.fps)
    if near == far or line is None:
        return np.full(len(pose.keypoints), statistics["s_median"])
    line = gaussian_filter1d(line, SMOOTHING_SECONDS * float(pose.fps), mode="nearest")
    # beyond, scale and place are constant; the figure still moves, by its own pixels times the scale
    margin = OVERSHOOT * (near - far)
    return np.clip(line, far - margin, near + margin)


def height_at(statistics: dict, y: np.ndarray | float) -> np.ndarray:
    """Body height px at ankle y, a number or (T,), linear between far and close, as in perspective."""
    return np.interp(
        y, [statistics["s_far"], statistics["s_close"]], [statistics["h_far"], statistics["h_close"]]
    )


def letterbox_pose(source: Pose, target: Pose) -> Pose:
    """The source's motion on the target's canvas without normalisation: the whole frame fitted in.

    source: Pose; target: anything with width and height in px (a Pose). One scale for x and y and all frames,
    so that nothing is distorted. Returns a Pose as `normalize_pose` does.
    """
    scale = min(target.width / source.width, target.height / source.height)
    shift = (
        np.array([target.width - scale * source.width, target.height - scale * source.height], np.float32) / 2
    )
    return source.placed(scale * source.keypoints[..., :2] + shift, target.width, target.height)


def standing_frames(pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    """(T,) bool, which frames show where the ground is, and (T,) float64, the mean ankle y in px there, as
    grounding.find_ground has it.

    Raises InputError like measure_normalization.
    """
    figure = whole_figure(pose)
    if upper_alone(figure):
        return figure.upper, np.full(len(figure.upper), measure_upper_body(pose, figure.upper)["s_median"])
    return find_ground(figure, figure.whole, pose.fps)


def outside_share(pose: Pose) -> float:
    """Share (0..1) of the seen body keypoints of a Pose that lie outside its frame."""
    seen = pose.present()[:, BODY]
    return float((seen & ~inside(pose)[:, BODY]).sum() / max(1, seen.sum()))


def _cluster_places(y: np.ndarray, standing: float) -> tuple[float, float, float, str]:
    """Mean ankle y far from the camera, typically and close to it, and the rule that gave `far`."""
    lowest, median, close = (float(q) for q in np.quantile(y, [1 - HIGHEST, 0.5, HIGHEST]))
    if close - lowest < ONE_PLACE * standing:
        return median, median, median, "still"
    # eq. 9: the cluster lies ALPHA times as far above the median as the closest place lies below it. It needs
    # a median that lies between the two, and someone standing there
    spread = close - median
    cluster = np.abs(median - y - ALPHA * spread) < EPSILON * spread
    if spread > 0.25 * (close - lowest) and cluster.mean() > 1 - HIGHEST:
        return float(np.quantile(y[cluster], HIGHEST)), median, close, "eq. 9"
    return lowest, median, close, "quantile"


def _heights(far: float, close: float, y: np.ndarray, tall: np.ndarray) -> tuple[float, float]:
    """Robust maximum of the body height in the frames nearest to the far and to the close ankle y."""
    if far == close:
        height = float(np.quantile(tall, TALLEST))
        return height, height
    slope = 0.0
    # uncorrected, the heights are too large if a cluster reaches closer than its place; the second
    # pass moves each of them to the place, along the slope found by the first pass
    for _ in range(2):
        heights = []
        for place in (far, close):
            distance = np.abs(y - place)
            radius = min(float(np.quantile(distance, CLUSTER_SHARE)), CLUSTER_RADIUS * (close - far))
            near = distance <= max(radius, distance.min())
            moved = np.maximum(tall - slope * (y - place), tall / 2)
            heights.append(float(np.quantile(moved[near], TALLEST)))
        slope = (heights[1] - heights[0]) / (close - far)
    # nobody shrinks who comes closer: who looks so crouched there, and the figure would pulse with every sway
    return (heights[0], heights[1]) if slope >= 0 else _heights(close, close, y, tall)


def _target_places(source: dict, target: dict) -> tuple[float, float]:
    """Ankle y px in the target's frame for the source's far and close places.

    If the source walks as far as the target, these are the target's places, as in the paper. A source that
    walks less keeps its range, in body heights, around the target's typical place: stretched to the whole
    range of the target, a sway of two pixels would become a walk.
    """
    way, target_way = source["s_close"] - source["s_far"], target["s_close"] - target["s_far"]
    ratio = height_at(target, target["s_median"]) / height_at(source, source["s_median"])
    share = (source["s_median"] - source["s_far"]) / way if way > 0 else 0.5
    way = min(ratio * way, target_way)
    far = float(np.clip(target["s_median"] - share * way, target["s_far"], target["s_close"] - way))
    return far, far + way


def _depth(ground: np.ndarray, statistics: dict) -> np.ndarray:
    """The paper's u (T,): 0 at the far place, 1 at the close one."""
    way = statistics["s_close"] - statistics["s_far"]
    return (ground - statistics["s_far"]) / way if way > 0 else np.zeros_like(ground)
