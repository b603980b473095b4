"""Before a plain wall only who is seen tells that the framing changes."""

from fractions import Fraction

import numpy as np
import pytest

from dancenow.camera.figures import Figures
from dancenow.camera.find import find_path
from dancenow.keypoints import BODY, INDEX, People
from performers import performer

SIZE, COUNT, FIRST, SECOND = (160, 192), 120, 40, 80
FADE = 8  # frames to each side


def people_of(keypoints, count=COUNT):
    seen = np.flatnonzero(keypoints.any(axis=(1, 2))).astype(np.int32)
    return People(keypoints[seen], seen, count, Fraction(25), *SIZE, "test", "sha256:0")


def zoomed(keypoints, frames, zoom, middle=(80.0, 90.0)):
    """The keypoints, in some frames as a nearer framing shows them; what it cuts off is missing."""
    keypoints = keypoints.copy()
    near = (keypoints[frames, :, :2] - middle) * zoom + middle
    inside = ((near >= 0) & (near <= np.array(SIZE) - 1)).all(axis=2, keepdims=True)
    keypoints[frames, :, :2] = near
    keypoints[frames] *= inside & (keypoints[frames, :, 2:] > 0)
    return keypoints


def dance():
    return performer(COUNT, *SIZE, tall=110.0).keypoints


@pytest.mark.parametrize("kind", ["cross-fade", "black"])
def test_fades_between_framings_before_a_curtain_are_found_and_the_scene_comes_back(kind):
    keypoints = zoomed(dance(), slice(FIRST, SECOND), 1.6)
    curtain = np.tile(170 + 10 * np.sin(np.arange(SIZE[0]) / 9), (SIZE[1], 1))
    frames = []
    for index, points in enumerate(keypoints):
        frame = curtain.copy()
        for x, y, confidence in points[BODY]:
            if confidence:
                frame[max(0, int(y) - 6) : int(y) + 6, max(0, int(x) - 6) : int(x) + 6] = 60
        away = min(abs(index - FIRST), abs(index - SECOND))
        share = min(1, away / FADE) if kind == "black" else 1
        frames.append(np.repeat((share * frame).astype(np.uint8)[..., None], 3, axis=2))
    if kind == "black":  # nobody is found in the dark
        keypoints[[*range(FIRST - 2, FIRST + 2), *range(SECOND - 2, SECOND + 2)]] = 0
    path = find_path(frames, people_of(keypoints), [])
    assert path.scenes == (0, 1, 0) and [first for first, _ in path.shot_frames()] == [0, FIRST, SECOND]
    assert find_path(frames, people_of(dance()), []).scenes == (0,)


def test_who_bends_or_walks_up_is_no_change_of_framing():
    squat = dance().copy()
    hips = squat[:, [INDEX["left_hip"], INDEX["right_hip"]], 1].mean(axis=1)
    for joint in ("knee", "ankle"):  # within a frame both legs are half as long
        for side in ("left", "right"):
            place = squat[50:, INDEX[f"{side}_{joint}"], 1]
            squat[50:, INDEX[f"{side}_{joint}"], 1] = (place + hips[50:]) / 2
    still = np.tile(np.eye(3), (COUNT, 1, 1))
    assert Figures(people_of(squat)).jumps(0, still) == []
    nearer = np.concatenate(
        [zoomed(dance(), slice(i, i + 1), 1 + i / COUNT)[i : i + 1] for i in range(COUNT)]
    )
    assert Figures(people_of(nearer)).jumps(0, still) == []
    # a punch-in that the camera's path knows is no other framing
    known = still.copy()
    known[60:, :2, :2] /= 1.6
    near = Figures(people_of(zoomed(dance(), slice(60, COUNT), 1.6)))
    assert near.jumps(0, still) == [60] and near.jumps(0, known) == []
    assert near.zoom(59, 60) == pytest.approx(1.6, rel=0.02)
