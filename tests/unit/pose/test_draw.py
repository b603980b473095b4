import cv2
import numpy as np
import pytest

from dancenow.keypoints import COUNT, FACE, INDEX, LEFT_HAND
from dancenow.pose import draw
from dancenow.pose.draw import draw_skeleton
from performers import performer


def lone_limb(first, second, start, end):
    keypoints = np.zeros((COUNT, 3), np.float32)
    keypoints[INDEX[first]] = (*start, 1)
    keypoints[INDEX[second]] = (*end, 1)
    return keypoints


def test_limb_lies_where_its_keypoints_are():
    picture = draw_skeleton(lone_limb("left_knee", "left_ankle", (20, 10), (20, 50)), 64, 64, line=2)
    ys, xs = np.nonzero(picture.any(axis=-1))
    weight = picture.sum(axis=-1)[ys, xs]
    assert np.average(xs, weights=weight) == pytest.approx(20, abs=0.6)
    assert ys.min() == pytest.approx(10, abs=2) and ys.max() == pytest.approx(50, abs=2)


def test_half_a_pixel_moves_the_picture():
    whole = draw_skeleton(lone_limb("left_knee", "left_ankle", (20, 10), (20, 50)), 64, 64, line=2)
    half = draw_skeleton(lone_limb("left_knee", "left_ankle", (20.5, 10), (20.5, 50)), 64, 64, line=2)
    columns = np.arange(64)

    def centre(picture):
        return np.average(columns, weights=picture.sum(axis=(0, 2)))

    assert centre(half) - centre(whole) == pytest.approx(0.5, abs=0.2)


def test_lines_are_anti_aliased():
    picture = draw_skeleton(lone_limb("left_knee", "left_ankle", (10, 10), (50, 37)), 64, 64, line=2)
    levels = np.unique(picture.max(axis=-1))
    assert len(levels) > 4


def test_left_and_right_differ_in_colour():
    left = draw_skeleton(lone_limb("left_elbow", "left_wrist", (10, 10), (50, 50)), 64, 64)
    right = draw_skeleton(lone_limb("right_elbow", "right_wrist", (10, 10), (50, 50)), 64, 64)
    assert np.abs(left.reshape(-1, 3).max(0).astype(int) - right.reshape(-1, 3).max(0)).max() > 100


def test_missing_end_leaves_the_limb_out():
    keypoints = lone_limb("left_knee", "left_ankle", (10, 10), (50, 50))
    keypoints[INDEX["left_ankle"], 2] = 0
    assert not draw_skeleton(keypoints, 64, 64).any()


def test_face_and_hands_are_drawn():
    keypoints = np.zeros((COUNT, 3), np.float32)
    angles = np.linspace(0, 6, 68)
    keypoints[FACE] = np.stack([32 + 9 * np.cos(angles), 32 + 9 * np.sin(angles), np.ones(68)], axis=1)
    face = draw_skeleton(keypoints, 64, 64)
    keypoints[:] = 0
    keypoints[LEFT_HAND] = np.stack([np.linspace(10, 50, 21), np.linspace(50, 10, 21), np.ones(21)], axis=1)
    assert face.any() and draw_skeleton(keypoints, 64, 64).any()


def test_what_is_measured_is_drawn_as_ever():
    points = performer().keypoints[0]
    points[LEFT_HAND] = np.stack(
        [np.linspace(10, 50, 21), np.linspace(50, 30, 21), np.full(21, 0.06)], axis=1
    )
    wanted = np.zeros((96, 128, 3), np.uint8)
    for segments, wide in ((draw.BODY_SEGMENTS, 2), (draw.DETAIL_SEGMENTS, 1)):
        for a, b, colour in segments:
            if points[a, 2] and points[b, 2]:
                ends = [np.rint(points[end, :2] * 16).astype(int).tolist() for end in (a, b)]
                cv2.line(wanted, *ends, colour, wide, cv2.LINE_AA, 4)
    assert np.array_equal(draw_skeleton(points, 128, 96, line=2), wanted)
    assert np.array_equal(draw_skeleton(points, 128, 96, line=2, weak=np.zeros(COUNT, bool)), wanted)


def test_a_limb_with_an_imputed_end_is_weaker():
    keypoints = lone_limb("left_knee", "left_ankle", (10, 10), (50, 50))
    weak = np.zeros(COUNT, bool)
    weak[INDEX["left_ankle"]] = True
    drawn, faint = draw_skeleton(keypoints, 64, 64), draw_skeleton(keypoints, 64, 64, weak=weak)
    assert np.array_equal(drawn.any(axis=-1), faint.any(axis=-1))
    assert np.abs(faint.astype(float) - drawn * draw.WEAK).max() <= 2
    assert 0.3 * drawn.max() < faint.max() < 0.7 * drawn.max()  # seen, and seen to be weaker


def test_window_is_a_cut_of_the_whole_picture():
    points = performer().keypoints[0]
    whole = draw_skeleton(points, 128, 96, line=1)
    window = draw_skeleton(points, 64, 64, origin=(30, 20), line=1)
    # where a line leaves the window its clipped end may differ by a shade
    assert np.array_equal(window[3:-3, 3:-3], whole[23:81, 33:91])


def test_far_outside_is_harmless():
    keypoints = lone_limb("left_knee", "left_ankle", (-1e7, 5), (1e7, 5))
    picture = draw_skeleton(keypoints, 64, 64)
    # the line that crosses the whole picture is there, and nothing else
    assert picture[5].any(axis=1).all() and not picture[8:].any()
