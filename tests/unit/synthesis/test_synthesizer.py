import numpy as np
import pytest
import torch

from dancenow import device
from dancenow.device import as_images, as_levels, as_references, as_skeletons, prepare
from dancenow.errors import InputError
from dancenow.model.checkpoint import load_generator, save_generator
from dancenow.model.face import face_corners, load_face, synthesized_share
from dancenow.model.networks import Generator, initialise
from dancenow.model.windows import cut, place_windows, to_tensor
from dancenow.pose.draw import draw_pose
from dancenow.synthesis.synthesizer import AHEAD, Synthesizer, synthesize_clip
from dancenow.synthesis.transfer import Transfer
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
    frames = list(synthesize_clip(Transfer(generator_file, pose), 1))
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
    frames = list(synthesize_clip(Transfer(path, performer(3)), 1))
    assert len(frames) == 3 and all(frame.shape == (96, 128, 3) for frame in frames)


def test_who_draws_on_a_frame_does_not_draw_on_the_next(tmp_path):
    network = NETWORK | {"background": False}
    description = {"network": network, "sizes": [[128, 96]], "width": 128, "height": 96, "seed": 0, "step": 5}
    path = tmp_path / "generator.safetensors"
    save_generator(path, Generator(**network).apply(initialise).state_dict(), description)
    generator, _, _ = load_generator(path)

    def second(drawn_on):
        synthesizer = Synthesizer(generator, None, torch.device("cpu"), prepare(torch.device("cpu"), 1))
        synthesizer.synthesize(performer(2), 0, [0, 0, 128, 96])[:] *= 1 - drawn_on
        return synthesizer.synthesize(performer(2), 1, [0, 0, 128, 96])

    assert np.array_equal(second(0), second(1))


def test_the_last_frame_feeds_the_next(generator_file):
    pose = performer(4)
    still = pose.replace(keypoints=np.repeat(pose.keypoints[:1], 4, axis=0))
    first, second, *_ = synthesize_clip(Transfer(generator_file, still), 1)
    assert not np.array_equal(first, second)


def test_after_a_cut_nothing_of_the_last_frame_is_left(generator_file):
    pose = performer(6)
    whole = list(synthesize_clip(Transfer(generator_file, pose, cuts=[3]), 1))
    parts = [pose.part(part) for part in (slice(0, 3), slice(3, 6))]
    alone = [frame for part in parts for frame in synthesize_clip(Transfer(generator_file, part), 1)]
    assert all(np.array_equal(a, b) for a, b in zip(whole, alone, strict=True))
    uncut = list(synthesize_clip(Transfer(generator_file, pose), 1))
    assert not np.array_equal(uncut[3], whole[3])


def test_same_file_same_pixels(generator_file):
    pose = performer(3)
    twice = [list(synthesize_clip(Transfer(generator_file, pose), 1)) for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(*twice, strict=True))


def test_frames_without_anyone_show_the_background_alone(generator_file):
    pose = performer(5)
    keypoints = pose.keypoints.copy()
    keypoints[2:4] = 0
    frames = list(synthesize_clip(Transfer(generator_file, pose.replace(keypoints=keypoints)), 1))
    _, _, background = load_generator(generator_file)
    same = [(frame == background).all() for frame in frames]
    assert same == [False, False, True, True, False]


def test_another_frame_size_is_refused(generator_file):
    with pytest.raises(InputError, match="128x96 px.*160x96 px"):
        next(synthesize_clip(Transfer(generator_file, performer(2, width=160)), 1))


def test_a_generator_that_is_shown_references_insists_on_them(tmp_path):
    network = NETWORK | {"references": True}
    description = {"network": network, "sizes": [[64, 96]], "width": 128, "height": 96, "seed": 0, "step": 5}
    path, background = tmp_path / "generator.safetensors", np.full((96, 128, 3), 90, np.uint8)
    save_generator(path, Generator(**network).state_dict(), description, background)
    with pytest.raises(ValueError, match="is shown references, and there are none"):
        next(synthesize_clip(Transfer(path, performer(2)), 1))

    def first_frame(shown):
        references = Given(lambda _index, window: np.full((window[3], window[2], 4), shown, np.uint8))
        return next(synthesize_clip(Transfer(path, performer(2), references=references), 1))

    assert first_frame(255).mean() > first_frame(0).mean() + 20  # what it is shown it copies


class Given:
    """Stand-in for ChosenReferences: pictures from a function, and a shadow that walks."""

    def __init__(self, picture):
        self.picture = picture

    def __call__(self, index, window):
        return self.picture(index, window)

    def behind(self, index, background):
        shaded = background.copy()
        shaded[80:, 9 * index : 9 * index + 30] //= 2
        return shaded


def plain_loop(generator_path, face_path, pose, cuts, references, bfloat16):
    """Every frame from host to host, one after another, nothing kept or cast before it is used."""
    generator, description, background = load_generator(generator_path)
    face = load_face(face_path, torch.device("cpu"))
    generator, last = generator.to(memory_format=torch.channels_last), background
    windows = place_windows(pose.keypoints, description["sizes"], pose.width, pose.height, cuts)
    for index, window in enumerate(windows.tolist()):
        shaded = references.behind(index, background)
        last = shaded if index in cuts or last is background else last
        given = [cut(picture, window)[None] for picture in (last, shaded)]
        previous, behind = (as_images(to_tensor(picture), "cpu") for picture in given)
        skeleton = as_skeletons(to_tensor(draw_pose(pose, index, window)[None]), "cpu")
        reference = as_references(to_tensor(references(index, window)[None]), "cpu")
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            image, foreground = generator(skeleton, previous, behind, reference, in_results=True)
            corners, visible = face_corners(pose.keypoints[index : index + 1], face.size, window)
            share = synthesized_share(foreground.alpha, reference)
            image = face.synthesize(skeleton, image, corners, visible, share)
        last = shaded.copy()
        cut(last, window)[:] = as_levels(image)[0].permute(1, 2, 0).numpy()
        yield last


@pytest.mark.parametrize("bfloat16", [False, True])
def test_threads_and_kept_pictures_change_no_byte(tmp_path, monkeypatch, bfloat16):
    monkeypatch.setattr(device, "has_fast_bf16", lambda _: bfloat16)
    network = NETWORK | {"references": True}
    description = {"network": network, "sizes": [[64, 64], [96, 96]], "width": 128, "height": 96}
    random, paths = np.random.default_rng(0), [tmp_path / f"{name}.safetensors" for name in ("main", "face")]
    background = random.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    torch.manual_seed(0)
    save_generator(paths[0], Generator(**network).apply(initialise).state_dict(), description, background)
    small = {"channels": 4, "n_downsample": 1, "n_blocks": 1}
    described = {"network": small, "face": {"size": 32}}
    save_generator(paths[1], Generator(**small).state_dict(), described)
    pose = performer(9)

    def picture(index, window):
        pictures = np.random.default_rng(index).integers(0, 256, (96, 128, 4), dtype=np.uint8)
        return np.minimum(cut(pictures, window), cut(pictures, window)[..., 3:])

    references = Given(picture)
    device.prepare(torch.device("cpu"), 1)  # threads and kernels as in what it is compared with
    wanted = list(plain_loop(*paths, pose, [5], references, bfloat16))
    found = list(
        synthesize_clip(Transfer(paths[0], pose, cuts=[5], face_path=paths[1], references=references), 1)
    )
    assert len(found) == 9
    assert all(np.array_equal(a, b) for a, b in zip(wanted, found, strict=True))
    assert not np.array_equal(found[4], found[5])


def test_drawing_is_only_some_frames_ahead(tmp_path):
    network = NETWORK | {"references": True}
    description = {"network": network, "sizes": [[64, 96]], "width": 128, "height": 96}
    path, drawn = tmp_path / "generator.safetensors", []
    save_generator(path, Generator(**network).state_dict(), description, np.zeros((96, 128, 3), np.uint8))

    def picture(index, window):
        drawn.append(index)
        return np.zeros((window[3], window[2], 4), np.uint8)

    frames = synthesize_clip(Transfer(path, performer(40), references=Given(picture)), 1)
    next(frames)
    frames.close()
    assert drawn == list(range(len(drawn))) and len(drawn) <= 2 * (AHEAD + 1) + 1
