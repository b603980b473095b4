from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from dancenow.camera.view import save_view
from dancenow.errors import InputError
from dancenow.evaluation import evaluate as evaluation
from dancenow.evaluation.evaluate import (
    ChosenFrames,
    EvaluationFiles,
    TrainingFrames,
    evaluate,
    evaluate_heldout,
    evaluate_transfer,
    nearest_neighbours,
)
from dancenow.evaluation.evaluation_tables import markdown_page, markdown_table
from dancenow.evaluation.lpips import build_lpips, convert, load_judges
from dancenow.evaluation.names import (
    BACKGROUND,
    FACE,
    FRAME,
    HANDS,
    MASK,
    NEIGHBOUR,
    PERSON,
    REGIONS,
    RESULT,
    TRUTH,
)
from dancenow.evaluation.picture_series import PictureSeries, Truth
from dancenow.evaluation.series import load_series
from dancenow.figures.measures import scores_by_row
from dancenow.files import read_json, write_json
from dancenow.keypoints import BODY_NAMES, COUNT, FEET, INDEX, Pose, save_pose
from dancenow.video.media import encode, probe
from tiny_lpips import tiny_arrays
from tripod import still_view

WITHOUT_LPIPS = {"network": None, "weights": None, "sha256": None, "reason": "no index"}
SIZE = 96  # px of the square frames
# keypoints about the body's centre
FIGURE = np.random.default_rng(3).uniform(-1, 1, (FEET.stop, 2)) * (6, 20)
FIGURE[INDEX["nose"]], FIGURE[INDEX["left_heel"]] = (0, -28), (0, 28)


@pytest.fixture(scope="module")
def judges():
    return load_judges(WITHOUT_LPIPS)


def pose_at(x, y=48, lean=0.0):
    """A person whose body is centred at (x, y) px; lean moves keypoints by their height."""
    pose = np.zeros((COUNT, 3), np.float32)
    pose[: FEET.stop, :2] = FIGURE + (x, y)
    pose[: FEET.stop, 0] += lean * FIGURE[:, 1]
    pose[: FEET.stop, 2] = 1
    return pose


BACKGROUND_FRAME = np.tile(np.linspace(40, 90, SIZE).astype(np.uint8)[None, :, None], (SIZE, 1, 3))


def frame_at(x):
    """The background with a textured person centred at x; FakeEstimator can find it again."""
    frame = BACKGROUND_FRAME.copy()
    texture = 180 + 40 * np.sin(np.arange(56) / 2)
    frame[20:76, x - 6 : x + 7] = texture[:, None, None].astype(np.uint8)
    return frame


class FakeEstimator:
    """Finds the bright columns of frame_at, and only those."""

    def detect(self, frames):
        for frame in frames:
            columns = np.flatnonzero(frame[48, :, 0] > 120)
            yield pose_at(columns.mean())[None] if len(columns) else np.zeros((0, COUNT, 3), np.float32)


def places(count):
    return [30 + (7 * index) % 37 for index in range(count)]


def seen(*training_places):
    """TrainingFrames with the person at these places."""
    poses = np.stack([pose_at(x) for x in training_places])
    return TrainingFrames([frame_at(x) for x in training_places], poses)


def scores_of(result_places, truth_places, training_places, judges):
    return evaluate(
        {RESULT: [frame_at(x) for x in result_places]},
        Truth([frame_at(x) for x in truth_places], BACKGROUND_FRAME),
        seen(*training_places),
        np.stack([pose_at(x) for x in truth_places]),
        FakeEstimator(),
        judges,
        seed=0,
    )


def test_nearest_neighbour_is_the_closest_training_pose():
    training = np.stack([pose_at(20), pose_at(40), pose_at(40, lean=0.5), pose_at(70)])
    asked = np.stack([pose_at(66), pose_at(41), pose_at(39, lean=0.45), pose_at(5)])
    assert nearest_neighbours(asked, training).tolist() == [3, 1, 2, 0]


def test_nearest_neighbour_compares_keypoints_present_in_both():
    asked = pose_at(40)
    far_but_whole, near_without_a_wrist = pose_at(60), pose_at(42)
    near_without_a_wrist[INDEX["left_wrist"]] = 0
    assert nearest_neighbours(asked[None], np.stack([far_but_whole, near_without_a_wrist])).tolist() == [1]
    # one keypoint in the right place is no pose
    one_point = np.zeros_like(asked)
    one_point[0] = asked[0]
    assert nearest_neighbours(asked[None], np.stack([one_point, far_but_whole])).tolist() == [1]
    assert nearest_neighbours(asked[None], np.stack([np.zeros_like(asked), one_point])).tolist() == [1]


def test_of_long_footage_so_many_poses_are_compared_evenly(monkeypatch):
    monkeypatch.setattr(evaluation, "NEIGHBOURS", 5)
    training = np.stack([pose_at(x) for x in range(20, 61)])
    found = nearest_neighbours(np.stack([pose_at(x) for x in (20, 24, 41, 60)]), training)
    assert found.tolist() == [0, 0, 20, 40]


def test_nearest_neighbour_ignores_feet_face_and_hands():
    asked = pose_at(40)
    feet_elsewhere, shifted = asked.copy(), pose_at(41)
    feet_elsewhere[len(BODY_NAMES) - 6 :, :2] += 50
    assert nearest_neighbours(asked[None], np.stack([shifted, feet_elsewhere])).tolist() == [1]


@pytest.fixture(scope="module")
def perfect(judges):
    """The report of 30 frames that are the truth's."""
    return scores_of(places(30), places(30), [20, 75], judges)


def test_a_perfect_result_beats_both_baselines(perfect):
    report = perfect
    assert report["frames"] == report["frames_compared"] == 30
    assert report["body_height_px"] == pytest.approx(56, abs=0.1)
    scores = report["scores"]
    assert scores[RESULT]["ssim"]["mean"] == pytest.approx(1)
    assert scores[RESULT]["lpips_form"]["mean"] == pytest.approx(0, abs=1e-5)
    assert scores[RESULT]["pose_error_with_misses"]["mean"] == 0
    assert scores[BACKGROUND]["pose_error"]["mean"] is None
    assert scores[BACKGROUND]["missed"]["mean"] == 100
    assert scores[BACKGROUND]["pose_error_with_misses"]["mean"] == 50
    for row in (BACKGROUND, NEIGHBOUR):
        for key in ("ssim", "lpips_form", "pose_error_with_misses"):
            assert report["gains"][row][key]["mean"] > 0, (row, key)


def test_what_a_perfect_result_has_by_region_by_part_and_over_time(perfect):
    report, regions = perfect, perfect["regions"]
    # the figure has no face and no hands, but a nose
    assert regions["every"] == 2
    assert regions["frames"] == {FRAME: 15, PERSON: 30, MASK: 15, FACE: 15, HANDS: 0}
    perfect = regions["scores"][RESULT]
    for region in (FRAME, PERSON, MASK, FACE):
        assert perfect[region]["ssim"]["mean"] == pytest.approx(1)
        assert regions["gains"][NEIGHBOUR][region]["lpips_form"]["mean"] > 0
    assert perfect[HANDS]["ssim"]["mean"] is None
    assert perfect[PERSON]["kid"]["mean"] == pytest.approx(0, abs=1e-9)
    assert regions["scores"][BACKGROUND][PERSON]["kid"]["mean"] > 0
    pose = report["pose"]["scores"]
    for reference in ("driving", "truth"):
        assert pose[RESULT][reference]["body"]["distance_px"]["mean"] == pytest.approx(0, abs=1e-4)
        assert pose[BACKGROUND][reference]["body"]["missed_per_frame"]["mean"] == FEET.stop
        assert pose[RESULT][reference]["face"]["pck"]["mean"] is None
    assert report["pose"]["gains"][BACKGROUND]["driving"]["all"]["pck"]["mean"] == 100
    time = report["time"]
    assert time["scores"][RESULT] == time["scores"][TRUTH]
    assert time["scores"][RESULT]["difference_error"]["mean"] == 0
    assert time["gains"][BACKGROUND]["difference_error"]["mean"] > 0
    assert "flicker" not in time["gains"][BACKGROUND]


def test_with_lpips_it_is_measured_for_every_row_and_region(judges):
    tiny = build_lpips(convert(tiny_arrays()))
    report = scores_of(places(6), places(6), [20, 75], {"lpips": tiny} | judges)
    assert report["judges"] == {"lpips": "lpips-alexnet", "lpips_form": "efficientnet-lite1"}
    assert report["scores"][RESULT]["lpips"]["mean"] == pytest.approx(0, abs=1e-6)
    for row in (BACKGROUND, NEIGHBOUR):
        assert report["gains"][row]["lpips"]["mean"] > 0.01
        for region in (FRAME, PERSON, MASK, FACE):
            assert report["regions"]["scores"][row][region]["lpips"]["mean"] > 0, (row, region)
    assert ("regions", FACE, "lpips") in scores_by_row(report)[BACKGROUND]
    assert markdown_page(report, "x").count("| LPIPS ↓ | LPIPS-form (efficientnet-lite1) ↓ |") == 2


def test_more_results_are_more_rows_and_the_first_has_the_gains(judges):
    truth = [frame_at(40), frame_at(45)] * 2
    asked = np.stack([pose_at(40), pose_at(45)] * 2)
    rows = {"full": truth, "fbf": [frame_at(42)] * 4}
    given = Truth(truth, BACKGROUND_FRAME), seen(40), asked, FakeEstimator(), judges
    report = evaluate(rows, *given, seed=0)
    everyone = {"full", "fbf", BACKGROUND, NEIGHBOUR}
    for section in (report, report["regions"], report["pose"]):
        assert section["scores"].keys() == everyone
        assert section["gains"].keys() == everyone - {"full"}
    assert report["time"]["scores"].keys() == everyone | {TRUTH}
    assert report["gains"]["fbf"]["ssim"]["mean"] > 0
    page = markdown_page(report, "alice")
    assert "| full better than fbf by |" in page
    rows["fbf"] = rows["fbf"][:3]
    with pytest.raises(InputError, match="the fbf has 3 frames, truth 4"):
        evaluate(rows, *given, seed=0)


def test_a_result_that_shows_nobody_does_not_beat_the_background(judges):
    truth = places(8)
    report = evaluate(
        {RESULT: [BACKGROUND_FRAME] * 8},
        Truth([frame_at(x) for x in truth], BACKGROUND_FRAME),
        seen(40),
        np.stack([pose_at(x) for x in truth]),
        FakeEstimator(),
        judges,
        seed=0,
    )
    for key in ("ssim", "psnr", "lpips_form", "missed", "pose_error_with_misses"):
        assert report["gains"][BACKGROUND][key]["mean"] == 0
    assert report["gains"][NEIGHBOUR]["pose_error_with_misses"]["mean"] < 0


def test_pose_error_is_in_percent_of_the_body_height(judges):
    truth = places(8)
    report = scores_of([x + 4 for x in truth], truth, [40], judges)
    assert report["scores"][RESULT]["pose_error"]["mean"] == pytest.approx(100 * 4 / 56, rel=1e-3)


def test_frames_without_a_person_in_the_truth_are_left_out(judges):
    truth = [frame_at(x) for x in places(8)]
    truth[5] = BACKGROUND_FRAME
    result = [frame_at(x) for x in places(8)]
    asked = np.stack([pose_at(x) for x in places(8)])
    report = evaluate(
        {RESULT: result},
        Truth(truth, BACKGROUND_FRAME),
        seen(places(8)[0]),
        asked,
        FakeEstimator(),
        judges,
        seed=0,
    )
    assert (report["frames"], report["frames_compared"]) == (8, 7)
    assert report["scores"][RESULT]["ssim"]["mean"] == pytest.approx(1)


def test_lengths_that_differ_are_refused(judges):
    with pytest.raises(InputError, match="the result has 3 frames, truth 4, driving pose 4"):
        scores_of(places(3), places(4), [40], judges)


def test_a_truth_without_a_person_is_refused(judges):
    asked = np.stack([pose_at(40)] * 2)
    with pytest.raises(InputError, match="the truth: no frame shows a person"):
        evaluate(
            {RESULT: [frame_at(40)] * 2},
            Truth([BACKGROUND_FRAME] * 2, BACKGROUND_FRAME),
            seen(40),
            asked,
            FakeEstimator(),
            judges,
            seed=0,
        )


def test_chosen_frames_are_sized_and_iterable_twice():
    chosen = ChosenFrames([10, 11, 12, 13], [3, 1, 1])
    assert len(chosen) == 3
    assert list(chosen) == list(chosen) == [13, 11, 11]


class Store(list):
    def __init__(self, path):
        super().__init__(frame_at(x) for x in places(40))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Videos and poses of a target with 40 frames, 8 held out, and a transfer of 6; the rest is faked."""
    monkeypatch.setattr(evaluation, "open_steady", lambda path, view, view_path: Store(path))
    save_view(tmp_path / "steady.npz", still_view(40, SIZE, SIZE))
    monkeypatch.setattr(evaluation, "open_estimator", lambda decision, threads: FakeEstimator())
    monkeypatch.setattr(evaluation, "read_png", lambda path, size: BACKGROUND_FRAME)
    write_json(tmp_path / "estimator.json", {"estimator": "a stand-in"})
    write_json(tmp_path / "lpips.json", WITHOUT_LPIPS)

    def video(name, xs):
        encode(tmp_path / name, (frame_at(x) for x in xs), Fraction(25), SIZE, SIZE)
        assert probe(tmp_path / name)["frames"] == len(xs)
        return tmp_path / name

    def pose(name, xs):
        keypoints = np.stack([pose_at(x) for x in xs])
        save_pose(tmp_path / name, Pose(keypoints, Fraction(25), SIZE, SIZE, "fake", "sha256:0"))
        return tmp_path / name

    dance = [35, 40, 45, 50, 55, 60]
    video("heldout.mp4", places(40)[32:])
    return EvaluationFiles(
        video=video("result.mp4", dance),
        truth=video("truth.mp4", dance),
        background=tmp_path / "background.png",
        frames=tmp_path / "frames.avi",
        steady=tmp_path / "steady.npz",
        target_pose=pose("target.npz", places(40)),
        driving_pose=pose("asked.npz", dance),
        decision=tmp_path / "estimator.json",
        lpips=tmp_path / "lpips.json",
        metrics=tmp_path / "metrics.json",
        table=tmp_path / "metrics.md",
        series=tmp_path / "frames.npz",
    )


def test_transfer_from_files(files, tmp_path, caplog):
    caplog.set_level("INFO")
    evaluate_transfer(files, holdout=0.2, seed=0, threads=1)
    report = read_json(tmp_path / "metrics.json")
    assert report["frames"] == 6
    assert report["scores"][RESULT]["ssim"]["mean"] == pytest.approx(1)
    assert report["scores"][RESULT]["pose_error"]["mean"] == pytest.approx(0, abs=0.5)
    series = load_series(tmp_path / "frames.npz")
    assert np.mean(series[RESULT][("ssim",)]) == pytest.approx(report["scores"][RESULT]["ssim"]["mean"])
    own = {key for key, values in series[BACKGROUND].items() if len(values) == 6}
    assert {("regions", "frame", "ssim"), ("pose", "driving", "all", "pck"), ("time", "flicker")} <= own
    assert report["lpips"] == {"sha256": None, "reason": "no index"}
    page = (tmp_path / "metrics.md").read_text()
    assert "\n\nLPIPS: no index.\n\n" in page
    assert page == markdown_page(report, "result")
    assert page in caplog.text
    assert markdown_table(report) in page


def test_heldout_from_files(files, tmp_path, monkeypatch):
    seen = []

    def spy(asked, training):
        seen.extend([asked, training])
        return np.zeros(len(asked), int)

    monkeypatch.setattr(evaluation, "nearest_neighbours", spy)
    files = replace(files, video=tmp_path / "heldout.mp4")
    evaluate_heldout(files, holdout=0.2, seed=0, threads=1)
    report = read_json(tmp_path / "metrics.json")
    assert report["frames"] == 8
    assert report["scores"][RESULT]["ssim"]["mean"] > 0.95  # the video is compressed, the truth is not
    asked, training = seen
    np.testing.assert_array_equal(asked, np.stack([pose_at(x) for x in places(40)[32:]]))
    np.testing.assert_array_equal(training, np.stack([pose_at(x) for x in places(40)[:32]]))


def test_of_a_moving_camera_each_held_out_frame_is_compared_where_it_shows_something(files, monkeypatch):
    given = []
    monkeypatch.setattr(evaluation, "_evaluate_files", lambda _, truth, *rest: given.append(truth))
    monkeypatch.setattr(evaluation, "valid_of", lambda frames, index: f"of frame {index}")
    evaluate_heldout(files, holdout=0.2, seed=0, threads=1)
    assert [given[0].valid(number) for number in (0, 7)] == ["of frame 32", "of frame 39"]


def test_neighbouring_frames_are_no_independent_samples_of_a_region():
    """Ten of two seconds are two: their kernel distance has no interval."""
    random, nothing = np.random.default_rng(0), dict.fromkeys(["ssim", "lpips_form"], np.full(50, np.nan))
    rows = {RESULT, BACKGROUND, TRUTH}
    pictures = PictureSeries(
        every=5,
        images={row: dict.fromkeys(REGIONS, nothing) for row in (RESULT, BACKGROUND)},
        time={},
        features={PERSON: {row: random.normal(size=(10, 4)) for row in sorted(rows)}},
        sampled={PERSON: np.arange(0, 50, 5)},
    )
    kid = evaluation._regions(pictures, 0)["scores"][RESULT][PERSON]["kid"]
    assert kid["mean"] is not None and kid["low"] is kid["high"] is None


def test_heldout_of_another_length_is_refused_and_nothing_is_written(files, tmp_path):
    with pytest.raises(InputError, match="the result has 6 frames, truth 8"):
        evaluate_heldout(files, holdout=0.2, seed=0, threads=1)
    assert not (tmp_path / "metrics.json").exists()
