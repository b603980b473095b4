from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dancenow.camera.path import CameraPath
from dancenow.camera.scene import place_view, steady_view
from dancenow.camera.steady_frames import HalvedFrames, SteadyFrames
from dancenow.evaluation.names import FRAME, PERSON
from dancenow.evaluation.regions import regions_of
from dancenow.model.background import make_background
from dancenow.model.losses import mask_error
from dancenow.model.performer_masks import performer_masks
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.trainer import counted
from handheld_scene import CANVAS, HEIGHT, WIDTH, Store, filmed, handheld, scene, view_of
from performers import footage, performer
from tripod import still_path

COUNT = 40


@pytest.fixture(scope="module")
def target():
    """A performer who walks before a pattern, filmed by hand: frames, view, pose on the canvas, pattern."""
    room, maps = scene(), handheld(COUNT)
    pose = performer(COUNT, *CANVAS, tall=60)
    keypoints = pose.keypoints.copy()
    keypoints[..., 0] += np.where(keypoints[..., 2] > 0, np.linspace(-35, 35, COUNT)[:, None], 0)
    pose = pose.replace(keypoints=keypoints.astype(np.float32))
    drawn = footage(pose, background=0)
    pictures = np.where((drawn > 0).any(axis=3, keepdims=True), drawn, room)
    frames = [filmed(picture, maps[index : index + 1])[0] for index, picture in enumerate(pictures)]
    return SimpleNamespace(frames=SteadyFrames(Store(frames), view_of(maps)), pose=pose, room=room)


def shots(kinds, lengths, scenes=()):
    """The CameraPath of a camera that goes to the right in those shots in which it moves."""
    shot = np.repeat(np.arange(len(kinds)), lengths)
    maps = np.tile(np.eye(3), (len(shot), 1, 1))
    maps[:, 0, 2] = np.linspace(-300, 40, len(shot))
    extent = np.zeros((len(kinds), 4))
    return CameraPath(maps, np.ones(len(shot), np.float32), shot, tuple(kinds), extent, 128, 96, scenes)


def test_the_background_is_what_the_camera_saw_of_the_scene(target):
    background = make_background(target.frames, target.pose, COUNT)
    assert background.shape == (CANVAS[1], CANVAS[0], 3)
    seen = np.mean([target.frames.valid(index) for index in range(COUNT)], axis=0) > 0.2
    assert 0.3 < seen.mean() < 0.9
    assert np.abs(background.astype(int) - target.room)[seen].mean() < 2
    # what no frame shows goes on from what lies beside it
    assert np.abs(background[~seen].mean(axis=0) - target.room[~seen].mean(axis=0)).max() < 30


def test_the_mask_ends_where_the_frame_does(target):
    masks, _ = performer_masks(target.frames, target.pose, None, COUNT)
    for index in (0, 20, 39):
        assert masks[index].shape == (CANVAS[1], CANVAS[0])
        assert not masks[index][~target.frames.valid(index)].any()
    assert masks[20].any()


def test_a_sample_tells_what_its_frames_show(target):
    background = np.full((CANVAS[1], CANVAS[0], 3), 7, np.uint8)
    batch = ClipSampler(TrainingFootage(target.frames, target.pose, background, [CANVAS], COUNT), 1, 0)(3)
    seen = batch["valid"].expand_as(batch["image"]) > 0
    assert set(batch["valid"].unique().tolist()) == {0, 255}
    assert (batch["image"][~seen] == 7).all() and (batch["image"][seen] != 7).float().mean() > 0.9
    whole = ClipSampler(TrainingFootage(target.frames, target.pose, None, [CANVAS], COUNT), 1, 0)(3)
    assert (whole["image"][~(whole["valid"].expand_as(whole["image"]) > 0)] == 0).all()
    still = ClipSampler(
        TrainingFootage(footage(target.pose), target.pose, background, [CANVAS], COUNT), 1, 0
    )(3)
    assert "valid" not in still


def test_what_a_frame_does_not_show_costs_nothing():
    fake, logit = torch.rand(2, 2, 3, 8, 8, requires_grad=True), torch.rand(2, 1, 8, 8, requires_grad=True)
    valid = (torch.arange(8) < 5).float().expand(2, 2, 1, 8, 8)
    loss = (counted(fake, torch.zeros(2, 2, 3, 8, 8), valid) - 1).square().sum()
    loss = loss + mask_error(logit, torch.ones(2, 1, 8, 8), valid[:, 0])
    loss.backward()
    assert not fake.grad[..., 5:].any() and fake.grad[..., :5].all()
    assert not logit.grad[..., 5:].any() and logit.grad[..., :5].all()
    assert counted(fake, None, None) is fake


def test_halved_frames_know_what_they_show(target):
    view = target.frames.view
    framed = SteadyFrames(target.frames.store, view.framed())
    halves = [framed[index][::2, ::2] for index in range(COUNT)]
    frames = HalvedFrames(Store(halves), view)
    assert (frames.width, frames.height) == (WIDTH // 2, HEIGHT // 2)
    for index in (0, 39):
        whole = framed.valid(index)
        whole = np.ones((HEIGHT, WIDTH), bool) if whole is None else whole
        half = frames.valid(index)
        half = np.ones((HEIGHT // 2, WIDTH // 2), bool) if half is None else half
        assert not (half & ~whole[::2, ::2]).any()
        assert (whole[::2, ::2] & ~half).mean() < 0.1


def test_the_scene_that_shows_the_performer_longest_is_used():
    pose = performer(30)
    assert place_view(shots(["still", "unknown"], [20, 10], (0, 0)), pose).still
    view = place_view(shots(["still", "moving", "still"], [10, 8, 12], (0, 1, 0)), pose)
    assert view.used.tolist() == [*range(10), *range(18, 30)] and view.unmoved and not view.still
    assert view.cuts([10, 18]) == [10]
    moving = place_view(shots(["still", "moving"], [8, 22]), pose)
    assert moving.used.tolist() == list(range(8, 30)) and not moving.unmoved
    keypoints = pose.keypoints.copy()
    keypoints[9:] = 0
    absent = place_view(shots(["still", "moving"], [8, 22]), pose.replace(keypoints=keypoints))
    assert absent.used.tolist() == list(range(8))


def test_a_tripods_frames_change_only_if_the_light_does():
    room, pose = scene(), performer(COUNT, *CANVAS, tall=60)
    path, swing = still_path(COUNT, *CANVAS), np.sin(np.linspace(0, 5, COUNT))[:, None, None, None]
    even = [room] * COUNT
    assert steady_view(path, Store(even), pose).still
    # darker and brighter by a sixth, and warmer and colder
    drifting = np.clip(room * (1 + np.array([0.16, 0.12, 0.08]) * swing), 0, 255).round().astype(np.uint8)
    view = steady_view(path, Store(list(drifting)), pose)
    frames = SteadyFrames(Store(list(drifting)), view)
    assert view.unmoved and not view.still and frames.valid(0) is None
    assert view.steady_pose(pose).keypoints.tolist() == pose.keypoints.tolist()
    spread = {
        name: np.ptp([footage[index].mean(axis=(0, 1)) for index in range(COUNT)], axis=0).max()
        for name, footage in (("before", drifting), ("after", frames))
    }
    assert spread["before"] > 20 and spread["after"] < 2


def test_fades_and_flashes_are_left_out():
    room, pose = scene(), performer(COUNT, *CANVAS, tall=60)
    frames = [room] * COUNT
    frames[:6] = [(room * share).astype(np.uint8) for share in np.linspace(0, 0.7, 6)]
    frames[20] = (room * 0.6).astype(np.uint8)  # a lamp that flickers
    frames[30] = np.full_like(room, 255)
    view = steady_view(still_path(COUNT, *CANVAS), Store(frames), pose)
    left_out = set(range(COUNT)) - set(view.used.tolist())
    assert set(range(5)) | {20, 30} <= left_out <= {*range(8), *range(18, 23), *range(28, 33)}
    assert view.unmoved and len(view.maps) == len(view.gains) == len(view.offsets) == len(view.used)


def test_the_canvas_is_as_large_as_the_camera_saw_within_a_bound():
    pose = performer(30)  # 128 x 96 px
    path = shots(["moving"], [30])
    path.maps[:, 0, 2] = np.linspace(-20, 10, 30)
    view = place_view(path, pose)
    assert (view.width, view.height) == (160, 96) and view.framing.tolist() == [20, 0, 128, 96]
    assert view.maps[0, 0, 2] == 0
    far = place_view(shots(["moving"], [30]), pose)  # goes 300 px to the left
    assert far.framing.tolist() == [64, 0, 128, 96] and far.width == 256


def test_nothing_is_compared_where_the_frame_does_not_reach():
    points = performer(1, 128, 96, tall=60).keypoints[0]
    mask, valid = np.ones((96, 128), bool), np.ones((96, 128), bool)
    valid[:, 70:] = False
    regions = regions_of(points, mask, 60.0, valid)
    assert (regions[FRAME].mask == valid).all() and not regions[PERSON].mask[:, 70:].any()
    assert regions_of(points, mask, 60.0)[PERSON].mask is None
    valid[:] = False
    assert regions_of(points, mask, 60.0, valid) == {}
