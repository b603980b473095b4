import cv2
import numpy as np
import pytest

from dancenow.keypoints import INDEX, standing_height
from dancenow.references.likeness import moments_apart
from dancenow.references.shadow import make_shadows, standing_place
from drawn_people import dancer, drawn

POSE = dancer(80)
UNIT = standing_height(POSE.keypoints)
WHOLE = 0, 0, POSE.width, POSE.height
WALL, DARK = 200, 0.6


def ellipse(points):
    """(H, W) bool: a shadow to the right of the feet."""
    x, y = standing_place(points)
    shape = np.zeros((POSE.height, POSE.width), np.uint8)
    axes = round(0.2 * UNIT), round(0.05 * UNIT)
    cv2.ellipse(shape, (round(x + 0.25 * UNIT), round(y)), axes, 0, 0, 360, 1, -1)
    return shape > 0


@pytest.fixture(scope="module")
def footage():
    """(frames, masks, background, shadows (T, H, W) bool), on a ground with a pattern."""
    people, masks = drawn(POSE, UNIT)
    background = np.random.default_rng(0).integers(WALL - 40, WALL + 40, people.shape[1:], np.uint8)
    background = cv2.GaussianBlur(background, (0, 0), 2)
    cast = np.array([ellipse(points) for points in POSE.keypoints])
    frames = np.where(cast[..., None], background * DARK, background)
    frames = np.where(masks[..., None] > 0, people, frames).round().astype(np.uint8)
    return frames, masks, background, cast


def made(frames, masks, background, count=60):
    alone = moments_apart(POSE.fps, count)
    return make_shadows(frames, POSE.keypoints[:count], masks, background, np.ones(count, bool), UNIT, alone)


def test_the_shadow_follows_the_feet(footage):
    frames, masks, background, cast = footage
    shadows = made(frames, masks, background)
    points = POSE.keypoints[70].copy()  # not in training, and elsewhere
    points[points[:, 2] > 0, 0] -= 15
    wanted = ellipse(points)
    light = shadows.on(background, points, WHOLE).mean(axis=2) / background.mean(axis=2)
    inner = cv2.erode(wanted.astype(np.uint8), np.ones((5, 5))) > 0
    assert abs(np.median(light[inner]) - DARK) < 0.08
    away = cv2.dilate(wanted.astype(np.uint8), np.ones((17, 17))) == 0
    assert light[away].min() > 0.93 and light.max() <= 1.02
    x, y, width, height = window = 40, 90, 130, 80
    part = shadows.on(background, points, window)
    same = shadows.on(background, points, WHOLE)[y : y + height, x : x + width]
    assert np.abs(part.astype(int) - same).max() <= 1


def test_a_moment_learns_nothing_from_itself(footage):
    frames, masks, background, _ = footage
    marked = frames.copy()
    marked[30] = np.where(masks[30][..., None] > 0, marked[30], marked[30] * 0.7 // 1)
    marked[30, : POSE.height // 2] = frames[30, : POSE.height // 2]
    shadows, before = made(marked, masks, background), made(frames, masks, background)
    own, usual = (each.on(background, POSE.keypoints[30], WHOLE, 30) for each in (shadows, before))
    assert np.abs(own.astype(int) - usual).mean() < 1


def test_what_changes_by_itself_is_no_shadow(footage):
    frames, masks, background, cast = footage
    flicker = frames.copy()
    random = np.random.default_rng(1)
    for frame, mask in zip(flicker, masks, strict=True):  # somebody else's legs, now here, now there
        for x in random.integers(0, POSE.width - 12, 3):
            hidden = np.zeros(mask.shape, bool)
            hidden[110:175, x : x + 12] = True
            frame[hidden & (mask == 0)] = 30
    shadows = made(flicker, masks, background)
    light = shadows.on(background, POSE.keypoints[70], WHOLE).mean(axis=2) / background.mean(axis=2)
    away = cv2.dilate(cast[70].astype(np.uint8), np.ones((17, 17))) == 0
    assert light[away].min() > 0.85 and light[away].mean() > 0.98


def test_without_feet_or_footage_of_them_nothing_is_darker(footage):
    frames, masks, background, _ = footage
    shadows = made(frames, masks, background)
    unseen = POSE.keypoints[70].copy()
    unseen[INDEX["left_ankle"]] = 0
    assert np.array_equal(shadows.on(background, unseen, WHOLE), background)
    footless = POSE.keypoints.copy()
    footless[:, INDEX["left_ankle"]] = 0
    none = make_shadows(frames, footless, masks, background, np.ones(80, bool), UNIT, 4)
    assert not len(none.frames)
    assert np.array_equal(none.on(background, POSE.keypoints[70], WHOLE), background)


def test_the_shadow_stays_on_the_ground_in_a_jump(footage):
    frames, masks, background, _ = footage
    shadows = made(frames, masks, background)
    jump = POSE.keypoints[70].copy()
    jump[jump[:, 2] > 0, 1] -= 0.3 * UNIT
    there, usual = (shadows.on(background, points, WHOLE) for points in (jump, POSE.keypoints[70]))
    rows = [(background.astype(int) - shown).sum(axis=(1, 2)) for shown in (there, usual)]
    middles = [(np.arange(len(each)) * each).sum() / each.sum() for each in rows]
    assert abs(middles[0] - middles[1]) < 0.03 * UNIT


def test_feet_in_the_air_cast_no_shadow_there(footage):
    frames, masks, background, _ = footage
    shadows = made(frames, masks, background)
    handstand = POSE.keypoints[70].copy()
    handstand[:, 1] = (
        handstand[handstand[:, 2] > 0, 1].sum() / (handstand[:, 2] > 0).sum() * 2 - handstand[:, 1]
    )
    assert np.array_equal(shadows.on(background, handstand, WHOLE), background)


def test_on_a_stage_that_the_footage_shows_black_nothing_is_darker(footage):
    frames, masks, background, _ = footage
    dark = np.where(masks[..., None] > 0, frames, 0).astype(np.uint8)
    with np.errstate(all="raise"):
        shown = made(dark, masks, background // 50).on(background // 50, POSE.keypoints[70], WHOLE)
    assert np.array_equal(shown, background // 50)


def test_a_person_at_the_edge_casts_no_shadow_out_of_the_picture(footage):
    frames, masks, background, _ = footage
    shadows = made(frames, masks, background)
    points = POSE.keypoints[70].copy()
    points[points[:, 2] > 0, 0] += 1000
    assert np.array_equal(shadows.on(background, points, WHOLE), background)
