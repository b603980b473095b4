import numpy as np
import pytest
import torch

from dancenow.errors import InputError
from dancenow.model.checkpoint import load_generator, save_generator
from dancenow.model.networks import Generator, initialise
from dancenow.synthesis.synthesizer import synthesize_clip
from performers import performer

NETWORK = {"channels": 4, "n_downsample": 2, "n_blocks": 1, "unshuffle": 1, "skips": True, "background": True}


@pytest.fixture
def generator_file(tmp_path):
    torch.manual_seed(0)
    background = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    description = {"network": NETWORK, "sizes": [[64, 96]], "width": 128, "height": 96, "seed": 0, "step": 5}
    path = tmp_path / "generator.safetensors"
    # a new generator does not look at its last output yet: initialised again, it does
    save_generator(path, Generator(**NETWORK).apply(initialise).state_dict(), description, background)
    return path


def test_the_file_explains_itself(generator_file):
    generator, description, background = load_generator(generator_file)
    assert description["network"] == NETWORK and background.shape == (96, 128, 3)
    torch.manual_seed(0)
    fresh = Generator(**NETWORK).apply(initialise).state_dict()
    assert all(torch.equal(value, fresh[name]) for name, value in generator.state_dict().items())


def test_a_foreign_file_is_refused_by_name(tmp_path):
    path = tmp_path / "generator.safetensors"
    path.write_bytes(b"not a generator")
    with pytest.raises(InputError, match=r"generator\.safetensors.*train it again"):
        load_generator(path)


def test_every_frame_is_synthesized_and_the_background_surrounds_the_window(generator_file):
    pose = performer(6)
    _, _, background = load_generator(generator_file)
    frames = list(synthesize_clip(generator_file, pose, 1))
    assert len(frames) == 6
    for frame in frames:
        assert frame.shape == (96, 128, 3) and frame.dtype == np.uint8
        untouched = (frame == background).all(axis=(0, 2))
        assert 30 <= untouched.sum() < 128  # columns outside the 64 to 96 px wide window


def test_without_a_background_the_whole_frame_is_synthesized(tmp_path):
    network = NETWORK | {"background": False}
    description = {"network": network, "sizes": [[128, 96]], "width": 128, "height": 96, "seed": 0, "step": 5}
    path = tmp_path / "generator.safetensors"
    save_generator(path, Generator(**network).state_dict(), description)
    frames = list(synthesize_clip(path, performer(3), 1))
    assert len(frames) == 3 and all(frame.shape == (96, 128, 3) for frame in frames)


def test_the_last_frame_feeds_the_next(generator_file):
    pose = performer(4)
    still = pose.replace(keypoints=np.repeat(pose.keypoints[:1], 4, axis=0))
    first, second, *_ = synthesize_clip(generator_file, still, 1)
    assert not np.array_equal(first, second)


def test_after_a_cut_nothing_of_the_last_frame_is_left(generator_file):
    pose = performer(6)
    whole = list(synthesize_clip(generator_file, pose, 1, cuts=[3]))
    parts = [
        pose.replace(keypoints=pose.keypoints[part], origin=pose.origin[part])
        for part in (slice(0, 3), slice(3, 6))
    ]
    alone = [frame for part in parts for frame in synthesize_clip(generator_file, part, 1)]
    assert all(np.array_equal(a, b) for a, b in zip(whole, alone, strict=True))
    uncut = list(synthesize_clip(generator_file, pose, 1))
    assert not np.array_equal(uncut[3], whole[3])


def test_same_file_same_pixels(generator_file):
    pose = performer(3)
    twice = [list(synthesize_clip(generator_file, pose, 1)) for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(*twice, strict=True))


def test_a_frame_without_anyone_is_still_a_frame(generator_file):
    pose = performer(5)
    keypoints = pose.keypoints.copy()
    keypoints[2] = 0
    assert len(list(synthesize_clip(generator_file, pose.replace(keypoints=keypoints), 1))) == 5


def test_another_frame_size_is_refused(generator_file):
    with pytest.raises(InputError, match="128x96 px.*160x96 px"):
        next(synthesize_clip(generator_file, performer(2, width=160), 1))


def test_a_generator_that_is_shown_references_insists_on_them(tmp_path):
    network = NETWORK | {"references": True}
    description = {"network": network, "sizes": [[64, 96]], "width": 128, "height": 96, "seed": 0, "step": 5}
    path, background = tmp_path / "generator.safetensors", np.full((96, 128, 3), 90, np.uint8)
    save_generator(path, Generator(**network).state_dict(), description, background)
    with pytest.raises(ValueError, match="is shown references, and there are none"):
        next(synthesize_clip(path, performer(2), 1))
    frames = [
        next(
            synthesize_clip(
                path,
                performer(2),
                1,
                references=lambda _, window, shown=shown: np.full((window[3], window[2], 4), shown, np.uint8),
            )
        )
        for shown in (0, 255)
    ]
    assert frames[1].mean() > frames[0].mean() + 20  # what it is shown it copies
