from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from crowds import AS_IS, crowd, walker
from dancenow.camera.path import SHAKING, save_path
from dancenow.errors import InputError
from dancenow.keypoints import (
    COUNT,
    INDEX,
    MEASURED,
    REPAIRED,
    load_people,
    load_pose,
    require_same_estimator,
    save_people,
    save_pose,
)
from dancenow.pose.performer import track_file, track_performer
from performers import performer
from tripod import still_path


def test_the_largest_is_taken():
    large, small = walker(-100, -100, 200), walker(100, 100, 120)
    assert np.array_equal(track_performer(crowd(small, large), **AS_IS).keypoints, large)


def test_two_people_who_cross_are_not_mixed_up():
    large, other = walker(-150, 150, 200), walker(150, -150, 180)
    assert np.array_equal(track_performer(crowd(large, other), **AS_IS).keypoints, large)


def test_every_frame_stays_even_those_without_anyone():
    track = walker(0, 0, 200)
    track[10:13] = 0
    pose = track_performer(crowd(track), **AS_IS)
    assert len(pose.keypoints) == 40
    assert not pose.keypoints[10:13].any()


def test_a_person_lost_for_a_moment_is_taken_up_again():
    track, other = walker(0, 0, 200), walker(250, 250, 100)
    track[10:20] = 0
    pose = track_performer(crowd(track, other), **AS_IS)
    assert np.array_equal(pose.keypoints, track)


def test_a_person_away_for_seconds_is_taken_up_again_but_nobody_else_is():
    track, shorter, beside = walker(0, 60, 200, 120), walker(-60, -60, 90, 120), walker(-60, -60, 135, 120)
    track[20:80] = 0
    for other in (shorter, beside):  # `beside` has about the performer's size, but stands there all the time
        pose = track_performer(crowd(track, other), **AS_IS)
        assert np.array_equal(pose.keypoints, track)


def test_someone_far_off_does_not_fill_a_short_absence():
    track, stranger = walker(-200, -200, 200), walker(250, 250, 200)
    track[15:30] = 0
    stranger[:17] = stranger[27:] = 0
    assert np.array_equal(track_performer(crowd(track, stranger), **AS_IS).keypoints, track)


def test_halves_of_a_body_that_share_no_keypoint():
    halves = walker(0, 0, 200)
    halves[::2, : INDEX["left_hip"]] = 0
    halves[1::2, INDEX["left_hip"] :] = 0
    assert len(track_performer(crowd(halves), **AS_IS).keypoints) == len(halves)


def test_nobody_with_a_body_is_an_error_that_names_the_file(tmp_path):
    people = crowd(walker(0, 0, 200))
    people.keypoints[:, :17] = 0
    save_people(tmp_path / "anna.people.npz", people)
    (tmp_path / "anna.json").write_text('{"cuts": []}')
    save_path(tmp_path / "camera.npz", still_path(people.count, people.width, people.height))
    given = [tmp_path / name for name in ("anna.people.npz", "camera.npz", "anna.json", "anna.npz")]
    with pytest.raises(InputError, match=r"anna\.people\.npz: no frame shows a person"):
        track_file(*given, "largest", **AS_IS)
    assert not (tmp_path / "anna.npz").exists()


def test_short_gaps_are_interpolated_and_long_ones_are_not():
    track, wrist = walker(0, 30, 200), INDEX["left_wrist"]
    gappy = track.copy()
    gappy[10:13, wrist] = 0
    gappy[20:30, wrist] = 0
    result = track_performer(crowd(gappy), 0.12, "none", 0.2).keypoints[:, wrist]
    assert np.allclose(
        result[10:13, :2], np.linspace(track[9, wrist, :2], track[13, wrist, :2], 5)[1:-1], atol=1e-3
    )
    assert (result[10:13, 2] == np.float32(0.45)).all()
    assert not result[20:30].any()


def test_one_frame_elsewhere_and_back_is_repaired():
    track, ankle = walker(0, 0, 200), INDEX["left_ankle"]
    wrong = track.copy()
    wrong[15, ankle, :2] += 120
    result = track_performer(crowd(wrong), 0.12, "none", 0.2).keypoints[15, ankle]
    assert np.linalg.norm(result[:2] - track[15, ankle, :2]) < 5


@pytest.mark.parametrize(("kind", "least"), [("median", 0.65), ("gaussian", 0.65)])
def test_smoothing_lowers_the_jitter_and_keeps_confidence(kind, least):
    still = np.repeat(walker(0, 0, 200)[:1], 200, axis=0)
    noisy, seen = still.copy(), still[..., 2] > 0
    noisy[..., :2] += np.random.default_rng(0).normal(0, 2, noisy[..., :2].shape) * seen[..., None]
    result = track_performer(crowd(noisy.astype(np.float32)), 0, kind, 0.2).keypoints
    assert (result - still)[seen, :2].std() < least * (noisy - still)[seen, :2].std()
    assert np.array_equal(result[..., 2], noisy[..., 2].astype(np.float32))


@pytest.mark.parametrize("kind", ["median", "gaussian"])
def test_smoothing_does_not_hold_back_steady_motion_even_at_gaps_and_ends(kind):
    still = np.repeat(walker(0, 0, 200)[:1], 30, axis=0)
    moving = still.copy()
    moving[..., 0] += 8 * np.arange(30)[:, None] * (still[..., 2] > 0)
    moving[12:15, INDEX["left_wrist"]] = 0
    result = track_performer(crowd(moving), 0, kind, 0.2).keypoints
    assert np.allclose(result, moving, atol=1e-3)


def test_median_keeps_a_step_and_gaussian_takes_over_at_high_rates():
    step = np.repeat(walker(0, 0, 200)[:1], 20, axis=0)
    step[10:, :, 0] += 20 * (step[10:, :, 2] > 0)
    slow = track_performer(crowd(step), 0, "auto", 0.2).keypoints
    fast = track_performer(crowd(step, fps=Fraction(120)), 0, "auto", 0.2).keypoints
    assert np.array_equal(slow, step)
    assert np.array_equal(track_performer(crowd(step, fps=Fraction(50)), 0, "auto", 0.2).keypoints, step)
    assert not np.array_equal(fast, step)


@pytest.mark.parametrize("rate", [12, 25, 30, 60])
def test_gaps_and_smoothing_are_as_long_in_seconds_at_every_rate(rate):
    still = np.repeat(walker(0, 0, 200)[:1], 5 * rate, axis=0)
    gap = slice(2 * rate, 2 * rate + round(0.3 * rate))
    gappy = still.copy()
    gappy[gap] = 0
    people = crowd(gappy, fps=Fraction(rate))
    assert track_performer(people, 0.32, "none", 0.2).keypoints[gap, :17].any(axis=(1, 2)).all()
    assert not track_performer(people, 0.2, "none", 0.2).keypoints[gap].any()
    step = still.copy()
    step[rate:, :, 0] += 100 * (step[rate:, :, 2] > 0)
    smooth = track_performer(crowd(step, fps=Fraction(rate)), 0, "gaussian", 0.2).keypoints
    changed = (np.abs(smooth - step) > 0.5).any(axis=(1, 2)).sum() / rate
    assert changed == pytest.approx(0.2, abs=2.1 / rate) and changed <= 0.2


def test_smoothing_invents_no_point():
    track = walker(0, 0, 200)
    track[5:15, INDEX["nose"]] = 0
    for kind in ("median", "gaussian"):
        assert not track_performer(crowd(track), 0, kind, 0.2).keypoints[5:15, INDEX["nose"]].any()


@pytest.mark.parametrize(
    "name, cut",
    [
        ("keypoints", slice(0, 0)),
        ("keypoints", (slice(None), slice(0, 17))),
        ("frame", slice(0, -1)),
        ("frame", slice(None, None, -1)),
        ("looks", slice(0, -1)),
        ("looks", (slice(None), 0)),
    ],
)
def test_people_whose_rows_do_not_fit_to_each_other_are_named(name, cut, tmp_path):
    """As of another version, or of an editor."""
    save_people(tmp_path / "a.npz", crowd(walker(0, 0, 200), colours=[(50, 40, 30)]))
    held = dict(np.load(tmp_path / "a.npz"))
    np.savez(tmp_path / "a.npz", **held | {name: held[name][cut]})
    with pytest.raises(InputError, match=r"a\.npz: not a people file .*; delete it to make it again"):
        load_people(tmp_path / "a.npz")


def test_files_round_trip(tmp_path):
    people = crowd(walker(0, 0, 200))
    save_people(tmp_path / "a.npz", people)
    loaded = load_people(tmp_path / "a.npz")
    assert np.array_equal(loaded.keypoints, people.keypoints) and loaded.fps == Fraction(25)
    assert loaded.looks is None
    dressed = crowd(walker(0, 0, 200), colours=[(50, 40, 30)])
    save_people(tmp_path / "c.npz", dressed)
    assert np.array_equal(load_people(tmp_path / "c.npz").looks, dressed.looks)
    pose = performer(fps=Fraction(30000, 1001))
    save_pose(tmp_path / "b.npz", pose)
    loaded = load_pose(tmp_path / "b.npz")
    assert np.array_equal(loaded.keypoints, pose.keypoints) and loaded.fps == Fraction(30000, 1001)
    (tmp_path / "b.npz").write_bytes(b"junk")
    with pytest.raises(InputError, match=r"b\.npz"):
        load_pose(tmp_path / "b.npz")


def test_two_estimators_do_not_mix():
    pose = performer()
    require_same_estimator(pose, pose, "a.npz", "b.npz")
    with pytest.raises(InputError, match=r"a\.npz.*b\.npz"):
        require_same_estimator(pose, pose.replace(estimator="openpifpaf"), "a.npz", "b.npz")
    with pytest.raises(InputError):
        require_same_estimator(pose, pose.replace(checkpoint="sha256:other"), "a.npz", "b.npz")


def test_the_skeleton_has_133_keypoints():
    with pytest.raises(ValueError, match="133"):
        performer().replace(keypoints=np.zeros((3, COUNT - 1, 3), np.float32))


@pytest.mark.parametrize(
    "absence, cuts, told",
    [
        (29, (), "from frame 5 to 33, where the result shows nobody; pose.max_gap: 1.16 would bridge it"),
        (60, (), "from frame 5 to 64, where the result shows nobody; cut the clip there"),
        (8, (), None),
        (29, (20,), None),  # the next shot may begin without the performer
    ],
)
def test_a_long_absence_is_told_with_what_bridges_it(absence, cuts, told, caplog):
    track = walker(0, 10, 200, 80)
    track[5 : 5 + absence] = 0
    pose = track_performer(crowd(track), 0.32, "none", 0.2, cuts=cuts)
    assert not pose.keypoints[5 : 5 + absence].any() or absence <= 8
    assert (told in caplog.text) if told else "out of sight" not in caplog.text
    if absence == 29 and not cuts:
        assert track_performer(crowd(track), 1.16, "none", 0.2).keypoints[5:34, :17].any(axis=(1, 2)).all()


def test_nothing_is_smoothed_from_one_scene_into_another():
    """A cross-fade is no cut, but behind it px are those of another scene."""
    track = np.repeat(walker(0, 0, 200)[:1], 40, axis=0)
    track[20:, :, :2] = 1.5 * track[20:, :, :2] - 100 * (track[20:, :, 2:] > 0)
    still = still_path(40, 640, 480)
    path = replace(
        still, shot=np.repeat([0, 1], 20), kinds=still.kinds * 2, extents=np.repeat(still.extents, 2, axis=0),
        scenes=(),
    )  # fmt: skip
    smooth = track_performer(crowd(track), 0, "gaussian", 0.2, camera=path).keypoints
    assert np.abs(smooth - track).max() < 1e-3


def test_who_is_hidden_behind_somebody_is_not_gone(caplog):
    """One walks by behind another, and for most of a second only the one in front is found."""
    behind, front = walker(-100, 100, 200, count=80), walker(0, 0, 260, count=80)
    lost = behind.copy()
    lost[30:52] = 0
    colours = [(50, 60, 40), (50, -50, 40)]
    chosen = {"max_gap": 0.32, "smoothing": "none", "window": 0.2}
    caplog.set_level("INFO")
    pose = track_performer(crowd(lost, front, colours=colours), performer=2, **chosen)
    hips = [INDEX["left_hip"], INDEX["right_hip"]]
    assert np.abs(pose.keypoints[:, hips, :2] - behind[:, hips, :2]).max() < 0.1 * 200
    assert (pose.origin[30:52, hips] == REPAIRED).all() and (pose.origin[:20, hips] == MEASURED).all()
    assert "the performer is hidden behind somebody" in caplog.text
    front[..., 0] += np.where(front[..., 2] > 0, 200, 0)  # there is nobody in the way, so they have left
    pose = track_performer(crowd(lost, front, colours=colours), performer=2, **chosen)
    assert not pose.keypoints[30:52].any()


@pytest.mark.parametrize(
    "lost, aside",
    [
        ((30, 70), 0),  # longer than anybody would believe
        ((30, 52), 75),  # somebody is in the way for a part of the time alone
    ],
)
def test_who_cannot_have_been_hidden_all_the_time_is_gone(lost, aside):
    behind, front = walker(-100, 100, 200, count=80), walker(aside, aside, 260, count=80)
    gone = slice(*lost)
    behind[gone] = 0
    colours = [(50, 60, 40), (50, -50, 40)]
    people = crowd(behind, front, colours=colours)
    pose = track_performer(people, 0.32, "none", 0.2, performer=2)
    assert not pose.keypoints[gone].any()


@pytest.mark.parametrize("halves, gone", [(5, slice(30, 65)), (20, slice(35, 60))])
def test_who_walks_out_of_the_picture_is_gone_with_the_first_shoulder(halves, gone):
    """A head and an arm without a trunk would be left; who is seen by halves for longer stays."""
    track = walker(0, 100, 200, 80)
    track[35:60] = 0
    for half in (slice(35 - halves, 35), slice(60, 60 + halves)):
        track[half, INDEX["left_shoulder"]] = 0
    found = track_performer(crowd(track), 0.32, "none", 0.2).keypoints.any(axis=(1, 2))
    assert not found[gone].any() and found[: gone.start].all() and found[gone.stop :].all()


def test_the_unrest_of_a_hand_is_not_smoothed_away_from_the_person():
    standing = np.repeat(walker(0, 0, 200)[:1], 30, axis=0)
    unrest = np.random.default_rng(0).normal(0, 3, (len(standing), 2))
    maps = np.tile(np.eye(3), (len(standing), 1, 1))
    maps[:, :2, 2] = -unrest
    shaken = standing.copy()
    shaken[..., :2] += np.where(standing[..., 2:] > 0, unrest[:, None], 0).astype(np.float32)
    path = replace(still_path(len(standing), 640, 480), maps=maps, kinds=(SHAKING,))
    with_path = track_performer(crowd(shaken), 0, "gaussian", 0.2, camera=path).keypoints
    without = track_performer(crowd(shaken), 0, "gaussian", 0.2).keypoints
    np.testing.assert_allclose(with_path, shaken, atol=0.01)
    assert np.abs(without - shaken).max() > 1
    still = still_path(len(standing), 640, 480)
    same = track_performer(crowd(shaken), 0, "gaussian", 0.2, camera=still).keypoints
    assert np.array_equal(same, without)
