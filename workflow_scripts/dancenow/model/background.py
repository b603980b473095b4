"""The background: the scene without the target."""

import logging

import cv2
import numpy as np

from dancenow.camera.steady_frames import valid_of
from dancenow.errors import InputError
from dancenow.keypoints import (
    BODY,
    COUNT,
    FACE,
    INDEX,
    LEFT_HAND,
    MIN_CONFIDENCE,
    RIGHT_HAND,
    SIDES,
    People,
    Pose,
)
from dancenow.model.filling import filled
from dancenow.pictures import Frames

log = logging.getLogger(__name__)

SAMPLED_FRAMES = 240
# a pixel visible in a smaller share of the samples shows hair or clothes that the mask missed, not the wall
LEAST_VISIBLE = 0.05
# a person who never leaves a place is part of the scene, unless they move there: this share of the region
# differs by more than so many of 255 from its median over time
MOVING_SHARE, MOVING_LEVELS = 0.1, 12.0
# of a box's diagonal: a skeleton nearer than this to the performer's is the performer's
SAME_PERFORMER = 0.12
# a place that is in the person's shadow in most frames: at its brightest it is lighter by this share and by
# these levels of 255, in all colours by the same share (otherwise something moves there)
LIT = 0.9  # quantile over time
# quantile whose colour such a place takes: it may be in the shadow in nine of ten frames as well
BRIGHTEST = 0.97
SHADED, SHADED_LEVELS, SAME_COLOUR = 0.08, 8.0, 0.05
SHADOW_EDGE, SPECKS = 5, 3  # px
# a shadow is even: its share differs by less than this from that of so many px around. In our clips, shadows
# have 0.004 to 0.035, people who sway 0.068 to 0.132
EVEN, EVEN_WITHIN = 0.04, 5
MASK_GROWTH = 7  # px
# nose, eyes and ears, if the face was not found
NOSE_TO_EARS = slice(0, 5)
# half-width of a limb as a share of the body height: generous, so that clothes and hair are masked too
LIMB_SHARE = 0.06
HEAD_SHARE = 0.13
LIMBS = [
    [INDEX[f"{side}_{joint}"] for joint in chain]
    for side in SIDES
    for chain in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle", "big_toe"), ("ankle", "heel"))
]
# filled, because a shirt or a skirt spans them; and the distance of clothes from the body, in limb widths
AREAS = [
    ([INDEX[f"{side}_{joint}"] for side in SIDES for joint in joints], wide)
    for joints, wide in ((("shoulder", "hip"), 1), (("hip", "knee"), 2))
]


def person_mask(keypoints: np.ndarray, width: int, height: int) -> np.ndarray:
    """A rough mask of the person: trunk, thighs, head and hands, and limbs with a fixed width.

    keypoints: (133, 3) px. Returns (height, width) bool; nothing is masked where nobody is seen.
    """
    mask = np.zeros((height, width), np.uint8)
    seen = keypoints[:, 2] >= MIN_CONFIDENCE
    if seen.sum() < 3:
        return mask.astype(bool)
    points = np.rint(keypoints[:, :2]).astype(np.int32)
    # the longer side, so that a lying person is as thick as a standing one
    tall = float(np.ptp(keypoints[seen, :2], axis=0).max())
    radius = max(1, round(tall * LIMB_SHARE))
    for chain in LIMBS:
        for start, end in zip(chain[:-1], chain[1:], strict=True):
            if seen[start] and seen[end]:
                cv2.line(mask, points[start].tolist(), points[end].tolist(), 1, 2 * radius)
    hands = [(range(COUNT)[part], 1) for part in (LEFT_HAND, RIGHT_HAND)]
    for area, wide in (*AREAS, *hands):
        corners = points[[index for index in area if seen[index]]]
        if len(corners) > 2:
            hull = cv2.convexHull(corners)
            cv2.fillConvexPoly(mask, hull, 1)
            cv2.polylines(mask, [hull], True, 1, 2 * wide * radius)
    head = next((keypoints[part][seen[part], :2] for part in (FACE, NOSE_TO_EARS) if seen[part].any()), None)
    if head is not None:
        cv2.circle(mask, np.rint(head.mean(axis=0)).astype(int).tolist(), round(tall * HEAD_SHARE), 1, -1)
    return mask.astype(bool)


def reach(keypoints: np.ndarray, width: int, height: int) -> np.ndarray:
    """Where clothes and hair may be: person_mask, dilated by a limb's width. (height, width) uint8."""
    mask = person_mask(keypoints, width, height).astype(np.uint8)
    seen = keypoints[:, 2] >= MIN_CONFIDENCE
    if not mask.any():
        return mask
    tall = float(np.ptp(keypoints[seen, :2], axis=0).max())
    radius = max(1, round(tall * LIMB_SHARE))
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2))


def sampled_masks(
    pose: Pose, training_frames: int, masks: Frames | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(S,) ascending frame numbers, at most SAMPLED_FRAMES of the first `training_frames`, and (S, H, W)
    bool: where the person of the Pose is in them. masks: as make_background takes them."""
    chosen = np.unique(np.linspace(0, training_frames - 1, min(SAMPLED_FRAMES, training_frames)).astype(int))
    hidden = np.empty((len(chosen), pose.height, pose.width), bool)
    for place, index in enumerate(chosen.tolist()):
        if masks is None:
            hidden[place] = person_mask(pose.keypoints[index], pose.width, pose.height)
        else:
            hidden[place] = around(masks[index])
    return chosen, hidden


def around(mask: np.ndarray) -> np.ndarray:
    """A (H, W) uint8 mask as bool, dilated to include parts of the person that its edge may have missed."""
    return cv2.dilate(mask, np.ones((MASK_GROWTH, MASK_GROWTH), np.uint8)) > 0


def ever_seen(hidden: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """(H, W) bool: where the background is visible often enough to be known.

    hidden: from sampled_masks; outside: (H, W) int, the number of samples whose frame does not reach
    the pixel; these do not count.
    """
    shown = len(hidden) - outside
    return (shown > 0) & (len(hidden) - hidden.sum(axis=0) > LEAST_VISIBLE * shown)


def others_masks(people: People, pose: Pose, chosen: np.ndarray) -> np.ndarray:
    """(S, H, W) bool: where anyone but the performer is in the chosen frames.

    people: People, everyone found in the clip; pose: the performer's Pose; chosen: (S,) frame numbers.
    """
    masks = np.zeros((len(chosen), pose.height, pose.width), bool)
    for mask, index in zip(masks, chosen.tolist(), strict=True):
        for person in people.in_frame(index):
            if not _is_same(person, pose.keypoints[index]):
                mask |= reach(person, pose.width, pose.height) > 0
    return masks


def _is_same(person: np.ndarray, performer: np.ndarray) -> bool:
    """Whether two (133, 3) skeletons belong to the same body."""
    both = (person[BODY, 2] >= MIN_CONFIDENCE) & (performer[BODY, 2] >= MIN_CONFIDENCE)
    if not both.any():
        return False
    places, own = person[BODY, :2][both], performer[BODY, :2][both]
    size = np.linalg.norm(np.ptp(own, axis=0))
    return bool(np.linalg.norm(places - own, axis=-1).mean() < SAME_PERFORMER * size)


def make_background(
    frames: Frames,
    pose: Pose,
    training_frames: int,
    masks: Frames | None = None,
    people: People | None = None,
) -> np.ndarray:
    """The temporal median of the pixels outside the performer and outside everybody else who moves.

    Where their shadow lies most of the time, the moments without it count.

    frames: sequence of (H, W, 3) uint8 RGB, SteadyFrames among them; pose: the performer in them;
    training_frames: how many frames from the start may be looked at (held-out footage stays unseen); masks:
    sequence of (H, W) uint8, where the person is, or None to guess it from the skeleton; people: People,
    everyone found in the same frames, or None to mask the performer only. A person who stands still
    throughout is part of the scene. Returns (H, W, 3) uint8 RGB. Pixels that people cover in nearly all
    sampled frames, or that none shows, are filled from around; their number is logged. InputError if all are.
    """
    chosen, hidden = sampled_masks(pose, training_frames, masks)
    outside = np.zeros(hidden.shape[1:], int)
    for place, index in enumerate(chosen.tolist()):
        shown = valid_of(frames, index)
        if shown is not None:
            outside += ~shown
            hidden[place] |= ~shown
    seen = ever_seen(hidden, outside)
    free = seen
    if people is not None:
        anyone = hidden | others_masks(people, pose, chosen)
        free = ever_seen(anyone, outside)
        hidden = np.where(free, anyone, hidden)
    # filled frame by frame: a list besides the stack would double the hundreds of MB
    stack = np.empty((*hidden.shape, 3), np.uint8)
    for place, index in enumerate(chosen.tolist()):
        stack[place] = frames[index]
    crowded = seen & ~free
    background, lit, brightest, unrest = _by_rows(stack, hidden, seen, crowded)
    shaded = _shaded(background, lit)[..., None] * seen[..., None]
    background = np.rint(background + shaded * (brightest - background)).astype(np.uint8)
    seen = seen & ~_restless(crowded, unrest)
    if not seen.any():
        raise InputError(
            "the target covers the whole picture in every frame; set train.generator.background to false"
        )
    background = filled(background, seen)
    share = 100 * float((~seen).mean())
    log.info(
        "background from %d frames; %.1f %% of it was hardly ever seen and is filled in", len(chosen), share
    )
    return background


def _by_rows(
    stack: np.ndarray, hidden: np.ndarray, seen: np.ndarray, crowded: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(H, W, 3) of what is not hidden over time: the median, uint8, and the quantiles LIT and BRIGHTEST,
    float32; (H, W) float32, how far it differs from the median on average; 0 where nothing is seen.

    stack: (S, H, W, 3) uint8; hidden: (S, H, W) bool; seen, crowded: (H, W) bool, where the first three and
    the last are wanted. By rows, because a float stack of all samples would be too large.
    """
    background = np.zeros(stack.shape[1:], np.uint8)
    lit, brightest = (np.zeros(stack.shape[1:], np.float32) for _ in range(2))
    unrest = np.zeros(seen.shape, np.float32)
    for row, (known, crowd) in enumerate(zip(seen, crowded, strict=True)):
        shown = stack[:, row, known]
        covered = np.broadcast_to(hidden[:, row, known, None], shown.shape)
        middle, lit[row, known], brightest[row, known] = _over_time(shown, covered)
        background[row, known] = np.rint(middle)
        if crowd.any():
            apart = np.where(covered, np.nan, np.abs(shown - middle))[:, crowd[known]]
            unrest[row, crowd] = np.nanmean(apart, axis=(0, 2))
    return background, lit, brightest, unrest


def _over_time(shown: np.ndarray, covered: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The median and the quantiles LIT and BRIGHTEST of what is not covered: (K, 3) float32 each.

    shown: (S, K, 3) uint8; covered: (S, K, 3) bool, never all of a pixel. Sorted here: numpy.nanquantile goes
    through Python pixel by pixel.
    """
    ordered = np.sort(np.where(covered, 255, shown), axis=0)  # what is covered comes last
    last = (~covered).sum(axis=0) - 1

    def at(place: np.ndarray) -> np.ndarray:
        return np.take_along_axis(ordered, place[None], axis=0)[0].astype(np.float32)

    lit, brightest = (at(np.rint(share * last).astype(int)) for share in (LIT, BRIGHTEST))
    return (at(last // 2) + at((last + 1) // 2)) / 2, lit, brightest


def _shaded(middle: np.ndarray, lit: np.ndarray) -> np.ndarray:
    """(H, W) float32, 0 to 1: where the person's shadow lies in most frames, with a soft edge.

    middle, lit: (H, W, 3), the median and the quantile LIT over time.
    """
    share = middle / np.maximum(lit, 1)
    darker = 1 - share.mean(axis=2)
    found = (darker > SHADED) & (lit.mean(axis=2) - middle.mean(axis=2) > SHADED_LEVELS)
    found &= np.abs(share - share.mean(axis=2, keepdims=True)).max(axis=2) < SAME_COLOUR + 0.5 * darker
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((SPECKS, SPECKS), np.uint8))
    even = cv2.blur(share.mean(axis=2) * found, (EVEN_WITHIN, EVEN_WITHIN))
    even /= np.maximum(cv2.blur(found.astype(np.float32), (EVEN_WITHIN, EVEN_WITHIN)), 1e-6)
    count, regions = cv2.connectedComponents(found)
    uneven = np.bincount(regions.ravel(), np.abs(share.mean(axis=2) - even).ravel(), count)
    smooth = uneven < EVEN * np.bincount(regions.ravel(), minlength=count)
    found &= smooth[regions].astype(np.uint8)
    grown = cv2.dilate(found, np.ones((2 * SHADOW_EDGE + 1,) * 2, np.uint8))
    return cv2.GaussianBlur(grown.astype(np.float32), (0, 0), SHADOW_EDGE / 2)


def _restless(crowded: np.ndarray, unrest: np.ndarray) -> np.ndarray:
    """(H, W) bool: the connected regions of `crowded` in which somebody moves.

    crowded: (H, W) bool, never seen without somebody; unrest: (H, W) float32, the mean difference there from
    the median over time, of 255.
    """
    count, regions = cv2.connectedComponents(crowded.astype(np.uint8))
    sizes = np.bincount(regions.ravel(), minlength=count)
    moving = np.bincount(regions.ravel(), (unrest > MOVING_LEVELS).ravel(), count) > MOVING_SHARE * sizes
    return crowded & moving[regions]
