import numpy as np
import pytest
import torch

from dancenow.errors import InputError
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.holdout import heldout, training_frame_count
from performers import footage, performer


def sampler(pose=None, count=12, batch=1, seed=0, cuts=()):
    pose = pose or performer(12)
    frames = np.stack([np.full((96, 128, 3), index, np.uint8) for index in range(12)])
    return ClipSampler(
        TrainingFootage(frames, pose, frames[0], [(64, 64), (96, 96)], count, cuts), batch, seed
    )


def test_pairs_are_neighbours_and_held_out_frames_never_appear():
    draw = sampler(count=8)
    for number in range(30):
        first, second = draw(number)["image"][0, :, 0, 0, 0].tolist()
        assert second == first + 1 and second < 8


def test_a_batch_has_one_window_size_that_holds_all_its_people():
    pose = performer(12)
    keypoints = pose.keypoints.copy()
    keypoints[6:, 9, 0] += 25
    draw = sampler(pose.replace(keypoints=keypoints), batch=4)
    shapes = {tuple(draw(number)["image"].shape) for number in range(8)}
    assert shapes == {(4, 2, 3, 96, 96)} or shapes == {(4, 2, 3, 64, 64), (4, 2, 3, 96, 96)}


def test_an_epoch_visits_every_pair_once():
    draw = sampler()
    starts = [int(draw(number)["image"][0, 0, 0, 0, 0]) for number in range(11)]
    assert sorted(starts) == list(range(11))


def test_a_batch_depends_on_seed_and_number_only():
    one, other = sampler(), sampler()
    other(0)
    other(5)
    assert all(torch.equal(one(3)[name], other(3)[name]) for name in ("skeleton", "image", "background"))
    different = [bool((sampler(seed=1)(n)["image"] != one(n)["image"]).any()) for n in range(5)]
    assert any(different)


def test_frames_without_a_person_make_no_pair():
    pose = performer(12)
    keypoints = pose.keypoints.copy()
    keypoints[5] = 0
    draw = sampler(pose.replace(keypoints=keypoints))
    assert set(draw.clip_starts) == set(range(11)) - {4, 5}
    with pytest.raises(InputError, match="no two consecutive"):
        sampler(pose.replace(keypoints=keypoints * 0))


def test_skeleton_lies_over_its_image():
    pose = performer(12)
    frames = footage(pose)
    draw = ClipSampler(TrainingFootage(frames, pose, None, [(128, 96)], 12), 2, 0)
    batch = draw(0)
    assert batch["image"].shape == (2, 2, 3, 96, 128) and "background" not in batch
    trunk = (batch["image"][:, :, 0] > 200).float()
    drawn = (batch["skeleton"].amax(dim=2) > 0).float()
    rows = torch.arange(128).float()
    for image, skeleton in zip(trunk.flatten(0, 1), drawn.flatten(0, 1), strict=True):
        middle = (image.sum(0) * rows).sum() / image.sum()
        assert abs(middle - (skeleton.sum(0) * rows).sum() / skeleton.sum()) < 6


def test_the_last_frames_alone_are_those_of_the_whole_batch():
    draw = sampler(batch=3)
    whole, last = draw(4), draw(4, last_only=True)
    assert last["image"].shape[1] == 1
    assert all(torch.equal(last[name], whole[name][:, -1:]) for name in whole)


def test_holdout_is_the_last_share():
    assert training_frame_count(1500, 0.2) == 1200
    pose = performer(10)
    assert np.array_equal(heldout(pose, 0.2).keypoints, pose.keypoints[8:])
    with pytest.raises(InputError, match=r"train\.holdout"):
        heldout(pose, 0.0)


def test_no_pair_reaches_across_a_cut():
    draw = sampler(cuts=[4, 9])
    assert set(draw.clip_starts) == set(range(11)) - {3, 8}
    for number in range(20):
        first, second = draw(number)["image"][0, :, 0, 0, 0].tolist()
        assert second == first + 1 and second not in (4, 9)


def test_every_epoch_has_an_order_of_its_own():
    """In the footage's order, or in one order for ever, a batch's gradients repeat."""
    draw = sampler()
    starts = [int(draw(number)["image"][0, 0, 0, 0, 0]) for number in range(33)]
    epochs = [starts[first : first + 11] for first in (0, 11, 22)]
    assert all(sorted(epoch) == list(range(11)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in [*epochs, list(range(11)), list(range(11))[::-1]]}) == 5


def test_a_person_is_not_always_at_the_same_place_of_the_window():
    """A network that learns the place instead of the skeleton fails as soon as somebody walks."""
    pose = performer(12, width=250, height=200)
    keypoints = np.repeat(pose.keypoints[:1], 12, axis=0)
    keypoints[..., 1] -= 60 * (keypoints[..., 2] > 0)
    still = pose.replace(keypoints=keypoints)
    places = np.zeros((200, 250, 3), np.uint8)
    places[..., 0], places[..., 1] = np.arange(250), np.arange(200)[:, None]
    frames = np.repeat(places[None], 12, axis=0)
    draw = ClipSampler(TrainingFootage(frames, still, places, [(96, 96)], 12), 1, 0)
    pairs = np.array([draw(number)["image"][0, :, :2, 0, 0].numpy() for number in range(60)]).astype(int)
    assert (pairs[:, 0] == pairs[:, 1]).all()  # what moves within a pair is the person
    reach = np.ptp(pairs[:, 0], axis=0)
    assert (reach > 24).all() and (reach <= 32).all()  # px; more would leave a lifted arm outside
    # beside the frame's edge the window stays inside
    keypoints[..., 0] += 90 * (keypoints[..., 2] > 0)
    draw = ClipSampler(TrainingFootage(frames, still, places, [(96, 96)], 12), 1, 0)
    shapes = {(*draw(number)["image"].shape,) for number in range(20)}
    assert shapes == {(1, 2, 3, 96, 96)}
