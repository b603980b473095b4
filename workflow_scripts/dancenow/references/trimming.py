"""What lies beside an arm or leg and would come along with its piece: hair, a hand, the other leg.

Keypoints show which bone is nearest, and the mask only that it is the person. Two things show more: colours,
for each part has its own, and gaps through which the background is seen.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from dancenow.references.body_parts import (
    BONE_RADIUS,
    PARTS,
    SIDES,
    TRUNK_DEPTH,
    Figure,
    bone_distance,
    enlarged,
    grid,
    kind,
    other_side,
)
from dancenow.references.garment import HEM_FADE, along_leg
from dancenow.references.sleeves import beyond_sleeve

TINTS = 16  # of each colour channel
CORE = {"head": 1.6, "trunk": 1.0}  # radii from its bones within which a pixel is the part's own
LIMB_CORE = 0.8
ON_LEG, BESIDE_LEG = 1.0, 1.2  # radii: from a leg's bones, within them and beyond
SKIRT = 0.45  # of the thigh: cloth that spans the legs so far down is both legs'
UNLIKELY = 8.0  # so many times less a colour of its own than a near part's is a stranger's
RARE = 2e-4  # share of a part below which a colour is none of its own
COMMON = 2e-3  # and above which it is one
LEAST_PLACES, LEAST_FRAMES = 10, 8  # places and frames, without which nothing is known of a part's colours
# of the standing height: how far from its bones a part may be seen, and a piece reaches over what it meets
NEAR_BONES, MEETS = 0.12, 0.03
SLEEVE = 0.1  # share of an upper arm's outer side in the trunk's cloth, from which on it has a sleeve of it
# share of its lower half in colours that the trunk has, so many times more than hands: a long sleeve of it
LONG_SLEEVE, MORE_THAN_HANDS = 0.3, 2.0
SHOULDER = 0.03  # of the standing height: within it cloth beside a bare upper arm is where both meet
LEAST_STRANGER = 0.006  # of the standing height: what is smaller is no stranger
GROWTH = 0.006  # of the standing height: pixels of an edge have both colours
THIN = 0.35  # of a limb's radius: half the width of what is no limb
SAMPLES_TO_BONE = 8  # between a pixel and its bone
SOLID, GAP, PRESENT = 0.6, 0.35, 0.1  # of the mask
# a narrow gap between the legs, in which a mask still shows so much less than beyond; radii of the other
# leg; places where it is looked for
VALLEY, NEAR_LEG, SAMPLES_OF_VALLEY = 0.75, 1.6, 24

# of the standing height: how far from the head's axis hair may hang
HAIR_REACH = 0.45

TRUNK_NUMBER = PARTS.index("trunk")
HAND_NUMBERS = [PARTS.index(f"{side}_hand") for side in SIDES]
# parts that meet at a joint: each reaches over the other, so that no gap shows
_JOINTS = [("head", "trunk")]
for _side in SIDES:
    _JOINTS += [(f"{_side}_arm", "trunk"), (f"{_side}_arm", f"{_side}_hand")]
    _JOINTS += [(f"{_side}_leg", "trunk"), (f"{_side}_leg", f"{_side}_foot")]
MEETING = np.array([[a == b or (a, b) in _JOINTS or (b, a) in _JOINTS for b in PARTS] for a in PARTS])


def bins(picture: np.ndarray) -> np.ndarray:
    """(h, w) int: the place of each pixel's colour in a histogram. picture: (h, w, 3), 0 to 255."""
    level = np.clip(picture, 0, 255).astype(np.int64) * TINTS // 256
    return (level[..., 0] * TINTS + level[..., 1]) * TINTS + level[..., 2]


class PartColours:
    """How often each part, the lower half of each arm and leg, and the side of each upper arm away from the
    trunk show a colour, frame by frame."""

    def __init__(self) -> None:
        self.shares: list[list[list[np.ndarray]]] = [[[] for _ in PARTS] for _ in range(3)]

    def add(self, crop: "Crop") -> None:
        """Count one frame."""
        sparse = slice(crop.step // 2, None, crop.step), slice(crop.step // 2, None, crop.step)
        colours, solid = bins(crop.picture[sparse]), crop.alpha[sparse] > SOLID
        rows, columns = min(solid.shape[0], crop.away.shape[1]), min(solid.shape[1], crop.away.shape[2])
        colours, solid, away = colours[:rows, :columns], solid[:rows, :columns], crop.away[:, :rows, :columns]
        nearest = away.argmin(axis=0)
        for number, part in enumerate(PARTS):
            core = solid & (nearest == number) & (away[number] <= CORE.get(part, LIMB_CORE))
            halves = (half[:rows, :columns] for half in (crop.lower(part), crop.outer(part)))
            for shares, there in zip(self.shares, (core, *(core & half for half in halves)), strict=True):
                own = colours[there]
                if len(own) >= LEAST_PLACES:
                    share = np.bincount(own, minlength=TINTS**3).astype(np.float32) / len(own)
                    shares[number].append(share)

    def likely(self) -> np.ndarray:
        """(3, parts, colours) float32: the share of each colour in each part, in the lower half of arms and
        legs, and on the outer side of upper arms; all 0 if too seldom seen.

        A part's own colours are those that it shows in half of its frames and more.
        """
        likely = np.zeros((len(self.shares), len(PARTS), TINTS**3), np.float32)
        for place, shares in enumerate(self.shares):
            for number, own in enumerate(shares):
                if len(own) >= LEAST_FRAMES:
                    likely[place, number] = np.quantile(_smooth(np.stack(own)), 0.5, axis=0)
        return likely


def _smooth(shares: np.ndarray) -> np.ndarray:
    cubes = shares.reshape(-1, TINTS, TINTS, TINTS)
    for axis in (1, 2, 3):
        padded = np.pad(cubes, [(0, 0)] + [(1, 1) if axis == other else (0, 0) for other in (1, 2, 3)])
        low, middle, high = (np.take(padded, np.arange(TINTS) + shift, axis=axis) for shift in (0, 1, 2))
        cubes = 0.25 * low + 0.5 * middle + 0.25 * high
    return cubes.reshape(len(shares), -1)


@dataclass(frozen=True)
class Crop:
    """A frame around its figure.

    window: x, y, w, h px; picture: (h, w, 3) uint8 RGB; alpha: (h, w) float32, the mask from 0 to 1; step: px
    between places of the window's grid; away: as of figure.distances.
    """

    figure: Figure
    window: tuple[int, int, int, int]
    picture: np.ndarray
    alpha: np.ndarray
    step: int
    away: np.ndarray

    def enlarged(self, coarse: np.ndarray) -> np.ndarray:
        """A map of the window's grid at every pixel."""
        return enlarged(coarse, self.step, *self.window[2:])

    def away_enlarged(self, number: int) -> np.ndarray:
        """(h, w) float32: of each pixel from one part, in its radii."""
        return self.enlarged(self.away[number])

    def lower(self, part: str) -> np.ndarray:
        """(rows, columns) bool: the places of the grid nearest to the lower bone of an arm or leg."""
        xs, ys = grid(self.window, self.step)
        if kind(part) not in ("arm", "leg"):
            return np.zeros(xs.shape, bool)
        first, second = (bone_distance(xs, ys, start, end) for start, end, _ in self.figure.bones(part))
        return second < first

    def outer(self, part: str) -> np.ndarray:
        """(rows, columns) bool: the places of the grid beside an upper arm, on the side away from the trunk:
        cloth that is seen there is a sleeve's."""
        xs, ys = grid(self.window, self.step)
        if kind(part) != "arm" or not self.figure.visible[TRUNK_NUMBER]:
            return np.zeros(xs.shape, bool)
        (shoulder, elbow, _), _ = self.figure.bones(part)
        along, inwards = elbow - shoulder, self.figure.outline().mean(axis=0) - shoulder
        turn = along[0] * inwards[1] - along[1] * inwards[0]
        side = along[0] * (ys - shoulder[1]) - along[1] * (xs - shoulder[0])
        return ~self.lower(part) & (side * turn < 0)

    @cached_property
    def colours(self) -> np.ndarray:
        """(h, w) int, from `bins`."""
        return bins(self.picture)

    @cached_property
    def apart(self) -> np.ndarray:
        """(h, w, parts) float32: of each pixel from each part in standing heights, at most 1."""
        radii = np.array([BONE_RADIUS[kind(part)] for part in PARTS], np.float32)
        return self.enlarged(np.minimum(self.away.transpose(1, 2, 0) * radii, 1))


def strange(
    crop: Crop,
    number: int,
    box: tuple[slice, slice],
    likely: np.ndarray,
    reach: float,
    sleeves: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Two (h, w) bool of a box (rows, columns): what is not the arm's or leg's, and what is another part's.

    likely: as of PartColours; reach: as from garment.reach_between_legs; sleeves: as from sleeves.arm_widths.
    The first holds places beside the limb alone: of another colour, beyond a gap, on the other leg, cloth
    beside a sleeve, thin, or parted from the bones by these.
    The second holds all places of another part's colour, but not of the trunk's: a sleeve may be longer than
    usual.
    """
    unit, radius = crop.figure.unit, BONE_RADIUS[kind(PARTS[number])] * crop.figure.unit
    other = _of_another_colour(crop.colours[box], likely[0], crop.apart[box], number)
    if kind(PARTS[number]) == "arm":
        other |= _trunk_over_bare(crop, number, box, likely)
    before = _without_specks(other, unit)
    other |= _trunk_at_lower_half(crop, number, box, likely)
    foreign = other | (_least_on_the_way(crop, number, box, SAMPLES_TO_BONE) < GAP)
    near = crop.apart[box][..., number] <= LIMB_CORE * radius / unit
    if kind(PARTS[number]) == "leg":
        beside, behind_gap = _other_leg(crop, number, box, reach)
        foreign |= beside | behind_gap
        near &= ~behind_gap
    if kind(PARTS[number]) == "arm":
        foreign |= _trunk_beside_sleeve(crop, number, box, likely, sleeves)
    solid = (crop.alpha[box] > PRESENT) & ~foreign | near
    thick = cv2.morphologyEx(solid.astype(np.uint8), cv2.MORPH_OPEN, _disc(THIN * radius))
    whole = solid & grown(thick, GROWTH * unit) | near
    joined = grown(attached(whole, near), GROWTH * unit)
    return ~near & _without_specks(foreign, unit) | ~joined, before


def clothes(crop: Crop, likely: np.ndarray) -> np.ndarray:
    """(h, w) bool: what shows a colour of trunk or arms, not of the head, as a shoulder raised to the chin.

    likely: as of PartColours. A collar is the head's as well, whose piece reaches over it.
    """
    head, whole = PARTS.index("head"), likely[0]
    found = np.zeros(crop.alpha.shape, bool)
    if not whole[head].any():
        return found
    own = whole[head] + RARE
    sleeves = [number for number, part in enumerate(PARTS) if kind(part) == "arm"]
    for other in (TRUNK_NUMBER, *sleeves):
        found |= (crop.apart[..., other] < NEAR_BONES) & (whole[other] > UNLIKELY * own)[crop.colours]
    from_trunk = crop.apart[..., TRUNK_NUMBER] - TRUNK_DEPTH * BONE_RADIUS["trunk"]
    found &= (from_trunk > MEETS) | (crop.apart[..., sleeves].min(axis=-1) < from_trunk)
    return _without_specks(found, crop.figure.unit)


def loose_hair(crop: Crop, likely: np.ndarray) -> np.ndarray:
    """(h, w) bool: what hangs from the head, of a colour that the head shows and no part near it.

    likely: as of PartColours. A part of the head's own colour, as dark clothes under dark hair, hides it.
    """
    head, unit, whole = PARTS.index("head"), crop.figure.unit, likely[0]
    if not (whole[head].any() and crop.figure.visible[head]):
        return np.zeros(crop.alpha.shape, bool)
    apart = crop.apart
    own = (whole[head] > COMMON)[crop.colours] & (apart[..., head] < HAIR_REACH)
    for other in range(len(PARTS)):
        if other != head:
            own &= (apart[..., other] >= NEAR_BONES) | (whole[head] > UNLIKELY * (whole[other] + RARE))[
                crop.colours
            ]
    own &= crop.alpha > PRESENT
    core = (crop.away_enlarged(head) <= CORE["head"]) & (crop.alpha > PRESENT)
    own = cv2.morphologyEx(own.astype(np.uint8), cv2.MORPH_CLOSE, _disc(GROWTH * unit)) > 0
    own &= crop.alpha > PRESENT
    return _without_specks(own & attached(own, core), unit) & (crop.alpha > PRESENT)


def attached(shown: np.ndarray, core: np.ndarray) -> np.ndarray:
    """(h, w) bool: the core, and the shown places that hang together with it. shown, core: (h, w) bool."""
    _, pieces = cv2.connectedComponents((shown | core).astype(np.uint8))
    held = np.unique(pieces[core])
    return np.isin(pieces, held[held > 0])


def _of_another_colour(colours: np.ndarray, likely: np.ndarray, apart: np.ndarray, number: int) -> np.ndarray:
    """(h, w) bool: what shows a near part's colour, but not this one's, nor that of what it meets there."""
    found = np.zeros(colours.shape, bool)
    if not likely[number].any():
        return found
    own = likely[number] + RARE
    for other in np.flatnonzero(~MEETING[number]):
        found |= (apart[..., other] < NEAR_BONES) & (likely[other] > UNLIKELY * own)[colours]
    for other in np.flatnonzero(MEETING[number]):
        found &= ~((apart[..., other] < MEETS) & (likely[other] > COMMON)[colours])
    return found


def _trunk_at_lower_half(crop: Crop, number: int, box: tuple[slice, slice], likely: np.ndarray) -> np.ndarray:
    """(h, w) bool: what shows the trunk's colour beside the lower half of an arm or leg that has it not."""
    lower = crop.enlarged(crop.lower(PARTS[number]).astype(np.float32))[box] > 0.5
    return lower & _trunks_alone(crop, box, likely, likely[1, number])


def _trunk_over_bare(crop: Crop, number: int, box: tuple[slice, slice], likely: np.ndarray) -> np.ndarray:
    """(h, w) bool: what shows the trunk's colour at the upper half of an arm without a sleeve of it, but for
    where both meet at the shoulder."""
    trunk, (_, lower, outer) = likely[0, TRUNK_NUMBER], likely[:, number]
    cloth = (trunk > COMMON) & (trunk > MORE_THAN_HANDS * likely[0, HAND_NUMBERS].max(axis=0))
    sleeved = outer[trunk > UNLIKELY * (lower + RARE)].sum() > SLEEVE
    if sleeved or lower[cloth].sum() > LONG_SLEEVE:
        return np.zeros(crop.colours[box].shape, bool)
    xs, ys = grid(crop.window, crop.step)
    shoulder = crop.figure.bones(PARTS[number])[0][0]
    apart = bone_distance(xs, ys, shoulder, shoulder) > SHOULDER * crop.figure.unit
    upper = crop.enlarged((apart & ~crop.lower(PARTS[number])).astype(np.float32))[box] > 0.5
    return upper & _trunks_alone(crop, box, likely, outer)


def _trunks_alone(crop: Crop, box: tuple[slice, slice], likely: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(h, w) bool: what lies near the trunk and has its colour, not one of `own` (colours,), if known."""
    near = crop.apart[box][..., TRUNK_NUMBER] < NEAR_BONES
    return near & own.any() & (likely[0, TRUNK_NUMBER] > UNLIKELY * (own + RARE))[crop.colours[box]]


def _trunk_beside_sleeve(
    crop: Crop, number: int, box: tuple[slice, slice], likely: np.ndarray, sleeves: np.ndarray
) -> np.ndarray:
    """(h, w) bool: what lies near the trunk, has its colour, and is farther from an arm than sleeves reach.

    Skin stays, because the bones may lie beside a blurred arm.
    """
    beyond = beyond_sleeve(crop.figure, PARTS[number], crop.window, crop.step, sleeves)
    cloth = (likely[0, TRUNK_NUMBER] > RARE)[crop.colours[box]]
    near = crop.apart[box][..., TRUNK_NUMBER] < NEAR_BONES
    return cloth & near & (crop.enlarged(beyond.astype(np.float32))[box] > 0.5)


def _other_leg(
    crop: Crop, number: int, box: tuple[slice, slice], reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Two (h, w) bool: what lies on the other leg or close to it, beside this one or beyond a narrow gap, and
    what is the other leg's for sure.

    Pieces reach over each other, and far where both bones are about as near, as below the hips: wherever the
    other leg is in another pose, a flap of it would stay. Bones may lie beside the middle of a leg: then even
    what is near them can be the other one. Cloth that spans the legs, reach far down, is both legs'.
    """
    other = PARTS.index(f"{other_side(PARTS[number])}_leg")
    from_other = crop.away_enlarged(other)[box]
    beyond = _least_on_the_way(crop, number, box, SAMPLES_OF_VALLEY) < VALLEY * crop.alpha[box]
    beside = (from_other <= ON_LEG) & (crop.away_enlarged(number)[box] > BESIDE_LEG)
    beside |= (from_other <= NEAR_LEG) & beyond
    if reach >= SKIRT:
        bare = crop.enlarged(along_leg(crop.figure, PARTS[number], crop.window))[box] > reach + HEM_FADE
        beside, beyond = beside & bare, beyond & bare
    return beside, beyond & (from_other <= ON_LEG)


def _least_on_the_way(crop: Crop, number: int, box: tuple[slice, slice], samples: int) -> np.ndarray:
    """(h, w) float32: the least that the mask shows at so many places between a limb's bones and each pixel,
    once it has shown the limb; low beyond a gap, as of the other leg or a curl of hair."""
    xs, ys = grid(crop.window, crop.step)
    least, nearest = np.full(xs.shape, np.inf, np.float32), np.zeros((*xs.shape, 2), np.float32)
    for start, end, radius in crop.figure.bones(PARTS[number]):
        along = end - start
        share = ((xs - start[0]) * along[0] + (ys - start[1]) * along[1]) / max(along @ along, 1e-6)
        foot = (start + np.clip(share, 0, 1)[..., None] * along).astype(np.float32)
        distance = np.hypot(xs - foot[..., 0], ys - foot[..., 1]) / np.float32(radius)
        closer = distance < least
        least[closer], nearest[closer] = distance[closer], foot[closer]
    nearest = crop.enlarged(nearest)[box] - np.array(crop.window[:2], np.float32)
    rows, columns = np.mgrid[box]
    own = np.stack([columns, rows], axis=-1).astype(np.float32)
    entered, least_shown = np.zeros(own.shape[:2], bool), np.ones(own.shape[:2], np.float32)
    for sample in range(samples):
        there = nearest + (own - nearest) * np.float32(sample / samples)
        between = cv2.remap(crop.alpha, there, None, cv2.INTER_LINEAR)
        entered |= between > SOLID
        least_shown[entered] = np.minimum(least_shown, between)[entered]
    return least_shown


def grown(found: np.ndarray, radius: float) -> np.ndarray:
    """(h, w) bool: found places and what is within a radius, px, of them."""
    return cv2.dilate(found.astype(np.uint8), _disc(radius)) > 0


def _without_specks(found: np.ndarray, unit: float) -> np.ndarray:
    """(h, w) bool: found places without the smallest, grown over their edges."""
    opened = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, _disc(LEAST_STRANGER * unit))
    return grown(opened, GROWTH * unit)


def _disc(radius: float) -> np.ndarray:
    size = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
