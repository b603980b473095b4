"""Where the ground is when the feet do not bear the weight: acrobats whose true ground is known."""

import numpy as np
import pytest

from dancenow.keypoints import BODY, BODY_NAMES, FEET, INDEX
from dancenow.pages.report.coverage import body_heights
from dancenow.pose.grounding import find_ground, ground_line, measure_figure
from dancenow.pose.normalize import (
    fit_similarity,
    ground_places,
    measure_normalization,
    normalize_pose,
    standing_frames,
)
from dancenow.pose.retarget import BONES, retarget
from walkers import FPS, FRAMES, HEIGHT, leap, performer, perspective, upright, walk, without

TALL, GROUND = 200, 400
TARGET = performer(240, 470)
LATER = np.arange(FRAMES)


def blend(frames, seconds=0.3):
    """(T,) 0..1: 1 in `frames`, a slice, with a soft way there and back."""
    inside = np.zeros(FRAMES)
    inside[frames] = 1
    soft = round(seconds * float(FPS))
    return np.convolve(np.pad(inside, soft, mode="edge"), np.ones(2 * soft + 1) / (2 * soft + 1), "valid")


def becoming(shape, frames, tall=TALL, ground=GROUND):
    """A Pose that stands, but has the joints of `shape`, (133, 2) of height 1, in `frames`; its lowest joint
    is always as low as standing ankles."""
    pose = performer(tall, ground)
    share = blend(frames)[:, None, None]
    keypoints = pose.keypoints.astype(np.float64)
    places = (1 - share) * upright() + share * shape
    places[..., 1] -= places[:, BODY, 1].max(axis=1, keepdims=True)
    scaled = np.broadcast_to(tall, FRAMES)[:, None, None] * places
    keypoints[..., :2] = (
        scaled + np.stack([np.full(FRAMES, 256.0), np.broadcast_to(ground, FRAMES)], -1)[:, None]
    )
    return pose.replace(keypoints=keypoints.astype(np.float32))


def with_joints(**places):
    """(133, 2): standing, with some joints of both sides elsewhere; left ones at x, right ones at -x."""
    shape = upright()
    for index, name in enumerate(BODY_NAMES):
        side, _, joint = name.partition("_")
        if (joint or name) in places:
            x, y = places[joint or name]
            shape[index] = (-x if side == "right" else x), y
    return shape


def handstand():
    shape = upright() * [1, -1]
    for side, x in (("left", 0.12), ("right", -0.12)):
        shape[INDEX[f"{side}_elbow"]], shape[INDEX[f"{side}_wrist"]] = (x, 0.9), (x, 1.05)
    return shape


HEADSTAND = upright() * [1, -1]
# on the back, the camera at the side: all joints on the floor but for the legs, which go straight up
LEGS_UP = with_joints(
    nose=(-0.55, -0.08), eye=(-0.57, -0.08), ear=(-0.55, -0.05), shoulder=(-0.38, -0.03),
    elbow=(-0.25, -0.01), wrist=(-0.1, 0.0), hip=(0.0, -0.03), knee=(0.03, -0.28), ankle=(0.03, -0.53),
    big_toe=(0.06, -0.56),
)  # fmt: skip
SITTING = with_joints(
    nose=(0, -0.45), eye=(0.02, -0.47), ear=(0.04, -0.46), shoulder=(0.12, -0.3), elbow=(0.18, -0.16),
    wrist=(0.2, -0.02), hip=(0.06, -0.04), knee=(0.12, -0.03), ankle=(0.14, 0.0),
)  # fmt: skip
SQUAT = with_joints(
    nose=(0, -0.52), eye=(0.02, -0.54), ear=(0.04, -0.53), shoulder=(0.12, -0.38), elbow=(0.2, -0.3),
    wrist=(0.2, -0.2), hip=(0.06, -0.15), knee=(0.16, -0.2),
)  # fmt: skip
MIDDLE, HALF = slice(60, 110), slice(40, 165)


def placed(source, target=TARGET):
    return normalize_pose(source, measure_normalization(source), measure_normalization(target))[0]


def lowest(pose):
    return pose.keypoints[:, BODY, 1].max(axis=1)


@pytest.mark.parametrize(
    "shape", [handstand(), HEADSTAND, LEGS_UP, SITTING, SQUAT],
    ids=["handstand", "headstand", "legs up", "sitting", "squat"],
)  # fmt: skip
@pytest.mark.parametrize(
    "frames", [MIDDLE, HALF, slice(0, 90), slice(110, FRAMES)], ids=["2s", "5s", "first", "last"]
)
def test_whatever_is_lowest_stays_on_the_ground(shape, frames):
    source = becoming(shape, frames)
    statistics = measure_normalization(source)
    assert statistics["far_rule"] == "still" and statistics["s_median"] == pytest.approx(GROUND, abs=2)
    assert statistics["h_far"] == pytest.approx(HEIGHT * TALL, rel=0.02)
    result = placed(source)
    assert np.abs(lowest(result) - 470).max() < 0.02 * 240
    # the figure keeps its size
    bone = [INDEX["left_hip"], INDEX["left_shoulder"]]
    before, after = (
        np.linalg.norm(np.diff(p.keypoints[:, bone, :2], axis=1), axis=-1) for p in (source, result)
    )
    assert np.allclose(after, 1.2 * before, rtol=0.02)


@pytest.mark.parametrize("seconds", [0.8, 1.5, 4.0], ids=["fast", "usual", "slowed down"])
def test_a_cartwheel_rolls_on_hands_and_feet(seconds):
    count = round(seconds * float(FPS))
    turn = np.interp(LATER, [80, 80 + count], [0, 2 * np.pi])
    turned = np.stack([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]).transpose(2, 0, 1)
    star = with_joints(elbow=(0.3, -0.95), wrist=(0.4, -1.15), knee=(0.2, -0.2), ankle=(0.35, 0.0))
    shape = (star - [0, -0.55]) @ turned.transpose(0, 2, 1)
    source = becoming(shape, slice(80, 80 + count))
    assert np.abs(lowest(placed(source)) - 470).max() < 0.03 * 240


@pytest.mark.parametrize("shape", [handstand(), HEADSTAND], ids=["handstand", "headstand"])
def test_upside_down_all_the_time(shape):
    """No foot ever bears: what is lowest tells where the performer is, near and far."""
    y = walk(300, 450)
    source = becoming(shape, slice(None), perspective(y), y)
    target = performer(perspective(y, 0.8), y)
    statistics = measure_normalization(source)
    assert statistics["s_close"] == pytest.approx(450, abs=2) and statistics["s_far"] < 345
    assert np.abs(lowest(placed(source, target)) - y).max() < 4


def test_a_handstand_far_away_and_a_walk_around_it():
    y = np.interp(LATER, [0, 40, 150, FRAMES], [450, 330, 330, 450])
    tall = perspective(y)
    source = becoming(handstand(), slice(65, 125), tall, y)
    standing, _ = standing_frames(source)
    assert not standing[65:125].any() and standing[:48].all() and standing[145:].all()
    assert np.abs(lowest(placed(source, performer(1.2 * tall, y))) - y).max() < 5


@pytest.mark.parametrize("frames", [30, 75, 100])
@pytest.mark.parametrize("tucked", [False, True], ids=["straight", "tucked"])
def test_a_jump_in_slow_motion_stays_in_the_air(frames, tucked):
    """8 times slowed down, a flight lasts 3 s and more; the figure does not shrink as one that walks away.
    With 1 px of noise on every joint.
    """
    rise = leap(50, 50, frames)
    shape = with_joints(knee=(0.1, -0.35), ankle=(0.07, -0.22)) if tucked else upright()
    source = becoming(shape, slice(55, 45 + frames))
    keypoints = source.keypoints.copy()
    keypoints[..., 1] += (GROUND - keypoints[:, [INDEX["left_ankle"]], 1]) - rise[:, None]
    keypoints[..., :2] += np.random.default_rng(frames).normal(0, 1, keypoints[..., :2].shape)
    source = source.replace(keypoints=keypoints)
    statistics = measure_normalization(source)
    assert statistics["s_far"] == pytest.approx(GROUND, abs=3) and statistics["s_close"] < GROUND + 3
    ankle = placed(source).keypoints[:, INDEX["left_ankle"], 1]
    assert np.abs(470 - ankle - 1.2 * rise).max() < 6


def test_who_walks_away_slowly_or_fast_is_on_the_ground_all_the_time():
    for away in (
        walk(450, 300),
        np.interp(LATER, [0, 60, 80, 120, 140, FRAMES], [450, 450, 300, 300, 450, 450]),
    ):
        standing, _ = standing_frames(performer(perspective(away), away))
        assert standing.all()
        # the camera twice as high as the performer
        standing, _ = standing_frames(performer(perspective(away, 0.5, -50), away))
        assert standing.all()


def test_a_long_jump_at_full_speed_and_a_slow_one_far_away():
    rise = leap(60, 60, 19) + leap(110, 30, 60)
    y = np.interp(LATER, [0, 80, 95, 185, FRAMES], [450, 450, 350, 350, 450])
    source = performer(perspective(y), y, rise=rise)
    result = placed(source, performer(1.2 * perspective(y), y))
    ankle = result.keypoints[:, [INDEX["left_ankle"], INDEX["right_ankle"]], 1].mean(axis=1)
    assert np.abs((y - ankle) - 1.2 * rise).max() < 5


def test_two_bad_frames_are_no_floor():
    keypoints = performer(TALL, GROUND).keypoints.copy()
    for frame in (40, 41, 150, 151):
        keypoints[frame, :, 1] += 30
    source = performer(TALL, GROUND).replace(keypoints=keypoints)
    standing, _ = standing_frames(source)
    assert standing[60:130].all()


def test_upside_down_while_the_feet_are_out_of_the_picture():
    source = without(becoming(handstand(), HALF), slice(30, 175), "left_ankle", "right_ankle")
    assert np.abs(lowest(placed(source)) - 470)[45:160].max() < 6


def test_nobody_sinks_into_the_ground_upside_down():
    """Towards the camera on the hands: the ground comes with them, though no foot says so."""
    y = np.interp(LATER, [0, 70, 100, FRAMES], [350, 350, 450, 450])
    source = becoming(handstand(), slice(60, FRAMES), perspective(y), y)
    statistics = measure_normalization(source) | {"s_far": 300.0, "s_close": 460.0}
    assert np.all(ground_places(source, statistics)[110:] > 420)


def test_no_scale_is_extrapolated_to_nothing():
    """A camera near the floor, another near the ceiling: beyond the places seen, scales stay scales."""
    y = walk(300, 450)
    source, target = performer(perspective(y), y), performer(np.interp(y, [300, 450], [30, 300]), y)
    statistics = measure_normalization(source), measure_normalization(target)
    assert statistics[1]["h_close"] > 3 * statistics[1]["h_far"]
    far = np.interp(LATER, [0, 90, FRAMES], [450, 200, 450])
    beyond = performer(perspective(far), far)
    scale, *_ = fit_similarity(beyond, *statistics)
    places = [statistics[1][key] / statistics[0][key] for key in ("h_far", "h_close")]
    assert scale.max() <= max(places) * 1.25
    assert scale.min() == pytest.approx(min(places) / 1.25)  # reached, as less would be


def test_heights_of_the_report_are_those_of_the_ground():
    y = walk(300, 450)
    source = becoming(handstand(), HALF, perspective(y), y)
    heights = body_heights(source, measure_normalization(performer(perspective(y), y)))
    assert np.abs(heights / (HEIGHT * perspective(y)) - 1).max() < 0.35
    still = becoming(handstand(), HALF)
    walker = performer(perspective(y, TALL / 300), y)
    assert np.ptp(body_heights(still, measure_normalization(walker))) < 0.02 * TALL


def test_a_few_bent_statistics_do_not_tell_the_size():
    """Floor work all along, and a squat of a moment: the body is as long as the handstands show it."""
    source = becoming(handstand(), slice(20, FRAMES))
    keypoints = source.keypoints.copy()
    keypoints[:12] = becoming(SQUAT, slice(None)).keypoints[:12]
    keypoints[4:12, INDEX["left_ankle"], 1] -= 30
    source = source.replace(keypoints=keypoints)
    statistics = measure_normalization(source)
    assert 0 < statistics["grounded_frames"] < 10 and statistics["s_median"] == pytest.approx(GROUND, abs=2)
    assert statistics["h_far"] == pytest.approx(HEIGHT * TALL, rel=0.02)
    usual = measure_normalization(performer(TALL, GROUND))["limbs"]
    assert statistics["limbs"]["trunk"] == pytest.approx(usual["trunk"], rel=0.05)


def test_longer_arms_do_not_lift_a_handstand():
    source = becoming(handstand(), MIDDLE)
    ratios = dict.fromkeys(BONES, 1.0) | {"upper_arm": 1.4, "forearm": 1.3, "thigh": 0.8}
    result = retarget(source, ratios)
    assert np.abs(lowest(result) - lowest(source))[blend(MIDDLE) == 1].max() < 2
    assert np.abs(lowest(result) - lowest(source))[blend(MIDDLE) == 0].max() < 1e-2
    moved = np.diff(result.keypoints[:, INDEX["left_hip"], 1], 2)
    assert np.abs(moved).max() < 3 * np.abs(np.diff(source.keypoints[:, INDEX["left_hip"], 1], 2)).max()


def test_feet_that_are_guessed_at_the_edge_of_a_close_up_are_no_ground():
    """Behind a punch-in nobody shows feet, but for one frame an estimator bends the legs into the picture."""
    pose = performer(TALL, GROUND)
    keypoints = pose.keypoints.copy()
    legs = [INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "ankle")]
    keypoints[100:, legs] = 0
    keypoints[101, legs] = keypoints[99, legs]
    keypoints[101, legs, 1] -= 0.4 * TALL
    keypoints[101, legs, 2] = 0.1
    figure = measure_figure(pose.replace(keypoints=keypoints))
    assert not figure.feet[100:].any()
    line = ground_line(figure, FPS)
    assert np.abs(line[100:] - line[99]).max() < 0.02 * TALL
    # where all are as unsure, they tell
    keypoints[..., 2] = np.minimum(keypoints[..., 2], 0.1)
    assert measure_figure(pose.replace(keypoints=keypoints)).feet[:100].all()


def test_ankles_that_a_high_camera_never_sees_level_stand_on_the_ground():
    pose = performer(300, 440)
    pose.keypoints[:, INDEX["left_ankle"], 1] += 40 + 4 * np.sin(np.arange(FRAMES))
    figure = measure_figure(pose)
    standing, _ = find_ground(figure, figure.whole, pose.fps)
    assert standing.mean() >= 0.2 and figure.gap[standing].max() < np.median(figure.gap)


def test_who_starts_the_camera_and_walks_back_is_not_in_the_air():
    """Close to the camera the legs are out of the picture, and arms and trunk several times as long."""
    y = np.interp(LATER, [0, 20, 70, 140, 190, 199], [900, 900, 430, 430, 900, 900])
    pose = performer(perspective(y, per_px=0.9), y)
    outside = (pose.keypoints[..., 1] > pose.height - 1) | (pose.keypoints[..., 1] < 0)
    outside[:, FEET] |= y[:, None] > 470
    pose = pose.replace(keypoints=np.where(outside[..., None], 0, pose.keypoints))
    standing, _ = standing_frames(pose)
    assert standing[72:138].all()
    assert measure_normalization(pose)["s_far"] == pytest.approx(430, abs=2)
