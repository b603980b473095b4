"""What a dance asks for and the footage never showed: found, named with its moments, and not imputed."""

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.keypoints import INDEX, LEFT_HAND
from dancenow.pages.report.pair import clock, reference_checks, told_moments
from dancenow.pages.report.reports import PlannedTraining, report_pair
from dancenow.references.body_parts import PARTS
from dancenow.references.gaps import Gap, find_gaps, runs
from drawn_people import dancer, drawn
from scenes import clip_files, write_clip

FPS = 25
FRONT = dancer(150)  # its last quarter shows the back
TURNED = 150 * 3 // 4


def cut(pose, frames):
    return pose.part(frames)


def raised(points, frames):
    """The same keypoints with the right arm above the head in these frames."""
    points = points.copy()
    for joint in ("elbow", "wrist"):
        place = INDEX[f"right_{joint}"]
        points[frames, place, 1] = 2 * points[frames, INDEX["right_shoulder"], 1] - points[frames, place, 1]
    return points


def test_a_dance_that_was_shown_has_no_gaps():
    limits, gaps = find_gaps(FRONT, FRONT.keypoints, FPS)
    assert gaps == []
    assert set(limits) == set(PARTS) and all(0.1 <= limit < 2 for limit in limits.values())


def test_a_back_that_was_never_shown_is_one_gap_with_its_moments():
    limits, gaps = find_gaps(FRONT, FRONT.keypoints[:TURNED], FPS)
    assert [(gap.part, gap.how) for gap in gaps] == [("back", "side")]
    assert gaps[0].share == pytest.approx((150 - TURNED) / 150)
    assert gaps[0].moments == [(TURNED / FPS, 150 / FPS)]


def test_a_front_that_was_never_shown_is_one_too():
    gaps = find_gaps(FRONT, FRONT.keypoints[TURNED:], FPS)[1]
    assert [gap.part for gap in gaps][0] == "front"


def test_one_slip_of_the_detector_shows_no_back():
    shown = FRONT.keypoints[: TURNED + 2]
    assert [gap.part for gap in find_gaps(FRONT, shown, FPS)[1]] == ["back"]


def test_a_slip_in_the_dance_is_no_gap():
    dance = cut(FRONT, np.r_[:50, TURNED : TURNED + 3, 50:100])
    assert find_gaps(dance, FRONT.keypoints[:TURNED], FPS)[1] == []


def test_a_part_that_was_never_whole_has_no_limit():
    shown = FRONT.keypoints.copy()
    shown[:, LEFT_HAND, 2] = 0
    limits, gaps = find_gaps(FRONT, shown, FPS)
    assert limits["left_hand"] is None and limits["right_hand"] > 0
    assert [(gap.part, gap.how, gap.share) for gap in gaps] == [("left_hand", "part", 1.0)]


def test_an_arm_above_the_head_and_a_hand_near_the_camera_are_named():
    points = raised(FRONT.keypoints[:100], np.arange(40, 70))
    wrist = points[:, INDEX["left_wrist"], None, :2]
    near = points[80:, LEFT_HAND, :2] - wrist[80:]
    points[80:, LEFT_HAND, :2] = wrist[80:] + 2.5 * near
    dance = cut(FRONT, np.r_[:100]).replace(keypoints=points)
    gaps = {gap.part: gap for gap in find_gaps(dance, FRONT.keypoints, FPS)[1]}
    assert gaps["right_arm"].how == "position" and gaps["right_arm"].moments == [(40 / FPS, 70 / FPS)]
    assert gaps["left_hand"].how == "larger" and gaps["left_hand"].moments == [(80 / FPS, 100 / FPS)]
    assert "left_arm" not in gaps and "head" not in gaps


@pytest.mark.parametrize("frames, known", [(4, False), (12, True)])
def test_one_short_moment_of_the_footage_does_not_make_everything_like_it(frames, known):
    """It is unlike all else that the target shows; a limit that allows for it would find no gap any more."""
    shown = raised(FRONT.keypoints, np.arange(60, 60 + frames))
    limit, plain = (find_gaps(FRONT, points, FPS)[0]["right_arm"] for points in (shown, FRONT.keypoints))
    assert limit > 3 * plain if known else limit < 1.5 * plain


def test_a_part_beyond_the_picture_needs_no_reference():
    shown = FRONT.keypoints * (np.arange(133) < 15)[:, None]  # from the knees up
    missing = {gap.part for gap in find_gaps(FRONT, shown, FPS)[1]}
    assert {"left_leg", "right_leg", "left_foot", "right_foot"} <= missing
    above = FRONT.replace(height=int(FRONT.keypoints[:, INDEX["left_hip"], 1].min()) - 1)
    assert not {"left_leg", "right_leg", "left_foot", "right_foot"} & {
        gap.part for gap in find_gaps(above, shown, FPS)[1]
    }


def test_footage_without_a_foot_is_refused():
    shown = FRONT.keypoints * (np.arange(133) < 11)[:, None]
    with pytest.raises(InputError, match="no training frame shows a head and a foot"):
        find_gaps(FRONT, shown, FPS)


def test_stretches_are_joined_and_slips_left_out():
    frames = np.zeros(40, bool)
    frames[[3, 10, 11, 12, 16, 17, 18, 39]] = True
    assert runs(frames, 5, 3) == [(10, 19)]
    assert runs(frames, 1, 3) == [(10, 13), (16, 19)]
    assert runs(np.ones(4, bool), 5, 3) == [(0, 4)]


def test_moments_are_told_in_minutes_and_seconds_the_longest_of_many():
    assert clock(0.99) == "0:00" and clock(83.2) == "1:23"
    assert told_moments([(3.0, 3.4), (61.2, 64.0)]) == "0:03, 1:01 to 1:04"
    many = [(10.0 * n, 10.0 * n + 1 + n) for n in range(8)]
    assert told_moments(many).startswith("0:20 to 0:23, ") and told_moments(many).endswith(" and 2 more")


@pytest.mark.parametrize(
    "gap, name, level, words",
    [
        (
            Gap("back", "side", 0.05, [(1.0, 2.5)]),
            "never shown, back",
            "will show",
            "anna's back was never shown",
        ),
        (
            Gap("left_foot", "part", 0.8, [(0.0, 9.0)]),
            "never shown, left foot",
            "will show",
            "was never shown",
        ),
        (
            Gap("head", "side", 0.2, [(1.0, 1.4)]),
            "unlike, head",
            "will show",
            "seen from a side that anna never",
        ),
        (
            Gap("left_hand", "larger", 0.11, [(61.0, 63.0)]),
            "unlike, left hand",
            "will show",
            "than anna ever",
        ),
        (
            Gap("right_arm", "position", 0.09, [(1.0, 2.0)]),
            "unlike, right arm",
            "good",
            "in positions that anna",
        ),
    ],
)
def test_a_gap_becomes_a_check(gap, name, level, words):
    (check,) = reference_checks([gap], ("tango", "anna"))
    assert (check.name, check.level, check.value) == (name, level, gap.share)
    assert words in check.text and check.text.endswith(f"% of tango: {told_moments(gap.moments)}")
    assert bool(check.advice) == (level != "good")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Clips of somebody who shows all sides, of the same from the front alone, and of a dance of both."""
    place = tmp_path_factory.mktemp("clips")
    pose = FRONT.replace(fps=Fraction(FPS))
    frames, masks = drawn(pose, 150.0)
    # before a plain wall the figure itself is all that tells of the camera
    wall = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 60, frames.shape[1:]), (0, 0), 2)
    frames = np.where(masks[..., None] > 0, frames, np.clip(frames + wall, 0, 255)).astype(np.uint8)
    for name, own in {"front": np.r_[:TURNED], "round": np.r_[:150], "dance": np.r_[60:150]}.items():
        write_clip(place, name, cut(pose, own), frames[own])
    return place


def report(folder, target, references=True):
    page, told = folder / f"{target}.html", folder / f"{target}.report.json"
    clips = (clip_files(folder, name, smoothing="none") for name in (target, "dance"))
    report_pair(*clips, "source", PlannedTraining(0.0, True, references), page, told)
    return page.read_text(), json.loads(told.read_text())


def test_the_report_says_what_was_never_shown_and_when(folder):
    page, told = report(folder, "front")
    (gap,) = told["references"]["gaps"]
    assert (gap["part"], gap["how"]) == ("back", "side")
    (check,) = [item for item in told["checks"] if item["name"].startswith(("never shown", "unlike"))]
    assert check["level"] == "will show" and check["roles"] == ["target"]
    assert check["text"] == "front's back was never shown, for 42% of dance: 0:02 to 0:03"
    assert "turn around slowly" in check["advice"]
    assert "back was never shown" in page and "Parts that no piece of the footage shows" in page


def test_the_report_has_no_complaint_where_all_was_shown(folder):
    page, told = report(folder, "round")
    assert told["references"]["gaps"] == []
    assert not [item for item in told["checks"] if item["name"].startswith(("never shown", "unlike"))]
    assert "Parts that no piece" not in page


def test_without_references_nothing_is_said_of_them(folder):
    page, told = report(folder, "front", references=False)
    assert told["references"] is None and "Parts that no piece" not in page
