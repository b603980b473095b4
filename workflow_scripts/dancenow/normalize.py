"""Global pose normalisation: the source's motion at the target's size and place in the target's frame.

After Chan et al., Everybody Dance Now (ICCV 2019), appendix 8.5: where the feet stand in the picture tells
how far away the performer is; the source's far and close stances are laid onto the target's, and each frame
is scaled about its own feet. Limb lengths are then made the target's, which the
paper leaves as they are (dancenow.retarget). docs/normalization.md gives the formulas, says where they had to
be made robust, and what each choice was measured to be worth.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d, grey_closing, maximum_filter1d

from dancenow.errors import InputError
from dancenow.files import read_json, write_json
from dancenow.keypoints import BODY, INDEX, load_pose, save_pose
from dancenow.performer import require_same_estimator
from dancenow.retarget import limb_ratios, measure_limbs, retarget

CHAIN = ("ankle", "knee", "hip", "shoulder")

# what counts as standing on the ground, in shares of the standing height
LEVEL = 0.04  # the ankles differ no more than this in y
AIRBORNE = 0.03  # the feet are no higher than this above where they stand just before and after
FLIGHT_SECONDS = 0.8  # no jump lasts longer
TAKE_OFF_SECONDS = 0.08  # as long as heel and toes leave the ground, or land
STILL = 0.02  # a smaller way from far to close is one place

ALPHA = 0.7  # paper, eq. 9
EPSILON = 0.1  # its tolerance, which the paper leaves open, in shares of the way from median to close
CLUSTER_SHARE = 0.15  # of the grounded frames; the paper leaves the size of its clusters open
CLUSTER_RADIUS = 0.25  # of the way from far to close, at most: few may have stood there
# quantiles in place of the paper's maxima, which a single bad detection would decide: ankle y and body height
HIGHEST = 0.98
TALLEST = 0.95
MIN_WHOLE_SHARE = 0.05  # of the frames must show the person from head to feet
OVERSHOOT = 0.5  # of the way from far to close: how far beyond them the mapping is trusted
SMOOTHING_SECONDS = 0.1  # standard deviation of the Gaussian over the ground line

PLAUSIBLE_SCALE = (0.3, 3.0)
PLAUSIBLE_OUTSIDE = 0.02


@dataclass(frozen=True)
class _Figure:
    """Per frame, float64 px: y, x (T,) mean ankle; gap (T,) |y_left - y_right| of the ankles; tall (T,) body
    height. feet, whole (T,) bool: both ankles are in the frame; so is all that `tall` needs. standing: tall,
    when upright."""

    y: np.ndarray
    x: np.ndarray
    gap: np.ndarray
    tall: np.ndarray
    feet: np.ndarray
    whole: np.ndarray
    standing: float


def measure_stance(pose, clip="the clip"):
    """Where a performer stands in the frame and how tall they look there. pose: Pose.

    All lengths are px of the clip's own frame; y points down, so close to the camera is the larger y.
    Returns a dict for JSON: width, height (frame size); frames, grounded_frames (counts);
    s_far, s_median, s_close: mean ankle y far from the camera, typically, and close to it;
    h_far, h_close: body height there, along the body from the ankles to the nose (or between the ears);
    x_median: ankle x, typically; far_rule: "eq. 9", "quantile" (the cluster of eq. 9 is empty) or "still"
    (one place: far, median and close coincide); limbs: {bone: length in shares of the body height, or None}
    as retarget.measure_limbs has it. Raises InputError, naming `clip`, when fewer than
    MIN_WHOLE_SHARE of the frames show the person from head to feet.
    """
    figure = _figure(pose, clip)
    used = _grounded(figure, figure.whole, pose.fps)
    # a jump or a gap stands where its neighbours stand: left out, it would move the median, and eq. 9 with it
    far, median, close, rule = _cluster_places(_interpolated(figure.y, used), figure.standing)
    y, tall = figure.y[used], figure.tall[used]
    h_far, h_close = _heights(far, close, y, tall)
    stance = {
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
        "x_median": float(np.median(figure.x[used])),
    }
    stance = {key: round(value, 3) if isinstance(value, float) else value for key, value in stance.items()}
    seen = (pose.present() & _inside(pose))[used]
    return stance | {"limbs": measure_limbs(pose.keypoints[used], seen, _height_at(stance, y))}


def fit_similarity(source, source_stance, target_stance):
    """Scale (T,) and shift (T, 2) px, float64, from each source frame to the target: p' = scale p + shift.

    Paper, eq. 7 and 8, about the ground line instead of the frame's own ankles: the two agree where the feet
    stand; where they do not, in a jump or kick, they leave the ground by their own height times the scale.
    """
    ground = _ground_line(source, source_stance)
    far, close = _target_places(source_stance, target_stance)
    u = _depth(ground, source_stance)
    c_far = _height_at(target_stance, far) / source_stance["h_far"]
    c_close = _height_at(target_stance, close) / source_stance["h_close"]
    scale = c_far + u * (c_close - c_far)
    x_shift = target_stance["x_median"] - scale * source_stance["x_median"]
    y_shift = far + u * (close - far) - scale * ground
    return scale, np.stack([x_shift, y_shift], axis=-1)


def normalize_pose(source, source_stance, target, target_stance):
    """The source's motion on the target's canvas, at the target's size, standing where the target stands.

    source: Pose; target: anything with width and height in px (a Pose); stances: from measure_stance. Body,
    feet, face and hands of a frame move as one. Returns a Pose with the source's frames, fps, confidences and
    estimator and the target's width and height; a keypoint missing in the source stays missing.
    """
    scale, shift = fit_similarity(source, source_stance, target_stance)
    keypoints = source.keypoints.copy()
    moved = scale[:, None, None] * keypoints[..., :2] + shift[:, None]
    keypoints[..., :2] = np.where(keypoints[..., 2:] > 0, moved, 0)
    return source.replace(keypoints=keypoints, width=target.width, height=target.height)


def measure_stance_file(pose_path, stance_path):
    """measure_stance from a pose file to a JSON file; messages call the clip by the pose file's name."""
    stance = measure_stance(load_pose(pose_path), Path(pose_path).stem)
    logging.info("stance: %s", ", ".join(f"{key} {value}" for key, value in stance.items()))
    write_json(stance_path, stance)


def normalize_pair(
    source_pose_path, source_stance_path, target_pose_path, target_stance_path, output_path, limbs="target"
):
    """normalize_pose from files to a file, logged, with a warning if the result is implausible.

    limbs: "target" gives the figure the target's limb lengths, "source" leaves it its own, as the paper does.
    Raises InputError when the two poses come from different estimators or checkpoints.
    """
    source, target = load_pose(source_pose_path), load_pose(target_pose_path)
    require_same_estimator(source, target, source_pose_path, target_pose_path)
    stances = read_json(source_stance_path), read_json(target_stance_path)
    scale, _ = fit_similarity(source, *stances)
    result = normalize_pose(source, stances[0], target, stances[1])
    if limbs == "target":
        ratios = limb_ratios(stances[0]["limbs"], stances[1]["limbs"])
        logging.info("limb lengths times: %s", ", ".join(f"{bone} {r:.2f}" for bone, r in ratios.items()))
        result = retarget(result, ratios)
    outside = outside_share(result)
    logging.info(
        "normalised %d frames: scale %.3f to %.3f, %.1f %% of the body outside the frame",
        len(scale),
        scale.min(),
        scale.max(),
        100 * outside,
    )
    low, high = PLAUSIBLE_SCALE
    if scale.min() < low or scale.max() > high:
        logging.warning(
            "warning: %s: a scale beyond %g to %g is implausible; check in the normalisation figure that "
            "both skeletons are whole people, or use clips that show them at more similar sizes",
            output_path,
            low,
            high,
        )
    if outside > PLAUSIBLE_OUTSIDE:
        logging.warning(
            "warning: %s: %.1f %% of the body would lie outside the target's frame and cannot be shown; "
            "use target footage that leaves more room around the person",
            output_path,
            100 * outside,
        )
    save_pose(output_path, result)


def letterbox_pose(source, target):
    """The source's motion on the target's canvas without normalisation: the whole frame fitted in.

    source: Pose; target: anything with width and height in px (a Pose). One scale for x and y and all frames,
    so that nothing is distorted. Returns a Pose as `normalize_pose` does.
    """
    scale = min(target.width / source.width, target.height / source.height)
    shift = (
        np.array([target.width - scale * source.width, target.height - scale * source.height], np.float32) / 2
    )
    keypoints = source.keypoints.copy()
    keypoints[..., :2] = np.where(keypoints[..., 2:] > 0, scale * keypoints[..., :2] + shift, 0)
    return source.replace(keypoints=keypoints, width=target.width, height=target.height)


def letterbox_pair(source_pose_path, target_pose_path, output_path):
    """letterbox_pose from files to a file.

    Raises InputError when the two poses come from different estimators or checkpoints.
    """
    source, target = load_pose(source_pose_path), load_pose(target_pose_path)
    require_same_estimator(source, target, source_pose_path, target_pose_path)
    result = letterbox_pose(source, target)
    logging.info("not normalised: %.1f %% of the body outside the frame", 100 * outside_share(result))
    save_pose(output_path, result)


def standing_frames(pose, clip="the clip"):
    """(T,) bool, in which frames both feet stand on the ground, and (T,) float64, the mean ankle y in px.

    Raises InputError like measure_stance.
    """
    figure = _figure(pose, clip)
    return _grounded(figure, figure.feet, pose.fps), figure.y


def outside_share(pose):
    """Share (0..1) of the seen body keypoints of a Pose that lie outside its frame."""
    seen = pose.present()[:, BODY]
    return float((seen & ~_inside(pose)[:, BODY]).sum() / max(1, seen.sum()))


def _inside(pose):
    """(T, 133) bool: which places are in the frame."""
    x, y = pose.keypoints[..., 0], pose.keypoints[..., 1]
    return (x >= 0) & (y >= 0) & (x <= pose.width - 1) & (y <= pose.height - 1)


def _figure(pose, clip):
    """The _Figure of a Pose, or InputError when too few frames show the whole body.

    Height runs along the body, from the ankles by knees, hips and shoulders to the nose (or between the
    ears): in a straight line, a dancer whose knees are never straight would look short.
    """
    # some estimators guess joints beyond the frame's edge: not seen, so not used
    seen = pose.present() & _inside(pose)
    places = pose.keypoints[..., :2].astype(np.float64)
    left, right = ([INDEX[f"{side}_{joint}"] for joint in CHAIN] for side in ("left", "right"))
    ears = [INDEX["left_ear"], INDEX["right_ear"]]
    nose = seen[:, INDEX["nose"]]
    head = np.where(nose[:, None], places[:, INDEX["nose"]], places[:, ears].mean(axis=1))
    ankles, hips, shoulders = ((places[:, left[i]] + places[:, right[i]]) / 2 for i in (0, 2, 3))
    legs = np.mean([_length(places[:, side[:3]]) for side in (left, right)], axis=0)
    tall = legs + _length(np.stack([hips, shoulders, head], axis=1))

    feet = seen[:, left[0]] & seen[:, right[0]]
    whole = seen[:, left + right].all(axis=1) & (nose | seen[:, ears].all(axis=1)) & (tall > 0)
    count, frames = int(whole.sum()), len(whole)
    if count < max(1, MIN_WHOLE_SHARE * frames):
        raise InputError(
            f"{clip}: only {count} of {frames} frames show the person from head to feet, too few "
            "to tell size and place; use footage of the whole body"
        )
    gap = np.abs(places[:, left[0], 1] - places[:, right[0], 1])
    standing = float(np.quantile(tall[whole], 0.9))
    return _Figure(ankles[:, 1], ankles[:, 0], gap, tall, feet, whole, standing)


def _length(chain):
    """(T, K, 2) points to the (T,) length of the line through them."""
    return np.linalg.norm(np.diff(chain, axis=1), axis=-1).sum(axis=1)


def _grounded(figure, candidates, fps):
    """(T,) bool, at least one: which candidates stand on both feet; jumps, kicks and lifted feet do not."""
    y = _interpolated(figure.y, candidates)
    window = 2 * round(float(fps) * FLIGHT_SECONDS / 2) + 1
    # y points down: a closing takes every rise of the feet that is shorter than a flight back to the floor
    airborne = grey_closing(y, window, mode="nearest") - y > AIRBORNE * figure.standing
    # take-off and landing, too low to be noticed, belong to the flight
    airborne = maximum_filter1d(airborne, 2 * round(float(fps) * TAKE_OFF_SECONDS) + 1)
    landed = candidates & (~airborne | (y == y[candidates].max()))
    # a dancer seen from above may never have the ankles level: then the most level fifth counts
    level = max(LEVEL * figure.standing, float(np.quantile(figure.gap[landed], 0.2)))
    return landed & (figure.gap <= level)


def _cluster_places(y, standing):
    """Mean ankle y far from the camera, typically and close to it, and the rule that gave `far`."""
    lowest, median, close = (float(q) for q in np.quantile(y, [1 - HIGHEST, 0.5, HIGHEST]))
    if close - lowest < STILL * standing:
        return median, median, median, "still"
    # eq. 9: the cluster ALPHA as far above the median as the closest stance is below it. It needs a median
    # that lies between the two, and someone standing there
    spread = close - median
    cluster = np.abs(median - y - ALPHA * spread) < EPSILON * spread
    if spread > 0.25 * (close - lowest) and cluster.mean() > 1 - HIGHEST:
        return float(np.quantile(y[cluster], HIGHEST)), median, close, "eq. 9"
    return lowest, median, close, "quantile"


def _heights(far, close, y, tall):
    """Greatest body height, robustly, of the frames nearest to the far and to the close ankle y."""
    if far == close:
        height = float(np.quantile(tall, TALLEST))
        return height, height
    slope = 0.0
    # taken as they are, the heights are too great where a cluster reaches closer than its place; the second
    # pass moves each of them to the place, along the slope that the first pass has found
    for _ in range(2):
        heights = []
        for place in (far, close):
            distance = np.abs(y - place)
            radius = min(float(np.quantile(distance, CLUSTER_SHARE)), CLUSTER_RADIUS * (close - far))
            near = distance <= max(radius, distance.min())
            heights.append(float(np.quantile((tall - slope * (y - place))[near], TALLEST)))
        slope = (heights[1] - heights[0]) / (close - far)
    return tuple(heights)


def _height_at(stance, y):
    """Body height px at ankle y, a number or (T,), between far and close: linear, as perspective has it."""
    return np.interp(y, [stance["s_far"], stance["s_close"]], [stance["h_far"], stance["h_close"]])


def _target_places(source, target):
    """Ankle y px in the target's frame for the source's far and close stances.

    Where the source walks as far as the target does, these are the target's own, as in the paper. A source
    that walks less keeps its way, in body heights, around the target's typical place: stretched to the whole
    range of the target, a sway of two pixels would become a walk.
    """
    way, target_way = source["s_close"] - source["s_far"], target["s_close"] - target["s_far"]
    ratio = _height_at(target, target["s_median"]) / _height_at(source, source["s_median"])
    share = (source["s_median"] - source["s_far"]) / way if way > 0 else 0.5
    way = min(ratio * way, target_way)
    far = float(np.clip(target["s_median"] - share * way, target["s_far"], target["s_close"] - way))
    return far, far + way


def _ground_line(pose, stance):
    """(T,) px: where the mean ankle is, or would be if the performer stood."""
    near, far = stance["s_close"], stance["s_far"]
    if near == far:
        return np.full(len(pose.keypoints), far)
    standing, y = standing_frames(pose)
    line = _interpolated(y, standing)
    line = gaussian_filter1d(line, SMOOTHING_SECONDS * float(pose.fps), mode="nearest")
    # beyond, scale and place stay; the figure still moves on, by its own pixels times the scale
    margin = OVERSHOOT * (near - far)
    return np.clip(line, far - margin, near + margin)


def _depth(ground, stance):
    """The paper's u (T,): 0 at the far stance, 1 at the close one."""
    way = stance["s_close"] - stance["s_far"]
    return (ground - stance["s_far"]) / way if way > 0 else np.zeros_like(ground)


def _interpolated(values, known):
    """values (T,) with the unknown ones interpolated in time from the known, at the ends held."""
    return np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
