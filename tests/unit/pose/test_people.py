"""Everyone in a clip, whoever detects them, with their looks and masks."""

import logging
import re
from fractions import Fraction

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.keypoints import COUNT
from dancenow.pose import movement
from dancenow.pose.looks import CLOTHES_REGIONS
from dancenow.pose.people import detect_people


class Frames(list):
    """Stands for a FrameStore."""

    fps, width, height, cuts = Fraction(30000, 1001), 64, 48, ()


def pictures(*levels):
    return Frames(np.full((48, 64, 3), level, np.uint8) for level in levels)


class Fixed:
    """Finds so many people in each frame, numbered by the frame."""

    name, checkpoint, finds_masks = "fixed", "sha256:0", False

    def __init__(self, counts):
        self.counts = counts

    def detect(self, frames):
        for index, (count, _) in enumerate(zip(self.counts, frames, strict=True)):
            yield np.full((count, COUNT, 3), index, np.float32)

    def follow_mover(self, shown):
        for _ in shown:
            yield from ()


def test_detect_people_keeps_everyone_with_their_frame(caplog):
    with caplog.at_level(logging.INFO):
        people, masks = detect_people(Fixed([0, 2, 1, 0]), pictures(0, 255, 0, 255), "bob")
    assert people.frame.tolist() == [1, 1, 2] and people.frame.dtype == np.int32
    assert people.keypoints[:, 0, 0].tolist() == [1, 1, 2] and people.keypoints.dtype == np.float32
    assert (people.count, people.fps, people.width, people.height) == (4, Fraction(30000, 1001), 64, 48)
    assert (people.estimator, people.checkpoint) == ("fixed", "sha256:0")
    # lightness of a white and of a black picture, at the joints of those found in them
    assert people.looks.shape == (3, CLOTHES_REGIONS, 3) and people.looks.dtype == np.float32
    assert np.allclose(people.looks[..., 0], [[100], [100], [0]], atol=0.01)
    assert "4/4" in caplog.text
    assert len(masks) == 4 and not any(masks[index].any() for index in range(4))


def test_every_shot_is_a_clip_of_its_own():
    """Behind a cut nobody is looked for where they were before it."""
    store = pictures(0, 255, 0, 255, 0)
    store.cuts = [2, 3]
    given = []

    class Following(Fixed):
        def detect(self, frames):
            given.append(list(frames))
            yield from np.full((len(given[-1]), 1, COUNT, 3), len(given), np.float32)

    people, _ = detect_people(Following([]), store, "bob")
    assert [len(shot) for shot in given] == [2, 1, 2]
    assert people.frame.tolist() == [0, 1, 2, 3, 4]
    assert people.keypoints[:, 0, 0].tolist() == [1, 1, 2, 3, 3]


class Masking(Fixed):
    """Gives a mask of as many white rows as it finds people, of frames without any none."""

    finds_masks = True

    def detect(self, frames, masks):
        for index, people in enumerate(super().detect(frames)):
            mask = np.zeros((48, 64), np.uint8)
            mask[: len(people)] = 255
            masks.add(mask if self.counts[index] else None)
            yield people


def test_the_masks_of_an_estimator_that_finds_them_are_kept():
    _, masks = detect_people(Masking([0, 2, 1]), pictures(0, 255, 0), "bob")
    assert (len(masks), masks.width, masks.height) == (3, 64, 48)
    assert [int((masks[index] == 255).sum()) for index in range(3)] == [0, 2 * 64, 64]


class Mover(Masking):
    """Finds one who stands, and when asked who moves, somebody in all frames but the first."""

    def follow_mover(self, shown):
        for index, frame, region in shown:
            assert frame.shape[:2] == region.mask.shape == (48, 64)
            if index:
                yield (
                    index,
                    np.full((COUNT, 3), 9, np.float32),
                    np.where(region.mask, 255, 0).astype(np.uint8),
                )


def square(count=6):
    """Frames with a bright square that moves."""
    store = pictures(*[60] * count)
    store.fps = Fraction(10)
    for index, frame in enumerate(store):
        frame[20:34, 8 * index : 8 * index + 14] = 255
    return store


def test_who_moves_but_was_not_found_is_added(caplog, monkeypatch):
    monkeypatch.setattr(movement.ShotTracker, "add", lambda *_: (np.eye(3), 1.0))
    with caplog.at_level(logging.INFO):
        people, masks = detect_people(Mover([1] * 6), square(), "bob")
    assert people.frame.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert people.keypoints[people.frame == 3, 0, 0].tolist() == [3, 9] and len(people.looks) == 11
    assert masks[3][27, 30] == 255 and masks[3][0].min() == 255 and masks[3][10, 30] == 0
    assert "frames 0 to 5: who moves most had not been found; by the movement now in 5 frames" in caplog.text


def test_what_moves_and_is_nobody_is_told(caplog, monkeypatch):
    monkeypatch.setattr(movement.ShotTracker, "add", lambda *_: (np.eye(3), 1.0))
    people, _ = detect_people(Masking([1] * 6), square(), "bob")
    assert people.frame.tolist() == [0, 1, 2, 3, 4, 5]
    assert re.search(r"warning: from frame 0, what is about \(\d+, 2\d\) px moves more", caplog.text)


def test_a_clip_without_anyone_is_refused():
    with pytest.raises(InputError, match="^bob: .*nobody.*; .+") as caught:
        detect_people(Fixed([0, 0]), pictures(0, 0), "bob")
    assert "\n" not in str(caught.value)
