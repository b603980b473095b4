"""Which poses a clip shows, what another asks for beyond them, and what is said about it."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dancenow.camera.scene import place_view
from dancenow.keypoints import BODY, COUNT, IMPUTED, INDEX, Pose
from dancenow.pages.report.checks import track_checks
from dancenow.pages.report.coverage import (
    COMPARED_PARTS,
    POSE_KINDS,
    body_heights,
    body_shape,
    compare_part,
    distinct_poses,
    nearest,
    part_vectors,
    pose_kinds,
)
from dancenow.pages.report.footage import Footage, longest_run, swaps
from dancenow.pages.report.pair import (
    MOST_SECONDS,
    advised_seconds,
    compare_footage,
    filming_advice,
    normalised,
    outside_shares,
    worst_moments,
)
from dancenow.pages.report.verdict import GOOD, LIMITS, SHOW
from dancenow.pose.normalize import measure_normalization
from performers import STANDING, performer
from tripod import still_path
from walkers import copy_of

DATA = Path(__file__).parents[3] / "data"


def shape_of(**moved):
    """(1, 17, 2): the standing figure with some joints elsewhere."""
    shape = np.array([[STANDING[name] for name in list(INDEX)[: BODY.stop]]], float)
    for name, place in moved.items():
        shape[0, INDEX[name]] = place
    return shape


def kinds_of(**moved):
    return {kind for kind, frames in pose_kinds(shape_of(**moved)).items() if frames[0]}


def footage_of(name, pose, statistics):
    """The Footage of a still camera; it has no pictures."""
    store = type("Store", (), {"fps": Fraction(25), "facts": {"cuts": []}})()
    path = still_path(len(pose.keypoints), pose.width, pose.height)
    return Footage(name, store, None, path, 0, pose, statistics, place_view(path, pose).framed(), "")


def test_each_kind_of_pose_is_recognised():
    assert kinds_of() == {"left arm low", "right arm low", "feet close", "facing the camera"}
    assert "left arm above the head" in kinds_of(left_wrist=(0.2, -1.1))
    assert "right arm at shoulder height" in kinds_of(right_wrist=(-0.5, -0.8))
    assert "left arm across the body" in kinds_of(left_wrist=(-0.1, -0.6))
    assert "right arm across the body" in kinds_of(right_wrist=(0.1, -0.6))
    assert "one leg raised" in kinds_of(right_ankle=(-0.1, -0.3))
    assert "feet wide apart" in kinds_of(left_ankle=(0.3, -0.03))
    assert "crouching" in kinds_of(left_hip=(0.07, -0.3), right_hip=(-0.07, -0.3))
    side = {"left_shoulder": (0.01, -0.81), "right_shoulder": (-0.01, -0.81)}
    assert "turned to the side" in kinds_of(**side)
    back = {"left_shoulder": (-0.11, -0.81), "right_shoulder": (0.11, -0.81)}
    assert "turned away" in kinds_of(**back)
    # seen from behind, the left wrist on the right of the picture is the one across the body
    assert "left arm across the body" in kinds_of(**back, left_wrist=(0.1, -0.6))


@pytest.mark.parametrize("degrees", [-180, -120, -80, 80, 120, 180])
def test_arms_and_sides_are_those_of_the_body_however_it_lies(degrees):
    """Where legs are in the picture tells lying from upside down, and no turn of the body."""
    back = {"left_shoulder": (-0.11, -0.81), "right_shoulder": (0.11, -0.81)}
    for moved in (
        {},
        back,
        {"left_wrist": (0.2, -1.1)},
        {"right_wrist": (-0.5, -0.8)},
        {**back, "left_wrist": (0.1, -0.6)},
    ):
        upright = kinds_of(**moved)
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        lying = {
            name: (cos * x - sin * y, sin * x + cos * y) for name, (x, y) in {**STANDING, **moved}.items()
        }
        lying = kinds_of(**{name: place for name, place in lying.items() if INDEX[name] < BODY.stop})
        legs = {"upside down" if abs(degrees) > 90 else "lying"}
        assert lying == upright - {"feet close"} | legs


def test_who_bends_down_on_both_feet_does_not_lie():
    bent = {name: (0.4 + y, -0.52 + 0.3 * x) for name, (x, y) in STANDING.items() if y < -0.52}
    assert {"feet close"} == {kind for kind in kinds_of(**bent) if POSE_KINDS[kind][0] == "legs"}


def test_every_part_is_of_one_kind_or_missing():
    generator = np.random.default_rng(0)
    shape = shape_of() + generator.normal(0, 0.2, (300, 17, 2))
    kinds = pose_kinds(shape)
    for part in COMPARED_PARTS:
        own = np.sum([kinds[kind] for kind, (name, _) in POSE_KINDS.items() if name == part], axis=0)
        assert (own == 1).all()
    shape[:, INDEX["left_wrist"]] = np.nan
    assert not any(frames.any() for kind, frames in pose_kinds(shape).items() if kind.startswith("left arm"))


def test_shapes_do_not_depend_on_size_and_place():
    pose = performer(40, 512, 512, tall=300)
    other = copy_of(pose, 0.5, (90, 40))
    shapes = [body_shape(each, body_heights(each, measure_normalization(each))) for each in (pose, other)]
    for part in COMPARED_PARTS:
        vectors = [part_vectors(shape, part) for shape in shapes]
        assert np.abs(vectors[0] - vectors[1]).max() < 0.002


def test_imputed_joints_are_not_shown():
    pose = performer(10, 512, 512, tall=300)
    origin = pose.origin.copy()
    origin[3, INDEX["left_wrist"]] = IMPUTED
    marked = pose.replace(origin=origin)
    shape = body_shape(marked, body_heights(marked, measure_normalization(marked)))
    assert np.isnan(shape[3, INDEX["left_wrist"]]).all()
    assert np.isfinite(np.delete(shape, 3, axis=0)).all()


def test_nearest_by_hand():
    shown = np.array([[[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[np.nan] * 2] * 2])
    asked = np.array([[[0.9, 0.0], [0.0, 1.3]], [[np.nan, np.nan], [0.0, 0.1]], [[np.nan] * 2] * 2])
    distance, index = nearest(asked, shown)
    assert index.tolist() == [1, 0, -1]
    assert distance[:2] == pytest.approx([0.2, 0.1])
    assert np.isnan(distance[2])
    far, other = nearest(shown[:2], shown[:2], apart=1)
    assert other.tolist() == [1, 0] and far == pytest.approx([1.0, 1.0])


def test_a_pose_that_was_shown_is_inside_and_another_is_not():
    shown = np.repeat(shape_of(), 50, axis=0)
    raised = shape_of(left_elbow=(0.2, -0.95), left_wrist=(0.25, -1.15))
    compared = compare_part(np.concatenate([shown[:1], raised]), shown, "left arm", Fraction(25))
    assert compared["outside"].tolist() == [False, True]
    assert compared["distance"][0] == 0 and compared["limit"] == 3.0
    by_hand = np.linalg.norm([0.0, 0.3]), np.linalg.norm([0.0, 0.66])
    assert compared["distance"][1] == pytest.approx(100 * np.mean(by_hand))
    assert not compare_part(raised, shown, "right arm", Fraction(25))["outside"].any()


def test_a_part_that_the_target_never_shows():
    shown = np.repeat(shape_of(), 50, axis=0)
    shown[:, [INDEX["left_elbow"], INDEX["left_wrist"]]] = np.nan
    compared = compare_part(shape_of(), shown, "left arm", Fraction(25))
    assert compared["outside"].all() and np.isinf(compared["distance"]).all()
    missing = compare_part(shown[:1], np.repeat(shape_of(), 50, axis=0), "left arm", Fraction(25))
    assert not missing["outside"].any()


def test_a_handstand_is_no_crouch():
    """Turned over in the picture, the arms are where they were on the body."""
    arms = {"left_wrist": (0.2, -1.1), "right_wrist": (-0.2, -1.1)}
    kinds = {kind for kind, frames in pose_kinds(-shape_of(**arms)).items() if frames[0]}
    assert kinds == (kinds_of(**arms) - {"feet close"}) | {"upside down"}
    assert "left arm above the head" in kinds and "facing the camera" in kinds


def test_a_photo_shows_one_pose_however_long_it_is(alice):
    generator = np.random.default_rng(0)
    shape = alice.shape()
    for count in (2, 50, 1500):
        photo = np.repeat(shape[300:301], count, axis=0)
        assert distinct_poses(photo + generator.normal(0, 0.005, photo.shape)) == 1
    sway = np.sin(np.linspace(0, 60, 1500))[:, None, None] * [0.05, 0]
    swaying = shape[300:301] + sway * (shape[300, 15:16, 1] - shape[300:301, :, 1])[..., None]
    assert LIMITS["poses"].level(distinct_poses(swaying)) != GOOD


def test_poses_count_once_however_often_they_are_shown(alice):
    shapes = np.concatenate([shape_of(left_wrist=(x, 0.0)) for x in np.linspace(1, 7, 5)])
    assert distinct_poses(shapes) == distinct_poses(np.tile(shapes, (20, 1, 1))) == 5
    assert distinct_poses(np.full((10, 17, 2), np.nan)) == 0
    shown = distinct_poses(alice.shape()[:1200])
    assert LIMITS["poses"].level(shown) == GOOD and shown > 40
    assert LIMITS["poses"].level(distinct_poses(alice.shape()[:300])) == GOOD


def test_swaps_are_counted_by_the_minute():
    """The same share of the time is as bad in a long clip as in a short one."""
    levels = []
    for minutes, swapped in ((1, 2), (10, 20), (0.2, 2), (1, 3)):
        frames = np.zeros(round(1500 * minutes), bool)
        frames[:swapped] = True
        pose = performer(len(frames), 64, 64)
        footage = footage_of("anna", pose, None)
        measures = {"found": {"swapped": frames}, "others": np.zeros(len(frames), bool)}
        checks = {item.name: item for item in track_checks(footage, measures)}
        levels.append(checks["swaps"].level)
    assert levels == [GOOD, GOOD, SHOW, SHOW]


@pytest.mark.parametrize(
    "turn, told",
    [((1, 0), ""), ((0, 1), "transpose=2"), ((-1, 0), "hflip,vflip"), ((0, -1), "transpose=1")],
)
def test_a_clip_that_lost_its_rotation_is_told_of_with_the_turn_that_it_needs(turn, told):
    pose = performer(50, 512, 512, tall=300)
    points, (along, across) = pose.keypoints.copy(), turn
    x, y = points[..., 0] - 256, points[..., 1] - 256
    points[..., 0], points[..., 1] = 256 + along * x - across * y, 256 + across * x + along * y
    footage = footage_of("anna", pose.replace(keypoints=points), None)
    measures = {"found": {"swapped": np.zeros(50, bool)}, "others": np.zeros(50, bool)}
    (upright,) = [item for item in track_checks(footage, measures) if item.name == "upright"]
    assert upright.level == (SHOW if told else GOOD) and told in upright.advice


def test_the_longest_run_and_swapped_sides_are_found():
    assert longest_run(np.array([0, 1, 1, 0, 1, 1, 1, 0], bool)) == (4, 3)
    assert longest_run(np.zeros(3, bool)) == (0, 0)
    pose = performer(30, 512, 512, tall=300)
    assert not swaps(pose).any()
    points = pose.keypoints.copy()
    left, right = ([INDEX[f"{side}_{joint}"] for joint in ("knee", "ankle")] for side in ("left", "right"))
    points[10:20, left + right] = points[10:20, right + left]
    assert np.flatnonzero(swaps(pose.replace(keypoints=points))).tolist() == [10, 20]


def demo(name):
    """The Footage of a demo clip, from the renderer's own joints; it has no pictures."""
    with np.load(DATA / f"{name}.keypoints.npz") as stored:
        found = stored["keypoints"]
    keypoints = np.zeros((len(found), COUNT, 3), np.float32)
    keypoints[:, : found.shape[1], :2] = found[..., :2]
    keypoints[:, : found.shape[1], 2] = 1
    keypoints[..., 2][~np.isfinite(keypoints).all(axis=2)] = 0
    pose = Pose(np.nan_to_num(keypoints), Fraction(25), 512, 512, "truth", "sha256:0")
    return footage_of(name, pose, measure_normalization(pose))


@pytest.fixture(scope="module")
def alice():
    return demo("alice")


@pytest.fixture(scope="module")
def brunomars():
    return demo("brunomars")


def test_alice_shows_what_brunomars_asks_for(alice, brunomars):
    """The demo's transfer is known to come out well."""
    pose = normalised(brunomars, alice, "target").pose
    comparison = compare_footage(alice, pose, 1200)
    assert max(outside_shares(comparison).values()) < 0.1
    assert filming_advice(comparison, 12, ("brunomars", "alice")) == []


def test_what_a_target_does_not_show_is_asked_for_in_words(alice, brunomars):
    """alice without her raised arms does not show what brunomars does with his."""
    shape = alice.shape()
    kinds = pose_kinds(shape)
    low = ~(kinds["left arm above the head"] | kinds["right arm above the head"])
    tame = alice.pose.part(low)
    tame = footage_of("alice", tame, measure_normalization(tame))
    pose = normalised(brunomars, tame, "target").pose
    comparison = compare_footage(tame, pose, len(tame.pose.keypoints))
    shares = outside_shares(comparison)
    assert shares["left arm"] > 0.1 and shares["right arm"] > 0.1
    parts, sentence = filming_advice(comparison, 12, ("brunomars", "alice"))[0]
    assert set(parts) == {"left arm", "right arm"}
    seconds = advised_seconds(
        12 * max(comparison["kinds"][f"{side} arm above the head"]["unseen"] for side in ("left", "right"))
    )
    assert sentence.startswith(
        f"film {seconds} more seconds with your arms above your head: brunomars holds such poses for"
    )
    moments = worst_moments(comparison, Fraction(25))
    assert moments[0]["distance"] > moments[0]["limit"]
    raised = pose_kinds(body_shape(pose, body_heights(pose, tame.statistics)))
    assert any(raised[f"{side} arm above the head"][moments[0]["frame"]] for side in ("left", "right"))
    assert np.diff(sorted(moment["frame"] for moment in moments)).min() >= 0.7 * 25


def test_advised_seconds_grow_with_the_need():
    values = [advised_seconds(unseen) for unseen in (0.1, 2.5, 4, 10, 100)]
    assert values == [10, 10, 20, 40, MOST_SECONDS]
