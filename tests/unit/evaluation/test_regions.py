import math

import numpy as np
import pytest

from dancenow.evaluation.lpips import evaluation_decision
from dancenow.evaluation.names import FACE, FRAME, HANDS, MASK, PERSON
from dancenow.evaluation.regions import Region, compare, regions_of, silhouette
from dancenow.keypoints import COUNT, FEET, INDEX, LEFT_HAND, RIGHT_HAND
from dancenow.model.perceptual import load_perceptual

WIDTH, HEIGHT = 160, 200
TALL = 100  # px: a face's box is 20 px wide, a hand's 15


@pytest.fixture(scope="module")
def network():
    return load_perceptual(evaluation_decision())


def dancer():
    """A pose with a nose, legs and both hands; (133, 3)."""
    pose = np.zeros((COUNT, 3), np.float32)
    places = {"nose": (80, 50), "left_hip": (84, 90), "right_hip": (76, 90)}
    places |= {"left_knee": (85, 115), "right_knee": (75, 115)}
    places |= {"left_ankle": (86, 140), "right_ankle": (74, 140)}
    for name, place in places.items():
        pose[INDEX[name]] = *place, 1
    for part, x in ((LEFT_HAND, 120), (RIGHT_HAND, 40)):
        pose[part, :2], pose[part, 2] = (x, 80), 1
    return pose


def scene():
    """A background and a frame with a bright figure on the dancer's legs, and a bright spot far from it."""
    background = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    frame = background.copy()
    frame[88:142, 73:88] = 200
    frame[10:20, 10:20] = 200
    return frame, background


def test_the_silhouette_is_what_differs_from_the_background_near_the_skeleton():
    frame, background = scene()
    mask = silhouette(frame, background, dancer())
    assert mask[95:140, 74:87].all()
    assert not mask[10:20, 10:20].any()  # far from the skeleton
    assert mask.sum() == pytest.approx(54 * 15, rel=0.05)
    assert not silhouette(background, background, dancer()).any()
    assert not silhouette(frame, background, np.zeros((COUNT, 3), np.float32)).any()


def test_noise_is_not_the_person_and_small_holes_are():
    frame, background = scene()
    frame[100, 80] = background[100, 80]
    frame[45:60, 70:90, 1] += 29
    mask = silhouette(frame, background, dancer())
    assert mask[100, 80]
    assert not mask[45:60].any()
    frame[45:60, 70:90, 1] += 1
    assert silhouette(frame, background, dancer())[50, 80]


def test_boxes_by_hand():
    frame, background = scene()
    pose = dancer()
    mask = silhouette(frame, background, pose)
    regions = regions_of(pose, mask, TALL)
    assert regions[FRAME] == Region([(0, 0, WIDTH, HEIGHT)])
    assert regions[PERSON] == Region([(65, 41, 96, 150)])
    assert regions[MASK].boxes == regions[PERSON].boxes
    assert regions[MASK].mask is mask
    assert regions[FACE] == Region([(70, 40, 90, 60)])
    assert regions[HANDS] == Region([(112, 72, 128, 88), (32, 72, 48, 88)])


def test_what_is_not_seen_has_no_region():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    pose = dancer()
    pose[INDEX["nose"]] = pose[LEFT_HAND] = 0
    regions = regions_of(pose, mask, TALL)
    assert regions.keys() == {FRAME, PERSON, HANDS}
    assert len(regions[HANDS].boxes) == 1
    pose[: FEET.stop] = 0
    assert regions_of(pose, mask, TALL).keys() == {FRAME}


def test_a_hand_beyond_the_edge_is_cut_or_left_out():
    pose = dancer()
    pose[LEFT_HAND, :2], pose[RIGHT_HAND, :2] = (WIDTH - 2, 80), (-40, 80)
    boxes = regions_of(pose, np.ones((HEIGHT, WIDTH), bool), TALL)[HANDS].boxes
    assert boxes == [(150, 72, WIDTH, 88)]


def test_of_a_close_up_the_face_is_no_larger_than_the_frame():
    x0, y0, x1, y1 = regions_of(dancer(), np.ones((HEIGHT, WIDTH), bool), 12 * TALL)[FACE].boxes[0]
    assert 0 <= x0 < x1 <= WIDTH and 0 <= y0 < y1 <= HEIGHT


def test_what_a_moving_camera_does_not_show_is_in_no_region():
    pose, valid = dancer(), np.zeros((HEIGHT, WIDTH), bool)
    valid[:75, 75:] = True  # the head, a part of the left hand; not the legs, nor the right hand
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[88:142, 73:88] = True
    regions = regions_of(pose, mask, TALL, valid)
    assert regions.keys() == {FRAME, PERSON, FACE, HANDS}
    assert regions[HANDS].boxes == [(112, 72, 128, 88)]
    assert all((region.mask == valid).all() for region in regions.values())
    mask[60:80, 73:88] = True
    assert (regions_of(pose, mask, TALL, valid)[MASK].mask == (mask & valid)).all()


def test_comparison_is_the_mean_over_boxes(network):
    truth = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
    image = truth.copy()
    image[:, :80] += 10
    image[:, 80:] += 5
    left, right = (10, 10, 60, 60), (100, 10, 150, 60)
    first, second, both = (
        compare([network], [image], truth, Region(boxes)) for boxes in ([left], [right], [left, right])
    )
    assert both == pytest.approx((first + second) / 2)
    assert first[1, 0] == pytest.approx(10 * math.log10(255**2 / 100))
    assert second[1, 0] == pytest.approx(10 * math.log10(255**2 / 25))


def test_comparison_inside_the_mask_leaves_out_the_rest(network):
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    truth = np.repeat((120 + 60 * np.sin(x / 4) * np.cos(y / 5))[..., None], 3, axis=2).astype(np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[60:120, 70:90] = True
    box = (50, 40, 110, 160)
    outside, inside = truth.copy(), truth.copy()
    outside[~mask] = 255 - outside[~mask]
    inside[mask] = 255 - inside[mask]
    measured = compare([network], [outside, inside, truth], truth, Region([box], mask))
    similarity, noise, perceptual = measured
    squared = np.mean((255 - 2.0 * truth[mask]) ** 2)
    assert noise.tolist() == [math.inf, pytest.approx(10 * math.log10(255**2 / squared)), math.inf]
    assert perceptual[0] == pytest.approx(0, abs=1e-6)
    assert perceptual[1] > 0.5
    assert similarity[1] < similarity[0] < 1  # its window reaches over the mask's edge
    # what is spread over the whole box counts less than what is told of the mask alone
    assert compare([network], [inside], truth, Region([box]))[2, 0] < perceptual[1]
