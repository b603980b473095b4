import math

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from skimage.metrics import structural_similarity

from dancenow.evaluation import metrics
from dancenow.evaluation.lpips import evaluation_decision, load_judges
from dancenow.evaluation.metrics import (
    perceptual_in_box,
    person_box,
    pooled_features,
    pose_error,
    psnr_in_box,
    ssim_in_box,
)
from dancenow.intervals import block_bootstrap, written
from dancenow.keypoints import COUNT, INDEX, standing_height
from dancenow.model.perceptual import load_perceptual
from performers import performer

BOX = (20, 10, 60, 70)


@pytest.fixture(scope="module")
def network():
    return load_perceptual(evaluation_decision())


@pytest.fixture
def truth():
    y, x = np.mgrid[0:80, 0:96]
    waves = [np.sin(x / 3), np.cos(y / 4), np.sin((x + y) / 6)]
    return np.stack([100 + 50 * wave for wave in waves], axis=2).astype(np.uint8)


@pytest.fixture
def noisy(truth):
    noise = np.random.default_rng(0).normal(0, 12, truth.shape)
    return np.clip(truth + noise, 0, 255).astype(np.uint8)


def person(**places):
    """A pose with only the named keypoints: name=(x, y)."""
    pose = np.zeros((COUNT, 3), np.float32)
    for name, (x, y) in places.items():
        pose[INDEX[name]] = x, y, 1
    return pose


def test_equal_images_have_ssim_one_and_infinite_psnr(truth):
    assert ssim_in_box(truth, truth.copy(), BOX) == pytest.approx(1)
    assert psnr_in_box(truth, truth.copy(), BOX) == math.inf


def test_psnr_of_a_constant_offset(truth):
    # mean squared error 25
    assert psnr_in_box(truth + 5, truth, BOX) == pytest.approx(10 * math.log10(255**2 / 25))


def test_ssim_of_two_constants():
    a, b = np.full((40, 40, 3), 100, np.uint8), np.full((40, 40, 3), 150, np.uint8)
    # no variance: only the luminance term is left
    constant = (0.01 * 255) ** 2
    wanted = (2 * 100 * 150 + constant) / (100**2 + 150**2 + constant)
    assert ssim_in_box(a, b, (10, 10, 30, 30)) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("box", [BOX, (0, 0, 30, 30), (60, 50, 96, 80), (0, 0, 96, 80), (3, 2, 93, 77)])
def test_ssim_equals_the_whole_frames_map_inside_the_box(truth, noisy, box):
    x0, y0, x1, y1 = box
    settings = {
        "data_range": 255,
        "channel_axis": 2,
        "gaussian_weights": True,
        "use_sample_covariance": False,
    }
    _, whole = structural_similarity(noisy, truth, full=True, **settings)
    assert ssim_in_box(noisy, truth, box) == pytest.approx(whole[y0:y1, x0:x1].mean(), abs=1e-9)


def test_damage_outside_the_box_does_not_count(network, truth, noisy):
    outside = noisy.copy()
    outside[4:76, 14:66] = truth[4:76, 14:66]  # the box and SSIM's window around it
    assert ssim_in_box(outside, truth, BOX) == pytest.approx(1)
    assert psnr_in_box(outside, truth, BOX) == math.inf
    assert perceptual_in_box(network, [outside], truth, BOX) == [pytest.approx(0, abs=1e-6)]


def test_a_mask_chooses_pixels_of_the_box(network, truth, noisy):
    mask = np.zeros(truth.shape[:2], bool)
    mask[30:50, 35:52] = True
    settings = {"data_range": 255, "channel_axis": 2, "gaussian_weights": True}
    _, whole = structural_similarity(noisy, truth, full=True, use_sample_covariance=False, **settings)
    assert ssim_in_box(noisy, truth, BOX, mask) == pytest.approx(whole[mask].mean(), abs=1e-9)
    assert psnr_in_box(noisy, truth, BOX, mask) == psnr_in_box(noisy, truth, (35, 30, 52, 50))
    everywhere = np.ones_like(mask)
    for measure in (ssim_in_box, psnr_in_box):
        assert measure(noisy, truth, BOX, everywhere) == pytest.approx(measure(noisy, truth, BOX))
    assert perceptual_in_box(network, [noisy], truth, BOX, everywhere) == pytest.approx(
        perceptual_in_box(network, [noisy], truth, BOX), rel=1e-5
    )


def test_pooled_features_are_those_of_the_box(network, truth, noisy):
    features = pooled_features(network, [truth, noisy, truth], BOX)
    assert features.shape == (3, 192)
    assert (features**2).mean(axis=1) == pytest.approx([1, 1, 1])
    np.testing.assert_array_equal(features[0], features[2])
    assert np.abs(features[0] - features[1]).max() > 0.01
    outside = noisy.copy()
    outside[10:70, 20:60] = truth[10:70, 20:60]
    # three again: one by itself may be added up in another order, as the threads share it
    changed = pooled_features(network, [outside, noisy, truth], BOX)
    np.testing.assert_array_equal(changed[0], features[0])


def test_perceptual_distance_ranks_damage(network, truth, noisy):
    half = ((noisy.astype(int) + truth) // 2).astype(np.uint8)
    same, little, much = perceptual_in_box(network, [truth, half, noisy], truth, BOX)
    assert same == pytest.approx(0, abs=1e-6)
    assert 0.01 < little < much


def test_perceptual_distance_of_a_tiny_box(network, truth, noisy):
    assert perceptual_in_box(network, [noisy], truth, (10, 10, 14, 30))[0] > 0.01


def test_box_has_a_margin_of_a_tenth_of_its_longer_side():
    pose = person(nose=(50, 20), left_ankle=(60, 120))
    assert person_box(pose, 200, 200) == (40, 10, 71, 131)


def test_box_is_clipped_to_the_frame():
    pose = person(nose=(1, 2), left_ankle=(95, 150))
    assert person_box(pose, 96, 100) == (0, 0, 96, 100)


def test_no_box_where_nobody_is_seen_in_the_frame():
    assert person_box(np.zeros((COUNT, 3), np.float32), 96, 80) is None
    assert person_box(person(nose=(-80, 20), left_ankle=(-70, 60)), 96, 80) is None


def test_pose_error_of_a_shift():
    wanted = person(nose=(50, 20), left_wrist=(30, 60), left_ankle=(55, 120))
    found = wanted.copy()
    found[:, :2] += (3, 4)
    error = pose_error(found, wanted, height_px=200)
    assert error.found == pytest.approx(2.5)
    assert error.missed == 0
    assert error.with_misses == pytest.approx(2.5)


def test_misses_do_not_lower_the_pose_error():
    wanted = person(nose=(50, 20), left_wrist=(30, 60), left_knee=(55, 100), left_ankle=(55, 120))
    found = person(nose=(50, 24), left_wrist=(30, 60), left_knee=(55, 100))
    error = pose_error(found, wanted, height_px=100)
    assert error.found == pytest.approx(4 / 3)
    assert error.missed == 0.25
    assert error.with_misses == pytest.approx((4 + 0 + 0 + 50) / 4)


def test_nobody_found_costs_the_most():
    wanted = person(nose=(50, 20), left_ankle=(55, 120))
    error = pose_error(np.zeros((COUNT, 3), np.float32), wanted, height_px=100)
    assert math.isnan(error.found)
    assert (error.missed, error.with_misses) == (1, 50)
    # a wild detection is no worse than none
    wild = person(nose=(500, 500), left_ankle=(500, 500))
    assert pose_error(wild, wanted, height_px=100).with_misses == 50


def test_keypoints_beyond_the_wanted_and_beyond_the_body_do_not_count():
    wanted = person(nose=(50, 20), left_heel=(50, 120))
    found = person(nose=(50, 20), left_heel=(90, 90), left_wrist=(10, 10))
    assert pose_error(found, wanted, height_px=100) == (0, 0, 0)
    assert all(math.isnan(value) for value in pose_error(found, person(left_heel=(1, 1)), 100))


def test_standing_height_of_who_lies_or_stands_on_the_hands():
    pose = performer(10, width=256, height=256, tall=200).keypoints
    upside_down, lying = pose * [1, -1, 1] + [0, 256, 0], pose[..., [1, 0, 2]]
    height = standing_height(pose)
    assert height == pytest.approx(0.95 * 200)
    assert standing_height(upside_down) == pytest.approx(height) and standing_height(lying) == height


def test_standing_height_ignores_crouches_arms_and_cut_off_frames():
    upright = person(nose=(50, 20), left_wrist=(40, -90), left_heel=(50, 120))
    crouched = person(nose=(50, 80), left_heel=(50, 120))
    no_feet = person(nose=(50, 0), left_knee=(50, 900))
    assert standing_height(np.stack([upright] * 3 + [crouched] * 3 + [no_feet])) == pytest.approx(100)
    assert math.isnan(standing_height(no_feet[None]))


def test_bootstrap_of_a_constant_has_no_width():
    assert block_bootstrap(np.full(100, 0.5), seed=0, block=25) == {"mean": 0.5, "low": 0.5, "high": 0.5}


def test_an_interval_is_written_with_its_mean_or_says_that_there_is_none():
    assert written({"mean": 0.126, "low": 0.1, "high": -0.2}, 2) == "0.13 [0.10, -0.20]"
    assert written({"mean": 0.126, "low": None, "high": None}, 1) == "0.1 [too few]"


def test_bootstrap_is_seeded():
    values = np.random.default_rng(1).normal(size=200)
    once = block_bootstrap(values, seed=0, block=25)
    assert once == block_bootstrap(values, seed=0, block=25)
    assert once != block_bootstrap(values, seed=1, block=25)
    assert once["low"] < once["mean"] < once["high"]


def test_bootstrap_draws_blocks_not_frames():
    values = np.repeat([0.0, 1.0] * 4, 25)  # constant within each block
    blocks = block_bootstrap(values, seed=0, block=25)
    frames = block_bootstrap(values, seed=0, block=1)
    assert blocks["high"] - blocks["low"] > 3 * (frames["high"] - frames["low"])


def test_bootstrap_covers_the_mean_of_independent_blocks():
    random = np.random.default_rng(2)
    hits = 0
    for trial in range(200):
        interval = block_bootstrap(random.normal(size=300), seed=trial, block=10, rounds=400)
        hits += interval["low"] < 0 < interval["high"]
    assert 0.88 < hits / 200 < 0.99


def test_bootstrap_leaves_out_what_is_not_finite():
    values = np.array([1.0, np.nan, 3.0, np.inf] * 50)
    assert block_bootstrap(values, seed=0, block=4) == {"mean": 2.0, "low": 2.0, "high": 2.0}
    assert block_bootstrap(np.full(60, np.nan), seed=0, block=25) == {"mean": None, "low": None, "high": None}


def autocorrelated(random, count, share=0.8):
    """(count,) of an AR(1) series of mean 0: each value is that share of the last, and noise."""
    return lfilter([1], [1, -share], random.normal(size=count + 200))[200:]


@pytest.mark.parametrize("blocks", [4, 6, 12])
def test_bootstrap_covers_the_mean_of_few_blocks(blocks):
    random, hits = np.random.default_rng(blocks), 0
    for trial in range(400):
        interval = block_bootstrap(autocorrelated(random, 25 * blocks), seed=trial, block=25, rounds=400)
        hits += interval["low"] < 0 < interval["high"]
    assert 0.9 <= hits / 400 <= 0.98  # without Student's t: .76, .85 and .90


@pytest.mark.parametrize("frames", [1, 25, 50, 75])
def test_bootstrap_of_fewer_than_four_blocks_has_no_interval(frames):
    found = block_bootstrap(np.linspace(0, 1, frames), seed=0, block=25)
    assert found["mean"] is not None and found["low"] is found["high"] is None


def test_bootstrap_stays_among_the_values():
    missed = np.zeros(100)
    missed[60:70] = 100  # per cent, in one of four blocks
    interval = block_bootstrap(missed, seed=0, block=25)
    assert interval["low"] == 0 and 10 < interval["high"] <= 100


def test_bootstrap_of_a_single_block_has_no_interval():
    assert block_bootstrap([1.0, 2.0], seed=0, block=25) == {"mean": 1.5, "low": None, "high": None}


def test_pictures_go_where_the_judge_is(monkeypatch, truth, noisy):
    meta = torch.device("meta")
    judge = load_judges({"weights": None}, meta)["lpips_form"]
    given = []

    def distance(network, a, b, weight):
        given.extend([a, b, weight, network(a)[0]])
        return torch.zeros(len(a))

    monkeypatch.setattr(metrics, "perceptual_distance", distance)
    assert perceptual_in_box(judge, [noisy], truth, BOX, np.ones(truth.shape[:2], bool)) == [0]
    assert {tensor.device for tensor in given} == {meta}
