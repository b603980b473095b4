import numpy as np
import pytest

from dancenow.keypoints import People
from dancenow.model.background import make_background, person_mask
from performers import footage, performer


def test_background_is_the_wall_without_the_person():
    pose = performer(60, width=256, height=128, tall=70)
    moved = pose.keypoints.copy()
    moved[..., 0] += np.where(moved[..., 2] > 0, np.linspace(-80, 80, 60)[:, None], 0)
    pose = pose.replace(keypoints=moved.astype(np.float32))
    frames = footage(pose, background=90)
    assert (frames != 90).any()
    assert np.abs(make_background(frames, pose, 60).astype(int) - 90).max() <= 1


def test_held_out_frames_are_never_looked_at():
    pose = performer(20)
    frames = footage(pose)
    spoiled = frames.copy()
    spoiled[10:] = 255
    assert np.array_equal(make_background(frames, pose, 10), make_background(spoiled, pose, 10))


@pytest.fixture
def with_another():
    """Frames, the performer's Pose, everyone as People, and where the second person stands: at the left.

    The performer walks from the middle to the right edge; `moves` says whether the other sways.
    """

    def make(moves):
        pose = performer(60, width=256, height=128, tall=70)
        walked, other = pose.keypoints.copy(), pose.keypoints.copy()
        walked[..., 0] += np.where(walked[..., 2] > 0, np.linspace(0, 90, 60)[:, None], 0)
        other[..., 0] -= np.where(other[..., 2] > 0, 80, 0)
        if not moves:
            other[:] = other[:1]
        frames = footage(pose.replace(keypoints=walked))
        blocks = footage(pose.replace(keypoints=other))
        frames[:, :, :90] = blocks[:, :, :90]
        people = People(
            np.stack([walked, other], axis=1).reshape(-1, 133, 3),
            np.repeat(np.arange(60, dtype=np.int32), 2),
            60, pose.fps, pose.width, pose.height, pose.estimator, pose.checkpoint,
        )  # fmt: skip
        return frames, pose.replace(keypoints=walked), people

    return make


def test_a_second_person_who_moves_is_no_part_of_the_background(with_another):
    frames, pose, people = with_another(moves=True)
    ghost = make_background(frames, pose, 60)
    assert (ghost[:, :90] != 90).any()
    assert np.abs(make_background(frames, pose, 60, people=people).astype(int) - 90).max() <= 1


def test_who_never_moves_is_part_of_the_scene(with_another):
    frames, pose, people = with_another(moves=False)
    background = make_background(frames, pose, 60, people=people)
    assert np.array_equal(background[:, :90], frames[0, :, :90])
    assert np.abs(background[:, 90:].astype(int) - 90).max() <= 1


def test_mask_covers_the_figure_only():
    pose = performer(1, width=256, height=128)
    mask = person_mask(pose.keypoints[0], 256, 128)
    points = pose.keypoints[0][pose.keypoints[0, :, 2] > 0].astype(int)
    assert mask[points[:, 1], points[:, 0]].all()
    assert mask.mean() < 0.35
    assert not person_mask(np.zeros_like(pose.keypoints[0]), 256, 128).any()


def test_who_lies_is_masked_as_thick_as_who_stands():
    standing = performer(1, width=128, height=128, tall=100).keypoints[0]
    lying = standing[:, [1, 0, 2]]
    assert np.array_equal(person_mask(lying, 128, 128), person_mask(standing, 128, 128).T)


def test_a_shadow_that_lies_there_most_of_the_time_is_no_part_of_the_background():
    pose = performer(60, width=256, height=128, tall=70)
    frames = footage(pose, background=90).copy()
    frames[10:, 100:110, 180:220] = np.rint(0.6 * frames[10:, 100:110, 180:220]).astype(np.uint8)
    # a light that is switched is no shadow: another share in each colour
    frames[10:, 20:40, 20:40] = (90, 60, 30)
    background = make_background(frames, pose, 60).astype(int)
    assert np.abs(background[98:112, 178:222] - 90).max() <= 2
    assert np.abs(background[22:38, 22:38] - (90, 60, 30)).max() <= 1


def test_a_place_that_is_lit_in_one_of_twenty_frames_is_known_as_lit():
    pose = performer(60, width=256, height=128, tall=70)
    frames = footage(pose, background=90).copy()
    for start, light in ((4, 0.8), (24, 0.6)):  # a body's shadow, and at times the edge of it alone
        frames[start:, 100:110, 180:220] = round(90 * light)
    assert np.abs(make_background(frames, pose, 60)[98:112, 178:222].astype(int) - 90).max() <= 2


def test_who_sways_is_brightened_no_more_than_who_stands():
    pose, random = performer(60, width=256, height=128, tall=70), np.random.default_rng(0)
    frames = footage(pose, background=90).copy()
    shirt = random.integers(40, 250, (24, 12, 1)).repeat(3, axis=2)
    for number, frame in enumerate(frames):
        left = 20 + number % 4
        frame[20:44, left : left + 12] = shirt
    usual = np.median(frames, axis=0)[16:48, 14:42]
    assert np.abs(make_background(frames, pose, 60)[16:48, 14:42].astype(int) - usual).max() <= 1
