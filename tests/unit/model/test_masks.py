import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.model.performer_masks import difference, performer_masks
from dancenow.pose.estimators.mediapipe_masks import MaskAround
from dancenow.pose.masks import MaskPacker, holds, load_masks, save_masks, sharpen
from performers import footage, performer


def packed(*masks):
    packer = MaskPacker(128, 96)
    for mask in masks:
        packer.add(mask)
    return packer.packed()


def square(x=40, value=255):
    mask = np.zeros((96, 128), np.uint8)
    mask[20:60, x : x + 30] = value
    return mask


def test_masks_come_back_from_their_file_frame_by_frame(tmp_path):
    save_masks(tmp_path / "a.npz", packed(square(), None, square(10, 200), np.zeros((96, 128), np.uint8)))
    masks = load_masks(tmp_path / "a.npz")
    assert len(masks) == 4
    assert np.array_equal(masks[0], square()) and not masks[1].any() and not masks[3].any()
    assert np.abs(masks[2].astype(int) - square(10, 200)).max() <= 255 / 14  # half a level


def test_what_is_no_file_of_masks_is_named(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"no")
    with pytest.raises(InputError, match=r"a\.npz: not a file of masks"):
        load_masks(tmp_path / "a.npz")
    save_masks(tmp_path / "a.npz", packed(square(), square()))
    with np.load(tmp_path / "a.npz") as file:
        stored = dict(file)
    for name in ("data", "ends"):  # of which each alone would be read, with frames without a mask
        np.savez(tmp_path / "a.npz", **stored | {name: stored[name][:-1]})
        with pytest.raises(InputError, match=r"a\.npz: not a file of masks"):
            load_masks(tmp_path / "a.npz")


def test_a_mask_moves_to_the_edge_of_the_picture():
    frame = np.where(square()[..., None] > 0, 200, 60).astype(np.uint8).repeat(3, axis=2)
    late = np.roll(square(), 2, axis=1) / np.float32(255)
    wanted = square() > 0
    before, after = ((mask > 0.5) != wanted for mask in (late, sharpen(frame, late)))
    assert after.sum() < before.sum() / 2


def test_a_shadow_is_no_difference_but_a_person_is():
    background = np.random.default_rng(0).integers(90, 200, (96, 128, 3)).astype(np.uint8)
    frame = background.copy()
    frame[20:60, 10:40] = (background[20:60, 10:40] * 0.6).astype(np.uint8)
    frame[20:60, 70:100] = (200, 30, 30)
    mask = difference(frame, background)
    assert not mask[25:55, 15:35].any()
    assert (mask[25:55, 75:95] == 255).all()
    assert not mask[70:].any()


def test_the_estimators_mask_counts_where_it_holds_the_performer():
    pose = performer(6, tall=60.0)
    frames, whole = footage(pose), np.full((96, 128), 255, np.uint8)
    assert holds(whole, pose.keypoints[0]) and not holds(square(90), pose.keypoints[0])
    masks, own = performer_masks(frames, pose, packed(whole, None, whole, square(90), whole, whole), 6)
    assert own == 4 and len(masks) == 6
    bright = frames[..., 0] > 200
    for index in range(6):
        assert (masks[index][bright[index]] == 255).all()
        # nothing far from the skeleton, whatever the estimator says
        assert not masks[index][:, :8].any() and not masks[index][:, -8:].any()
    # the difference finds the trunk alone: the rest of the figure is not in the picture
    assert (masks[1] > 0).sum() < (masks[0] > 0).sum() / 2


def test_without_masks_of_an_estimator_the_models_look_around_the_skeleton(monkeypatch):
    pose = performer(3, tall=60.0)
    whole = np.full((96, 128), 255, np.uint8)
    found = iter([whole, square(90), whole])
    monkeypatch.setattr(MaskAround, "mask", lambda self, frame, person: next(found))
    masks, own = performer_masks(footage(pose), pose, None, 3)
    assert own == 2
    assert (masks[1] > 0).sum() < (masks[0] > 0).sum() / 2


def test_nobody_has_no_mask():
    pose = performer(2)
    nobody = pose.replace(keypoints=pose.keypoints * 0)
    masks, own = performer_masks(footage(pose), nobody, None, 2)
    assert own == 0 and not masks[0].any() and not masks[1].any()
