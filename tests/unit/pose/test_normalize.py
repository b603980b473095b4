"""The normalisation against synthetic performers whose true size and place are known."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.keypoints import BODY, FACE, INDEX, LEFT_HAND, RIGHT_HAND, Pose
from dancenow.pose.normalize import (
    fit_similarity,
    letterbox_pose,
    measure_normalization,
    normalize_pose,
    outside_share,
    standing_frames,
)
from walkers import FPS, FRAMES, HEIGHT, copy_of, leap, performer, perspective, walk, wander, without

DATA = Path(__file__).parents[3] / "data"
# px, head to sole, of the demo's target
DEMO_HEIGHT = 325


def normalized(source, target):
    return normalize_pose(source, measure_normalization(source), measure_normalization(target))[0]


def feet_y(pose):
    return pose.keypoints[:, [INDEX["left_ankle"], INDEX["right_ankle"]], 1].mean(axis=1)


def test_statistics_of_a_walk():
    y = walk(300, 450)
    statistics = measure_normalization(performer(perspective(y), y))
    assert statistics["far_rule"] == "eq. 9"
    assert statistics["frames"] == FRAMES and statistics["width"] == statistics["height"] == 512
    assert statistics["s_close"] == pytest.approx(450, abs=1)
    assert statistics["s_median"] == pytest.approx(375, abs=2)
    # 0.7 of the way from median to close, on the other side; the cluster reaches 0.1 of it closer
    assert statistics["s_far"] == pytest.approx(375 - 0.7 * 75 + 0.1 * 75, abs=3)
    chain = measure_normalization(performer(1000, 900, frame_height=2000, width=2000))["h_far"] / 1000
    for place in ("far", "close"):
        expected = chain * perspective(statistics[f"s_{place}"])
        assert statistics[f"h_{place}"] == pytest.approx(expected, rel=0.03)
    assert statistics["x_median"] == 256
    assert json.loads(json.dumps(statistics)) == statistics


@pytest.mark.parametrize("y", [400.0, walk(300, 450)], ids=["standing", "walking"])
def test_same_clip_is_left_alone(y):
    pose = performer(perspective(y), y, wander())
    assert np.abs(normalized(pose, pose).keypoints - pose.keypoints).max() < 1e-3


@pytest.mark.parametrize("y", [400.0, walk(300, 450)], ids=["standing", "walking"])
def test_scaled_and_shifted_copy_is_recovered_exactly(y):
    source = performer(perspective(y), y, wander())
    target = copy_of(source, 0.8, (31.0, 47.0))
    scale, shift, _ = fit_similarity(source, measure_normalization(source), measure_normalization(target))
    assert np.allclose(scale, 0.8, atol=1e-4)
    assert np.allclose(shift, (31, 47), atol=0.02)
    assert np.abs(normalized(source, target).keypoints - target.keypoints).max() < 0.05


def test_close_goes_to_close_and_far_to_far():
    """Each camera sees depth differently; the source's walk becomes the target's."""
    source_y, target_y = walk(250, 480), walk(320, 420)
    source = performer(perspective(source_y), source_y)
    target = performer(perspective(target_y, 0.7, -50), target_y)
    result = normalized(source, target)
    statistics = measure_normalization(source), measure_normalization(target)
    for place in ("far", "close"):
        at = np.abs(source_y - statistics[0][f"s_{place}"]).argmin()
        assert feet_y(result)[at] == pytest.approx(statistics[1][f"s_{place}"], abs=1)
        nose = result.keypoints[at, INDEX["nose"], 1]
        expected = HEIGHT * perspective(statistics[1][f"s_{place}"], 0.7, -50)
        assert feet_y(result)[at] - nose == pytest.approx(expected, rel=0.03)


def test_a_small_sway_is_not_stretched_to_a_walk():
    sway, target_y = walk(395, 405), walk(300, 450)
    source, target = performer(150, sway), performer(perspective(target_y), target_y)
    assert measure_normalization(source)["far_rule"] != "still"
    scale = fit_similarity(source, measure_normalization(source), measure_normalization(target)).scale.mean()
    assert np.ptp(feet_y(normalized(source, target))) == pytest.approx(10 * scale, rel=0.1)


@pytest.mark.parametrize("y", [400.0, walk(350, 430)], ids=["standing", "walking"])
def test_a_jump_stays_a_jump(y):
    rise = leap(60, 40)
    source = performer(perspective(y), y, rise=rise)
    target = performer(perspective(y) * 1.4, y)
    scale, *_ = fit_similarity(source, measure_normalization(source), measure_normalization(target))
    grounded = normalized(performer(perspective(y), y), target)
    result = normalized(source, target)
    assert np.allclose(scale, 1.4, atol=0.01)
    # within 5 % of the jump's height
    assert np.allclose(feet_y(grounded) - feet_y(result), 1.4 * rise, atol=2.8)
    # nothing but the figure's place changes in the air: it does not shrink as one further away would
    tall = result.keypoints[:, INDEX["left_ankle"], 1] - result.keypoints[:, INDEX["nose"], 1]
    assert np.allclose(tall, HEIGHT * 1.4 * perspective(y), rtol=0.02)


def test_jumps_and_kicks_do_not_count_as_standing():
    pose = performer(200, 400, rise=leap(50, 60) + leap(120, 60))
    kick = pose.keypoints.copy()
    kick[80:100, INDEX["left_ankle"], 1] -= 90
    pose = pose.replace(keypoints=kick)
    standing, _ = standing_frames(pose)
    assert not standing[54:58].any() and not standing[80:100].any()
    assert standing[:50].all() and standing[140:].all()
    statistics = measure_normalization(pose)
    assert statistics["s_far"] == statistics["s_close"] == 400
    assert statistics["grounded_frames"] == standing.sum()


def test_a_still_performer_lands_on_a_still_target():
    source, target = performer(150, 300), performer(240, 470, x=200.0)
    assert measure_normalization(source)["far_rule"] == "still"
    result = normalized(source, target)
    assert np.abs(result.keypoints - target.keypoints).max() < 0.05


def test_walking_source_and_still_target():
    y = walk(300, 450)
    source, target = performer(perspective(y), y), performer(240, 470)
    result = normalized(source, target)
    scale, *_ = fit_similarity(source, measure_normalization(source), measure_normalization(target))
    assert np.all(scale > 0)
    assert feet_y(result)[np.abs(y - 375).argmin()] == pytest.approx(470, abs=1)


def test_empty_far_cluster_takes_the_quantile():
    """Two places and nothing between: nobody stands where eq. 9 looks."""
    y = np.where(np.arange(FRAMES) % 100 < 70, 450.0, 300.0)
    statistics = measure_normalization(performer(perspective(y), y))
    assert statistics["far_rule"] == "quantile"
    assert (statistics["s_far"], statistics["s_median"], statistics["s_close"]) == (300, 450, 450)
    assert statistics["h_far"] < statistics["h_close"]


def test_height_of_a_rare_place():
    """One visit to the far end, which few frames show, is not mixed with the many close ones."""
    y = np.where((np.arange(FRAMES) >= 100) & (np.arange(FRAMES) < 110), 300.0, 450.0)
    y[90:100], y[110:120] = np.linspace(450, 300, 10), np.linspace(300, 450, 10)
    statistics = measure_normalization(performer(perspective(y), y))
    whole = statistics["h_close"] / perspective(statistics["s_close"])
    assert statistics["h_far"] / perspective(statistics["s_far"]) == pytest.approx(whole, rel=0.02)


def test_who_crouches_at_the_close_place_is_no_smaller_there():
    """The ankles of who crouches lie a little lower, and the whole dance would pulse with that."""
    y, crouching = np.full(FRAMES, 440.0), np.arange(FRAMES) % 50 < 10
    y[crouching] += 8
    source = performer(np.where(crouching, 240.0, 300.0), y)
    statistics = measure_normalization(source)
    assert statistics["far_rule"] != "still"
    assert statistics["h_far"] == statistics["h_close"] == pytest.approx(300 * HEIGHT, rel=0.01)


def test_missing_ankles_are_bridged():
    y = walk(300, 450)
    source = performer(perspective(y), y)
    target = performer(perspective(y, 0.4), y)
    holed = without(source, slice(70, 80), "left_ankle", "right_ankle")
    result, whole = normalized(holed, target), normalized(source, target)
    missing = holed.keypoints[..., 2] == 0
    assert np.all(result.keypoints[missing] == 0)
    assert np.abs(result.keypoints - whole.keypoints)[~missing].max() < 3
    assert np.array_equal(result.keypoints[..., 2], holed.keypoints[..., 2])


def test_ankles_guessed_below_the_frame_are_not_used():
    pose = performer(200, 400)
    keypoints = pose.keypoints.copy()
    keypoints[:50, [INDEX["left_ankle"], INDEX["right_ankle"]], 1] = 600
    expected = measure_normalization(pose) | {"grounded_frames": 150}
    assert measure_normalization(pose.replace(keypoints=keypoints)) == expected


def test_noise_and_gaps_give_finite_numbers_and_no_shake():
    generator = np.random.default_rng(3)
    y = walk(300, 450)
    clean = performer(perspective(y), y, wander())
    keypoints = clean.keypoints.copy()
    keypoints[..., :2] += generator.normal(0, 1, keypoints[..., :2].shape)
    keypoints[generator.random(keypoints.shape[:2]) < 0.1] = 0
    source = clean.replace(keypoints=keypoints)
    target = performer(perspective(walk(380, 420), 0.3), walk(380, 420))
    scale, shift, _ = fit_similarity(source, measure_normalization(source), measure_normalization(target))
    assert np.isfinite(normalized(source, target).keypoints).all()
    centre = scale * y + shift[:, 1]
    assert np.abs(np.diff(centre, 2)).max() < 0.3


def test_frames_of_different_size():
    """A wide source in a tall target frame: the target's own place decides, in both directions."""
    source = performer(300, 650, x=1500.0 + wander() - 256, width=1920, frame_height=1080)
    target = performer(150, 500, x=180.0, width=360, frame_height=640)
    result = normalized(source, target)
    assert (result.width, result.height) == (360, 640)
    ankles = result.keypoints[:, [INDEX["left_ankle"], INDEX["right_ankle"]], :2].mean(axis=1)
    travel = wander() - np.median(wander())
    assert np.allclose(ankles[:, 0], 180 + 0.5 * travel, atol=0.1)
    assert np.allclose(ankles[:, 1], 500, atol=0.1)


def test_fps_and_estimator_are_the_sources():
    source = performer(150, 300).replace(fps=Fraction(30000, 1001), checkpoint="sha256:1")
    result = normalized(source, performer(240, 470))
    assert (result.fps, result.estimator, result.checkpoint) == (source.fps, "test", "sha256:1")
    assert result.keypoints.shape == source.keypoints.shape and result.keypoints.dtype == np.float32


def test_face_and_hands_follow_the_body():
    y = walk(300, 450)
    source = performer(perspective(y), y, wander())
    target = performer(perspective(y, 0.4), y)
    result = normalized(source, target)
    scale, *_ = fit_similarity(source, measure_normalization(source), measure_normalization(target))
    parts = (FACE, "nose"), (LEFT_HAND, "left_wrist"), (RIGHT_HAND, "right_wrist"), (BODY, "nose")
    for part, joint in parts:
        places = (pose.keypoints[..., :2] for pose in (source, result))
        before, after = (points[:, part] - points[:, INDEX[joint], None] for points in places)
        assert np.allclose(after, scale[:, None, None] * before, atol=1e-2)


def test_nothing_is_left_to_chance():
    y = walk(300, 450)
    source, target = performer(perspective(y), y), performer(240, 470)
    statistics = measure_normalization(source), measure_normalization(target)
    assert statistics == (measure_normalization(source), measure_normalization(target))
    first, second = (normalize_pose(source, *statistics)[0].keypoints for _ in range(2))
    assert np.array_equal(first, second)


def test_a_head_is_refused():
    everywhere = slice(None)
    below = [f"{side}_{joint}" for side in ("left", "right") for joint in ("elbow", "hip", "ankle")]
    pose = without(performer(200, 400), everywhere, *below)
    with pytest.raises(InputError, match="^anna: only 0 of 200 frames .* head to feet.*; use footage of .*$"):
        measure_normalization(pose, "anna")


def test_outside_share_counts_only_what_is_seen():
    pose = performer(200, 400)
    assert outside_share(pose) == 0
    assert outside_share(copy_of(pose, 1, (512, 0))) == 1
    assert outside_share(pose.replace(keypoints=np.zeros_like(pose.keypoints))) == 0


def rendered(name):
    """The Pose of a demo clip from its true joints: body only."""
    with np.load(DATA / f"{name}.keypoints.npz") as stored:
        joints = stored["keypoints"][:, : BODY.stop]
    keypoints = np.zeros((len(joints), 133, 3), np.float32)
    keypoints[:, BODY, :2], keypoints[:, BODY, 2] = joints[..., :2], 1
    return Pose(keypoints, FPS, 512, 512, "rendered", "sha256:0")


def test_against_the_rendered_truth():
    """The demo's two clips and the same dance danced by the target: docs/lab/results.md has the numbers."""
    source, target, truth = (rendered(name) for name in ("brunomars", "alice", "alice_as_brunomars.truth"))

    def error(pose):
        distances = np.linalg.norm((pose.keypoints - truth.keypoints)[:, BODY, :2], axis=-1)
        return distances.mean() / DEMO_HEIGHT

    result = normalized(source, target)
    assert error(source) > 0.14
    assert error(result) < 0.022
    jump = slice(205, 207)
    leaps = [feet_y(pose)[jump].mean() - np.median(feet_y(pose)) for pose in (result, truth)]
    assert leaps[0] == pytest.approx(leaps[1], rel=0.1)


def test_without_normalisation_the_whole_frame_is_fitted_in():
    source = without(performer(100, 180, x=100.0, width=200, frame_height=200), slice(5), "nose")
    moved = letterbox_pose(source, performer(1, 1, width=600, frame_height=300))
    seen = source.keypoints[..., 2] > 0
    expected = source.keypoints[seen][:, :2] * 1.5 + [150, 0]
    assert np.allclose(moved.keypoints[seen][:, :2], expected, atol=1e-3)
    assert (moved.width, moved.height) == (600, 300)
    assert not moved.keypoints[~seen].any() and not seen.all()


def test_nobody_is_placed_where_the_target_never_stood():
    """The target stands far away most of the time; half of the source's way lies beyond."""
    target = measure_normalization(performer(100, 400)) | {
        "s_far": 400.0,
        "s_median": 410.0,
        "s_close": 500.0,
    }
    y = walk(200, 300)
    source = performer(100, y)
    own = measure_normalization(source) | {"s_far": 200.0, "s_median": 250.0, "s_close": 300.0}
    own |= {"h_far": target["h_far"], "h_close": target["h_close"]}
    scale, shift, _ = fit_similarity(source, own, target)
    ground = scale * y + shift[:, 1]
    assert ground.min() > 398 and ground.max() < 502 and np.ptp(ground) > 80
