"""Cut one training frame into pieces of parts, and rate how good each piece is as a reference."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce

import cv2
import numpy as np

from dancenow.references.body_parts import (
    PARTS,
    TRUNK_DEPTH,
    Figure,
    distances,
    enlarged,
    grid_step,
    kind,
    shares,
)
from dancenow.references.garment import spanning
from dancenow.references.occlusion import BEHIND_HANDS, bare, covered, crossed, unseen
from dancenow.references.trimming import (
    GROWTH,
    PRESENT,
    RARE,
    SOLID,
    Crop,
    attached,
    bins,
    clothes,
    grown,
    strange,
)

PIECE_MARGIN = 0.12  # margin around the keypoints, a share of the standing height
LEAST_WEIGHT = 0.02  # pixels below this weight are left out
REACHES = 12.0  # joints overlap: a piece extends over its neighbours to where its weight times this is 1
FADED_SHARE = 1.5e-3  # times REACHES, just below LEAST_WEIGHT
PLATE_NOISE = 8.0  # of 255: by which a pixel of the background differs from frame to frame
PLATE_SHIFT = 0.005  # of the standing height, by which the background may lie beside its place in a frame
CUT_EDGE = 0.6  # px (sigma) over which a cut fades: cubic interpolation makes a bright line of a hard one
# what a mask shows fainter than SOLID and farther than this, of the standing height, from what it shows
# clearly, is the crowd beside a head and no hair
HAZE = 0.02
CLEAR = 0.9  # of a mask, from which on it is believed though the background looks the same
# a shadow leaves more of the light than this, in all channels but for so much the same, and differs less than
# that from the shadow around it, within this share of the standing height
DARKEST_SHADOW, SHADOW_TINT, SHADOW_STEP, SHADOW_AROUND = 0.4, 0.15, 0.05, 0.01
CERTAIN = 0.5  # share of a pixel that cannot be background, above which the mask is not believed
HIDDEN_COST = 0.06  # cost of a reference in which the part is completely covered
CROSSED_COST = 0.5  # cost of an arm that the other arm crosses everywhere
FAST_COST = 1.0  # cost of one in which it moves, per standing height and frame
SOFT_COST = 0.3  # cost of one without any detail: out of focus, or blended of two frames
ODD_COST = 0.5  # cost of one that shows only colours which the part has in few frames: a ball, a racket
ODD_ANYWAY = 0.1  # share beyond the median one up to which light and folds may change colours
# cost of one that is dark all over, for a shadow lies on it that another pose does not cast: the share of its
# pixels that are darker than DARK_TAIL of all that the part shows counts, beyond DARK_ANYWAY
DARK_COST, DARK_TAIL, DARK_ANYWAY = 0.5, 0.05, 0.1
# cost of one that does not show the part's middle at all, beyond what most lack and a share that may be
# missing: what a sleeve covers in a frame with wrong keypoints is cut out of a head; of a blurred foot a mask
# shows little
MIDDLE_COST, HEAD_UNSEEN, PART_UNSEEN = 2.0, 0.2, 0.35
COLOUR_KNOWN = 128  # of 255: validity from which a pixel's colour is known
# a piece is soft below this share of the detail of the part's sharpest; a pose alone changes it less, except
# that of arms and hands
LEAST_DETAIL = 0.75
WITH_DETAIL = ("head", "trunk", "leg", "foot")
WITH_FEW_COLOURS = ("arm", "hand", "leg", "foot")  # head and trunk have other colours from behind
LEAST_INSIDE = 20  # px of a piece, without which its detail is not known
HEAD_PART, TRUNK_PART = PARTS.index("head"), PARTS.index("trunk")


def crop_around(frame: np.ndarray, mask: np.ndarray, figure: Figure) -> Crop:
    """A frame, (H, W, 3) uint8 RGB, and its mask, (H, W) uint8, around a figure."""
    points, figure = figure.points[figure.seen], figure.reaching_out()
    margin = PIECE_MARGIN * figure.unit
    height, width = frame.shape[:2]
    left, top = np.clip(np.floor(points.min(axis=0) - margin), 0, None).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(points.max(axis=0) + margin), (width, height)).astype(int).tolist()
    place = slice(top, bottom), slice(left, right)
    window, step = (left, top, right - left, bottom - top), grid_step(figure.unit)
    away = distances(figure, window, step)
    alpha = mask[place].astype(np.float32) / 255
    # between shoulders and hips a mask that sees no person is wrong: white cloth before a white wall
    alpha[enlarged(away[TRUNK_PART], step, *window[2:]) <= TRUNK_DEPTH] = 1
    return Crop(figure, window, frame[place], alpha, step, away)


def persons_own(crop: Crop, background: np.ndarray) -> np.ndarray:
    """(h, w, 4) float32 premultiplied RGBA: an edge pixel is a mixture; only the person's share is kept.

    Where the mask sees less of the person than a mixture with any colour needs, as in thin hair, it is wrong;
    and where it is unsure and the background explains all, in the light or in a shadow, nobody is there.
    """
    left, top, width, height = crop.window
    plate, seen = background[top : top + height, left : left + width], crop.picture.astype(np.float32)
    behind = plate.astype(np.float32)
    # a plate that lies a little beside its frame differs at every bar of a lattice
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, [2 * round(PLATE_SHIFT * crop.figure.unit) + 1] * 2)
    low, high = (change(plate, near).astype(np.float32) for change in (cv2.erode, cv2.dilate))
    # before a dark door noise alone is a large share of all that a pixel can change
    darker = (low - seen - PLATE_NOISE) / np.maximum(low, 1)
    lighter = (seen - high - PLATE_NOISE) / np.maximum(255 - high, 1)
    least = _across(cv2.max, np.maximum(darker, lighter))
    # what it may all be, is background where the mask is not sure: a halo, which would be seen elsewhere
    nobody = (least <= 0) | _shaded(seen, behind, crop.figure.unit)
    alone = cv2.GaussianBlur(nobody.astype(np.float32), None, PLATE_SHIFT * crop.figure.unit)
    unsure = np.clip((CLEAR - crop.alpha) / (CLEAR - SOLID), 0, 1)
    mask = crop.alpha * (1 - unsure * np.clip(2 * alone - 0.5, 0, 1))
    least *= (crop.alpha > PRESENT) & (least > CERTAIN)
    alpha = np.clip(np.maximum(mask, least), 0, 1)[..., None]
    own = np.clip(seen - (1 - alpha) * behind, 0, 255 * alpha)
    return np.concatenate([own, 255 * alpha], axis=2)


def _across(operation: Callable, picture: np.ndarray) -> np.ndarray:
    """(h, w): an operation of OpenCV over the channels; numpy takes several times as long."""
    return reduce(operation, cv2.split(picture))


def _shaded(picture: np.ndarray, behind: np.ndarray, unit: float) -> np.ndarray:
    """(h, w) bool: where the background, (h, w, 3) as the picture, may lie in a shadow.

    It is darker by one factor in all channels, and evenly so, which the edge of somebody dark is not.
    """
    left = picture / np.maximum(behind, 1)
    most, least, light = (_across(each, left) for each in (cv2.max, cv2.min, cv2.add))
    light /= left.shape[2]
    shaded = (most < 1) & (least > DARKEST_SHADOW) & (most - least < SHADOW_TINT * most)
    weight = shaded.astype(np.float32)
    around, total = (cv2.GaussianBlur(each, None, SHADOW_AROUND * unit) for each in (weight * light, weight))
    return shaded & (np.abs(light - around / np.maximum(total, 1e-6)) < SHADOW_STEP)


def piece_of(crop: Crop, rgba: np.ndarray, weight: np.ndarray) -> tuple[int, int, np.ndarray]:
    """What weight (h, w) leaves of a crop's pixels: (x, y, (h, w, 4) uint8), as small as possible."""
    left, top = crop.window[:2]
    box = box_of(weight > LEAST_WEIGHT)
    if box is None:
        return left, top, np.zeros((1, 1, 4), np.uint8)
    place = slice(*box[:2]), slice(*box[2:])
    piece = np.rint(rgba[place] * weight[place][..., None]).astype(np.uint8)
    return left + int(box[2]), top + int(box[0]), piece


def reaching(crop: Crop, weight: np.ndarray) -> np.ndarray:
    """(h, w) float32: the weights of a crop's pixels in a piece that reaches over its neighbours.

    weight: (rows, columns), as from `shares`, on the crop's grid.
    """
    # shares fall exponentially: enlarged as they are, the places of the grid would show as steps
    falling = REACHES * np.exp(crop.enlarged(np.log(np.maximum(weight, FADED_SHARE))))
    return np.minimum(1, falling) * ((falling > LEAST_WEIGHT) & (crop.alpha > LEAST_WEIGHT))


def cut(
    crop: Crop,
    rgba: np.ndarray,
    numbers: Iterable[int],
    likely: np.ndarray,
    hanging: np.ndarray,
    reach: float,
    sleeves: np.ndarray,
) -> Iterator[tuple]:
    """Yield (number, piece, what lies before it) of the parts of these numbers in one frame.

    rgba: as from persons_own; likely: as of PartColours; hanging: as from loose_hair;
    reach: as from garment.reach_between_legs; sleeves: as from sleeves.arm_widths.
    """
    left, top, width, height = crop.window
    weights = shares(crop.away)
    before = covered(crop.figure, crop.window, crop.step)
    if before is not None:
        behind_hands = shares(distances(bare(crop.figure), crop.window, crop.step))
        before = crop.enlarged(before)

    for number in numbers:
        cloth = spanning(crop.away, PARTS[number], crop.figure, crop.window, reach)
        weight = reaching(crop, np.maximum(weights[number], cloth))
        hole = np.zeros((height, width), np.float32)
        if before is not None and PARTS[number] in BEHIND_HANDS:
            weight, hole = weight * (1 - before), reaching(crop, behind_hands[number]) * before
        if number == HEAD_PART:
            weight = weight * ~clothes(crop, likely)
        if number == TRUNK_PART:
            weight, hole = _trunk_alone(crop, weight, hole, hanging)
        box = box_of(weight + hole > LEAST_WEIGHT)
        if box is None:
            yield number, (left, top, np.zeros((1, 1, 4), np.uint8)), None
            continue
        place = slice(*box[:2]), slice(*box[2:])
        weight, hole = weight[place], hole[place]
        if kind(PARTS[number]) in ("arm", "leg"):
            foreign, in_front = strange(crop, number, place, likely, reach, sleeves)
            if kind(PARTS[number]) == "arm":
                in_front |= hanging[place]
            # where the picture shows nobody, as floor in the colour of a shoe, nothing is missing
            hole = np.maximum(hole, weight * in_front * rgba[place][..., 3] / 255)
            weight = weight * ~(foreign | in_front)
        else:
            weight = _in_one_piece(crop, number, place, weight, hole)
        weight = np.minimum(weight, cv2.GaussianBlur(weight, None, CUT_EDGE))
        piece = np.rint(rgba[place] * weight[..., None]).astype(np.uint8)
        missing = np.rint(255 * hole).astype(np.uint8) if hole.any() else None
        yield number, (left + int(box[2]), top + int(box[0]), piece), missing


def _trunk_alone(
    crop: Crop, weight: np.ndarray, hole: np.ndarray, hanging: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) weight and hole of a trunk, without the hair that hangs over it."""
    from_trunk = crop.away_enlarged(TRUNK_PART)
    hair = (from_trunk > TRUNK_DEPTH) & hanging
    hole = np.maximum(hole, weight * hair)
    weight = weight * ~hair
    # what an arm covers is bare in another pose
    return weight, np.maximum(hole, (1 - weight) * (from_trunk <= TRUNK_DEPTH))


def _in_one_piece(
    crop: Crop, number: int, place: tuple[slice, slice], weight: np.ndarray, hole: np.ndarray
) -> np.ndarray:
    """The weight, at a place of the crop, of what touches the part: a raised hand beside the head is none."""
    near = crop.away_enlarged(number)[place] <= 1
    shown = weight * crop.alpha[place] + hole
    weight, haze = weight * attached(shown > LEAST_WEIGHT, near), HAZE * crop.figure.unit
    clear = shown > SOLID
    own = attached(clear, near)
    if kind(PARTS[number]) != "foot":
        return weight * grown(own, haze)
    # of a dark sole on a dark floor the mask shows little; what it shows clearly apart from the foot is a
    # shadow, the other foot or a caption
    return weight * (grown(own, GROWTH * crop.figure.unit) | ~grown(clear & ~own, haze))


def box_of(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    """top, bottom, left, right of the True pixels of a 2D mask, or None."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def flaws_of(
    part: str,
    pictures: Sequence[np.ndarray],
    figures: Sequence[Figure],
    speeds: np.ndarray,
    likely: np.ndarray,
) -> np.ndarray:
    """(R,) costs, in units of likeness, of a part's pieces: hidden, crossed, moving, soft or of odd colours.

    pictures: R of (h, w, 4) uint8; figures: R of their poses; speeds: (R,) standing heights per frame;
    likely: as of PartColours.
    """
    areas = np.array([picture[..., 3].sum() / 255 for picture in pictures])
    costs = HIDDEN_COST * _hidden(areas) + FAST_COST * speeds
    if kind(part) == "arm":
        costs = costs + CROSSED_COST * np.array([crossed(figure, part) for figure in figures])
    if kind(part) in WITH_FEW_COLOURS:
        costs = costs + ODD_COST * _odd(pictures, likely[0, PARTS.index(part)]) + DARK_COST * _dark(pictures)
    return costs + SOFT_COST * _soft(pictures) if kind(part) in WITH_DETAIL else costs


def unseen_costs(part: str, pieces: Sequence[tuple], figures: Sequence[Figure]) -> np.ndarray:
    """(R,) costs, in units of likeness, of a part's filled pieces that do not show its middle; 0 of a trunk.

    pieces: R of (x, y, (h, w, 4) uint8); figures: R of their poses.
    """
    if part == "trunk" or not len(pieces):
        return np.zeros(len(pieces))
    lost = np.array([unseen(figure, part, piece) for figure, piece in zip(figures, pieces, strict=True)])
    anyway = HEAD_UNSEEN if part == "head" else PART_UNSEEN
    return MIDDLE_COST * np.maximum(lost - np.median(lost) - anyway, 0)


def speed_of(keypoints: np.ndarray, points: list[int], chosen: np.ndarray) -> np.ndarray:
    """(R,) px per frame: the speed of a part's points in the chosen frames of (T, 133, 3) keypoints."""
    near = keypoints[:, points, :2].astype(np.float64)
    before, after = (near[np.clip(chosen + step, 0, len(near) - 1)] for step in (-1, 1))
    return np.linalg.norm(after - before, axis=-1).mean(axis=-1) / 2


def _hidden(areas: np.ndarray) -> np.ndarray:
    """(R,) in [0, 1]: the missing share of a part in each piece, compared with most. areas: (R,) px."""
    return 1 - np.clip(areas / max(np.quantile(areas, 0.9), 1), 0, 1) if len(areas) else np.zeros(0)


def _odd(pictures: Sequence[np.ndarray], likely: np.ndarray) -> np.ndarray:
    """(R,) in [0, 1]: the share of each piece in colours that the part has in few frames, beyond ODD_ANYWAY.

    pictures: (h, w, 4) uint8; likely: (colours,), all 0 for a part of which nothing is known.
    """
    if not (likely.any() and len(pictures)):
        return np.zeros(len(pictures))
    shares = np.ones(len(pictures))
    for row, picture in enumerate(pictures):
        pixels = picture[picture[..., 3] >= COLOUR_KNOWN].astype(np.float32)
        if len(pixels):
            colours = bins(pixels[None, :, :3] * 255 / pixels[None, :, 3:])
            shares[row] = (likely[colours] < RARE).mean()
    return np.clip(shares - np.median(shares) - ODD_ANYWAY, 0, 1)


def _dark(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """(R,) in [0, 1]: the share of each piece that is as dark as little of the part is, beyond DARK_ANYWAY.

    pictures: (h, w, 4) uint8.
    """
    lights = []
    for picture in pictures:
        pixels = picture[picture[..., 3] >= COLOUR_KNOWN].astype(np.float32)
        lights.append(255 * pixels[:, :3].mean(axis=1) / pixels[:, 3])
    if not sum(map(len, lights)):
        return np.zeros(len(pictures))
    limit = np.quantile(np.concatenate(lights), DARK_TAIL)
    shares = np.array([(light < limit).mean() if len(light) else 0.0 for light in lights])
    return np.clip(shares - DARK_ANYWAY, 0, 1)


def _soft(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """(R,) in [0, 1]: the detail that each piece lacks, compared with most. pictures: (h, w, 4) uint8."""
    details = np.array([_detail(picture) for picture in pictures])
    if np.isnan(details).all():
        return np.zeros(len(details))
    shares = details / (LEAST_DETAIL * max(np.nanquantile(details, 0.9), 1e-3))
    return np.nan_to_num(1 - np.clip(shares, 0, 1))


def _detail(picture: np.ndarray) -> float:
    """Mean absolute Laplacian of a piece's luma inside its mask, nan for one that is too small."""
    inside = cv2.erode((picture[..., 3] > 240).astype(np.uint8), np.ones((3, 3))) > 0
    if inside.sum() < LEAST_INSIDE:
        return np.nan
    luma = cv2.cvtColor(np.ascontiguousarray(picture[..., :3]), cv2.COLOR_RGB2GRAY)
    return float(np.abs(cv2.Laplacian(luma, cv2.CV_32F)[inside]).mean())
