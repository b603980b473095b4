import numpy as np

from dancenow.plate import fill_smoothly, make_plate, person_mask
from figures import footage, performer


def test_plate_is_the_wall_without_the_person():
    pose = performer(60, width=256, height=128, tall=70)
    moved = pose.keypoints.copy()
    moved[..., 0] += np.where(moved[..., 2] > 0, np.linspace(-80, 80, 60)[:, None], 0)
    pose = pose.replace(keypoints=moved.astype(np.float32))
    frames = footage(pose, background=90)
    assert (frames != 90).any()
    assert np.abs(make_plate(frames, pose, 60).astype(int) - 90).max() <= 1


def test_held_out_frames_are_never_looked_at():
    pose = performer(20)
    frames = footage(pose)
    spoiled = frames.copy()
    spoiled[10:] = 255
    assert np.array_equal(make_plate(frames, pose, 10), make_plate(spoiled, pose, 10))


def test_mask_covers_the_figure_only():
    pose = performer(1, width=256, height=128)
    mask = person_mask(pose.keypoints[0], 256, 128)
    points = pose.keypoints[0][pose.keypoints[0, :, 2] > 0].astype(int)
    assert mask[points[:, 1], points[:, 0]].all()
    assert mask.mean() < 0.35
    assert not person_mask(np.zeros_like(pose.keypoints[0]), 256, 128).any()


def test_filling_keeps_the_known_and_continues_it():
    ramp = np.repeat(np.linspace(40, 200, 64)[None, :, None], 48, axis=0).repeat(3, axis=2).astype(np.uint8)
    known = np.ones((48, 64), bool)
    known[10:40, 20:45] = False
    spoiled = np.where(known[..., None], ramp, 255).astype(np.uint8)
    filled = fill_smoothly(spoiled, known)
    assert np.array_equal(filled[known], ramp[known])
    assert np.abs(filled[~known].astype(int) - ramp[~known]).mean() < 25
    assert np.abs(np.diff(filled[20, :, 0].astype(int))).max() < 40
