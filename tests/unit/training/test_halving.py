import numpy as np
import torch
from torch.nn import functional as F

from clips import film
from dancenow.keypoints import INDEX, load_pose, save_pose
from dancenow.training.halving import halve, halve_footage, halve_pose
from dancenow.video.frames import FrameStore, extract_frames
from dancenow.video.media import probe
from performers import footage, performer


def test_halved_as_the_enhancer_pools():
    picture = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    x = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    pooled = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)[0].permute(1, 2, 0).numpy()
    half = halve(picture)
    assert half.shape == (16, 24, 3) and half.dtype == np.uint8
    # at the first row and column the two mirror and leave out
    assert np.abs(half[1:, 1:] - pooled[1:, 1:]).max() <= 0.5 + 1e-3


def test_a_dot_stays_under_its_keypoint():
    pose = performer(1)
    pose.keypoints[0, INDEX["nose"], :2] = (60, 40)
    picture = np.zeros((96, 128, 3), np.uint8)
    picture[40, 60] = 255
    half = halve_pose(pose)
    x, y = half.keypoints[0, INDEX["nose"], :2].astype(int)
    assert (half.width, half.height) == (64, 48)
    assert np.unravel_index(halve(picture)[..., 0].argmax(), (48, 64)) == (y, x)
    assert pose.keypoints[0, INDEX["nose"], 0] == 60  # the given pose is left alone


def test_the_halved_footage_is_a_frame_store_with_the_same_cuts(tmp_path):
    pose = performer(4)
    clip = film(tmp_path / "a.mp4", footage(pose))
    extract_frames([clip], [probe(clip)], 128, tmp_path / "a.avi")
    save_pose(tmp_path / "a.npz", pose)
    half = [str(tmp_path / f"a.half.{end}") for end in ("avi", "npz")]
    halve_footage(tmp_path / "a.avi", None, tmp_path / "a.npz", *half)
    small, large = FrameStore(half[0]), FrameStore(tmp_path / "a.avi")
    assert (small.width, small.height, len(small), small.fps) == (64, 48, 4, large.fps)
    assert small.cuts == large.cuts
    assert np.abs(small[2].astype(int) - halve(large[2])).mean() < 2
    assert load_pose(half[1]).width == 64
