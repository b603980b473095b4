"""When a performer's feet bear the weight, and where the ground is when they do not.

Geometry decides, because footage may be slowed down: feet above the hips bear no weight; feet that rise while
the figure keeps its size are in the air, whereas a person who walks away from the camera shrinks. A rise
shorter than the longest jump at full speed counts as a jump without further tests.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.ndimage import grey_closing, grey_opening, maximum_filter1d

from dancenow.errors import InputError
from dancenow.keypoints import BODY, IMPUTED, INDEX, SIDES, Pose, sides_of
from dancenow.pose.facing import feet_up
from dancenow.pose.retarget import LONGEST, bone_lengths
from dancenow.stretches import interpolated, stretches_of

BODY_CHAIN = ("ankle", "knee", "hip", "shoulder")
MIN_WHOLE_SHARE = 0.05  # least share of the frames that must show the person from head to feet
MIN_UPPER_SHARE = 0.25  # or else the upper body: a talking head may show it now and then

# least confidence of legs that tell the ground: beyond the picture's edge they are guessed, with less
SURE_LEGS = 0.2
# what counts as standing on the ground, in shares of the standing height
LEVEL_ANKLES = 0.04  # the ankles differ by at most this in y, and are at most this far above their hips
AIRBORNE = 0.03  # the feet are at most this far above their place just before and after
FLIGHT_SECONDS = 0.8  # s: at full speed no jump lasts longer
TAKE_OFF_SECONDS = 0.08  # s: while heel and toes leave the ground, or land
TAKE_OFF_SHARE = TAKE_OFF_SECONDS / FLIGHT_SECONDS  # longest flight, at any speed of the footage
# a longer flight: the feet rise by this share of the height, and the figure shrinks by less than SHRINKING
# times it. A person who walks away shrinks by the rise over the camera's height: 1 for a camera at eye level
LONG_RISE = 0.08
SHRINKING = 0.3
REST = 1 / 8  # of the window over a long flight: least rest of the feet beside it, or a bad frame is a floor
STEEP = 0.5  # of a flight's rise over its length: a walk that continues outside it is flatter
SIZE_QUANTILE = 0.75  # quantile over the bones: foreshortening shortens some, and lengthens none
ON_FEET_SHARE = 0.05  # least share of the frames; with fewer, the lowest joint replaces the feet throughout
SUNK = 0.1  # of the height: an upside-down figure reaches at most this far into the ground


@dataclass(frozen=True)
class Figure:
    """Per frame, float64 px: y, x (T,) mean ankle; gap (T,) |y_left - y_right| of the ankles; lowest (T,) y
    of the lowest joint; tall (T,) body height. size (T,): apparent length of the bones, 1 at the longest that
    a whole figure shows, NaN if unseen. feet, whole, upper, upright (T,) bool: both legs are surely in the
    frame; all that `tall` needs is; head, shoulders, and both elbows or both hips are; not both feet are
    above the hips. standing: tall, when upright; on_feet: whether the feet bear the weight at all.
    """

    y: np.ndarray
    x: np.ndarray
    gap: np.ndarray
    lowest: np.ndarray
    tall: np.ndarray
    size: np.ndarray
    feet: np.ndarray
    whole: np.ndarray
    upper: np.ndarray
    upright: np.ndarray
    standing: float
    on_feet: bool


def inside(pose: Pose) -> np.ndarray:
    """(T, 133) bool: which places are in the frame."""
    x, y = pose.keypoints[..., 0], pose.keypoints[..., 1]
    return (x >= 0) & (y >= 0) & (x <= pose.width - 1) & (y <= pose.height - 1)


def upper_alone(figure: Figure) -> bool:
    """Whether the upper body tells a person's size, because the clip hardly ever shows feet."""
    return figure.whole.mean() < MIN_WHOLE_SHARE and figure.upper.mean() >= MIN_UPPER_SHARE


def whole_figure(pose: Pose, clip: str = "the clip") -> Figure:
    """The Figure of a Pose, or InputError, naming `clip`, when fewer than MIN_WHOLE_SHARE of the frames show
    the person from head to feet, and fewer than MIN_UPPER_SHARE the upper body."""
    figure = measure_figure(pose)
    count, frames = int(figure.whole.sum()), len(figure.whole)
    if count < max(1, MIN_WHOLE_SHARE * frames) and not upper_alone(figure):
        raise InputError(
            f"{clip}: only {count} of {frames} frames show the person from head to feet, and "
            f"{int(figure.upper.sum())} the upper body with its arms, too few to measure size and place; use "
            "footage of the whole body"
        )
    return figure


def measure_figure(pose: Pose) -> Figure:
    """The Figure of a Pose; standing is NaN if no frame shows the person from head to feet.

    Height is measured along the body, from the ankles by knees, hips and shoulders to the nose (or between
    the ears): in a straight line, a dancer who never straightens the knees would look short.
    """
    # some estimators guess joints beyond the frame's edge; these are not used
    seen = pose.present() & inside(pose)
    # legs imputed by pose.partial_bodies say nothing about the ground
    seen[:, BODY] &= pose.origin[:, BODY] != IMPUTED
    places = pose.keypoints[..., :2].astype(np.float64)
    left, right = ([INDEX[f"{side}_{joint}"] for joint in BODY_CHAIN] for side in SIDES)
    ears = sides_of("ear")
    nose = seen[:, INDEX["nose"]]
    head = np.where(nose[:, None], places[:, INDEX["nose"]], places[:, ears].mean(axis=1))
    ankles, hips, shoulders = ((places[:, left[i]] + places[:, right[i]]) / 2 for i in (0, 2, 3))
    legs = np.mean([_length(places[:, side[:3]]) for side in (left, right)], axis=0)
    tall = legs + _length(np.stack([hips, shoulders, head], axis=1))

    legs_seen = seen[:, left[:2] + right[:2]].all(axis=1)
    sure = legs_seen & (pose.keypoints[:, left[:2] + right[:2], 2] >= SURE_LEGS).all(axis=1)
    feet = sure if sure.any() else seen[:, left[0]] & seen[:, right[0]]
    head_seen = nose | seen[:, ears].all(axis=1)
    whole = seen[:, left + right].all(axis=1) & head_seen & (tall > 0)
    either = seen[:, sides_of("elbow")].all(axis=1) | seen[:, [left[2], right[2]]].all(axis=1)
    upper = seen[:, [left[3], right[3]]].all(axis=1) & head_seen & either
    gap = np.abs(places[:, left[0], 1] - places[:, right[0], 1])
    standing = float(np.quantile(tall[whole], 0.9)) if whole.any() else np.nan
    shown = np.where(seen[..., None], pose.keypoints, 0)
    upright = ~feet_up(shown, LEVEL_ANKLES * standing)
    lowest = np.where(seen[:, BODY], places[:, BODY, 1], -np.inf).max(axis=1)
    on_feet = upright[whole].sum() >= ON_FEET_SHARE * whole.sum()
    size = _sizes(pose.keypoints, seen, whole)
    x, y = ankles.T
    return Figure(y, x, gap, lowest, tall, size, feet, whole, upper, upright, standing, bool(on_feet))


def find_ground(
    figure: Figure, candidates: np.ndarray, fps: Fraction | float
) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates show where the ground is, (T,) bool, and the y px (T,) of mean ankles there.

    candidates: (T,) bool, at least one True; at least one is kept.

    These are the frames in which the person stands on both feet, not jumps, kicks, lifted feet or upside-down
    poses. A performer who hardly ever stands touches the ground with the lowest joint.
    """
    upright = candidates & figure.upright
    if not figure.on_feet or not upright.any():
        return candidates, figure.lowest
    airborne = _airborne(figure, candidates, float(fps))
    landed = upright & (~airborne | (figure.y == figure.y[upright].max()))
    # the ankles of a dancer seen from above may never be level: then the most level fifth counts
    level = max(LEVEL_ANKLES * figure.standing, float(np.quantile(figure.gap[landed], 0.2)))
    return landed & (figure.gap <= level), figure.y


def ground_line(figure: Figure, fps: Fraction | float) -> np.ndarray | None:
    """(T,) px: where the mean ankle is, or would be if the performer stood. From find_ground, in between
    interpolated; None when no frame shows the whole body. Upside down, nobody sinks into the ground."""
    if not figure.whole.any():
        return None
    standing, y = find_ground(figure, figure.feet, fps)
    line = interpolated(y, standing)
    return np.where(figure.upright, line, np.maximum(line, figure.lowest - SUNK * figure.standing))


def _airborne(figure: Figure, candidates: np.ndarray, fps: Fraction | float) -> np.ndarray:
    """(T,) bool: both feet are off the ground."""
    y, high = interpolated(figure.y, candidates), AIRBORNE * figure.standing
    window = 2 * round(fps * FLIGHT_SECONDS / 2) + 1
    take_off = round(fps * TAKE_OFF_SECONDS)
    # y points down: a closing removes every rise of the feet that is shorter than a flight
    airborne = grey_closing(y, window, mode="nearest") - y > high
    # take-off and landing, too low to be detected, belong to the flight
    airborne = maximum_filter1d(airborne, 2 * take_off + 1)
    while window < len(y) and not airborne.all():
        # a flight found here is removed before a longer rise is tested, because it may be the top of that
        y = interpolated(y, ~airborne)
        window = 2 * window + 1
        floor = grey_opening(y, round(REST * min(window, len(y))), mode="nearest")
        rise = grey_closing(floor, window, mode="nearest") - y
        for first, stop in stretches_of(rise > high):
            if _off_feet(figure, candidates & np.isfinite(figure.size), ~airborne, rise, first, stop):
                start, end = _to_the_foot(y, rise, first, stop)
                margin = max(take_off, round(TAKE_OFF_SHARE * (stop - first)))
                airborne[max(0, min(start, first - margin)) : max(end, stop + margin)] = True
    return airborne


def _to_the_foot(y: np.ndarray, rise: np.ndarray, first: int, stop: int) -> tuple[int, int]:
    """(first, stop), extended while y falls outwards: a window may cut off the top of a flight."""
    step = max(1, (stop - first) // 10)
    steep = STEEP * step * rise[first:stop].max() / (stop - first)
    while first >= step and y[first - step] - y[first] > steep:
        first -= step
    while stop - 1 + step < len(y) and y[stop - 1 + step] - y[stop - 1] > steep:
        stop += step
    return first, stop


def _off_feet(
    figure: Figure, known: np.ndarray, standing: np.ndarray, rise: np.ndarray, first: int, stop: int
) -> bool:
    """Whether feet that rise between two frames are off the ground there; otherwise the person walks.

    known, standing: (T,) bool, where the size is known and where the person may stand.
    """
    if (~figure.upright[first:stop]).mean() > 0.5:
        return True
    top = rise[first:stop].max()
    inside = first + np.flatnonzero(known[first:stop] & (rise[first:stop] > top / 2))
    around = max(2, (stop - first) // 4)
    outside = np.flatnonzero(known & standing)
    outside = np.concatenate([outside[outside < first][-around:], outside[outside >= stop][:around]])
    if not len(inside) or not len(outside):
        return False
    height = float(np.median(rise[inside])) / figure.standing
    shrunk = 1 - np.median(figure.size[inside]) / np.median(figure.size[outside])
    return bool(height > LONG_RISE and shrunk < SHRINKING * height)


def _sizes(keypoints: np.ndarray, seen: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """(T,): upper quartile of seen bones' apparent lengths, in shares of each bone's longest; else NaN.

    whole: (T,) bool, the frames whose longest counts: close to the camera, arms are seen without the legs.
    """
    lengths = bone_lengths(keypoints, seen)
    longest = lengths[:, whole] if whole.any() else lengths
    kept = [
        row / np.nanquantile(known, LONGEST)
        for row, known in zip(lengths, longest, strict=True)
        if np.nanmax(known, initial=0) > 0
    ]
    if not kept:  # a shot of nobody
        return np.full(len(keypoints), np.nan)
    ordered = np.sort(kept, axis=0)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=0)
    place = (SIZE_QUANTILE * np.maximum(count - 1, 0)).astype(int)
    return np.take_along_axis(ordered, place[None], axis=0)[0]


def _length(chain: np.ndarray) -> np.ndarray:
    """(T, K, 2) points to the (T,) length of the line through them."""
    return np.linalg.norm(np.diff(chain, axis=1), axis=-1).sum(axis=1)
