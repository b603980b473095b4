"""When a performer's feet bear the weight, and where the ground is when they do not.

Geometry decides, because footage may be slowed down: feet above the hips bear nothing; feet that rise while
the figure keeps its size are in the air, whereas someone who walks away from the camera shrinks. Only what
is shorter than any jump at full speed is taken for one without further questions.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.ndimage import grey_closing, grey_opening, maximum_filter1d

from dancenow.errors import InputError
from dancenow.keypoints import BODY, IMPUTED, INDEX, Pose
from dancenow.pose.retarget import LONGEST, SIDES, bone_lengths

CHAIN = ("ankle", "knee", "hip", "shoulder")
MIN_WHOLE_SHARE = 0.05  # of the frames must show the person from head to feet

# what counts as standing on the ground, in shares of the standing height
LEVEL_ANKLES = 0.04  # the ankles differ no more than this in y, and are no higher than this above the hips
AIRBORNE = 0.03  # the feet are no higher than this above where they stand just before and after
FLIGHT_SECONDS = 0.8  # at full speed no jump lasts longer
TAKE_OFF_SECONDS = 0.08  # as long as heel and toes leave the ground, or land
TAKE_OFF_SHARE = TAKE_OFF_SECONDS / FLIGHT_SECONDS  # of a flight, whatever the footage's speed
# a longer flight: the feet rise by this share of the height, and the figure shrinks by less than SHRINKING
# times it. Who walks away shrinks by the rise over the camera's height: 1 for a camera at the eyes
LONG_RISE = 0.08
SHRINKING = 0.3
REST = 1 / 8  # of the window over a long flight: so long the feet rest beside it, or a bad frame is a floor
STEEP = 0.5  # of a flight's rise over its length: a walk that goes on outside it is flatter
SIZE_QUANTILE = 0.75  # of the bones: foreshortening shortens some of them, and lengthens none
ON_FEET_SHARE = 0.05  # of the frames, or the lowest joint stands for the feet all the time
SUNK = 0.1  # of the height: an upside-down figure reaches no further into the ground


@dataclass(frozen=True)
class Figure:
    """Per frame, float64 px: y, x (T,) mean ankle; gap (T,) |y_left - y_right| of the ankles; lowest (T,) y
    of the lowest joint; tall (T,) body height. size (T,): how long the bones look, 1 where longest, NaN where
    unseen. feet, whole, upright (T,) bool: both ankles are in the frame; so is all that `tall` needs; the
    ankles are below the hips. standing: tall, when upright; on_feet: whether the feet bear the weight at all.
    """

    y: np.ndarray
    x: np.ndarray
    gap: np.ndarray
    lowest: np.ndarray
    tall: np.ndarray
    size: np.ndarray
    feet: np.ndarray
    whole: np.ndarray
    upright: np.ndarray
    standing: float
    on_feet: bool


def inside(pose: Pose) -> np.ndarray:
    """(T, 133) bool: which places are in the frame."""
    x, y = pose.keypoints[..., 0], pose.keypoints[..., 1]
    return (x >= 0) & (y >= 0) & (x <= pose.width - 1) & (y <= pose.height - 1)


def whole_figure(pose: Pose, clip: str = "the clip") -> Figure:
    """The Figure of a Pose, or InputError, naming `clip`, when fewer than MIN_WHOLE_SHARE of the frames show
    the person from head to feet."""
    figure = measure_figure(pose)
    count, frames = int(figure.whole.sum()), len(figure.whole)
    if count < max(1, MIN_WHOLE_SHARE * frames):
        raise InputError(
            f"{clip}: only {count} of {frames} frames show the person from head to feet, too few "
            "to tell size and place; use footage of the whole body"
        )
    return figure


def measure_figure(pose: Pose) -> Figure:
    """The Figure of a Pose; standing is NaN where no frame shows the person from head to feet.

    Height runs along the body, from the ankles by knees, hips and shoulders to the nose (or between the
    ears): in a straight line, a dancer whose knees are never straight would look short.
    """
    # some estimators guess joints beyond the frame's edge: not seen, so not used
    seen = pose.present() & inside(pose)
    seen[:, BODY] &= pose.origin[:, BODY] != IMPUTED  # legs of pose.partial_bodies say nothing of the ground
    places = pose.keypoints[..., :2].astype(np.float64)
    left, right = ([INDEX[f"{side}_{joint}"] for joint in CHAIN] for side in SIDES)
    ears = [INDEX["left_ear"], INDEX["right_ear"]]
    nose = seen[:, INDEX["nose"]]
    head = np.where(nose[:, None], places[:, INDEX["nose"]], places[:, ears].mean(axis=1))
    ankles, hips, shoulders = ((places[:, left[i]] + places[:, right[i]]) / 2 for i in (0, 2, 3))
    legs = np.mean([_length(places[:, side[:3]]) for side in (left, right)], axis=0)
    tall = legs + _length(np.stack([hips, shoulders, head], axis=1))

    feet = seen[:, left[0]] & seen[:, right[0]]
    whole = seen[:, left + right].all(axis=1) & (nose | seen[:, ears].all(axis=1)) & (tall > 0)
    gap = np.abs(places[:, left[0], 1] - places[:, right[0], 1])
    standing = float(np.quantile(tall[whole], 0.9)) if whole.any() else np.nan
    above = ankles[:, 1] < hips[:, 1] - LEVEL_ANKLES * standing
    upright = ~(above & seen[:, [left[2], right[2]]].all(axis=1))
    lowest = np.where(seen[:, BODY], places[:, BODY, 1], -np.inf).max(axis=1)
    on_feet = upright[whole].sum() >= ON_FEET_SHARE * whole.sum()
    size = _sizes(pose.keypoints, seen)
    x, y = ankles.T
    return Figure(y, x, gap, lowest, tall, size, feet, whole, upright, standing, bool(on_feet))


def find_ground(
    figure: Figure, candidates: np.ndarray, fps: Fraction | float
) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates tell where the ground is, (T,) bool, and the y px (T,) of mean ankles there.

    candidates: (T,) bool, at least one True; at least one is kept.

    These are the frames that stand on both feet; jumps, kicks and lifted feet do not, nor does who is upside
    down. A performer who hardly ever stands touches the ground with whatever is lowest.
    """
    upright = candidates & figure.upright
    if not figure.on_feet or not upright.any():
        return candidates, figure.lowest
    airborne = _airborne(figure, candidates, float(fps))
    landed = upright & (~airborne | (figure.y == figure.y[upright].max()))
    # a dancer seen from above may never have the ankles level: then the most level fifth counts
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


def interpolated(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """values (T,) with the unknown ones interpolated in time from the known, at the ends held."""
    return np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])


def _airborne(figure: Figure, candidates: np.ndarray, fps: Fraction | float) -> np.ndarray:
    """(T,) bool: the feet are off the ground, both of them."""
    y, high = interpolated(figure.y, candidates), AIRBORNE * figure.standing
    window = 2 * round(fps * FLIGHT_SECONDS / 2) + 1
    take_off = round(fps * TAKE_OFF_SECONDS)
    # y points down: a closing takes every rise of the feet that is shorter than a flight back to the floor
    airborne = grey_closing(y, window, mode="nearest") - y > high
    # take-off and landing, too low to be noticed, belong to the flight
    airborne = maximum_filter1d(airborne, 2 * take_off + 1)
    while window < len(y) and not airborne.all():
        # what is found is brought down before a longer rise, of which it may be the top, is judged
        y = interpolated(y, ~airborne)
        window = 2 * window + 1
        floor = grey_opening(y, round(REST * min(window, len(y))), mode="nearest")
        rise = grey_closing(floor, window, mode="nearest") - y
        for first, stop in _runs(rise > high):
            if _off_feet(figure, candidates & np.isfinite(figure.size), ~airborne, rise, first, stop):
                start, end = _to_the_foot(y, rise, first, stop)
                margin = max(take_off, round(TAKE_OFF_SHARE * (stop - first)))
                airborne[max(0, min(start, first - margin)) : max(end, stop + margin)] = True
    return airborne


def _to_the_foot(y: np.ndarray, rise: np.ndarray, first: int, stop: int) -> tuple[int, int]:
    """(first, stop) further apart, as far as it goes down outwards: a window may cut the top off a flight."""
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
    """Whether the feet, which rise between two frames, are off the ground there; else the person walks.

    known, standing: (T,) bool, where the size is known and who may stand.
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


def _runs(values: np.ndarray) -> list[tuple[int, int]]:
    """[(first, stop)] of the runs of True in (T,) bool."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _sizes(keypoints: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(T,): the upper quartile of how long the seen bones look, each in shares of its longest; else NaN."""
    lengths = bone_lengths(keypoints, seen)
    kept = [row / np.nanquantile(row, LONGEST) for row in lengths if np.nanmax(row, initial=0) > 0]
    if not kept:  # a shot of nobody
        return np.full(len(keypoints), np.nan)
    ordered = np.sort(kept, axis=0)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=0)
    place = (SIZE_QUANTILE * np.maximum(count - 1, 0)).astype(int)
    return np.take_along_axis(ordered, place[None], axis=0)[0]


def _length(chain: np.ndarray) -> np.ndarray:
    """(T, K, 2) points to the (T,) length of the line through them."""
    return np.linalg.norm(np.diff(chain, axis=1), axis=-1).sum(axis=1)
