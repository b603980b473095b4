import numpy as np
import pytest
import torch

from dancenow.errors import InputError
from dancenow.keypoints import INDEX
from dancenow.model.checkpoint import save_generator
from dancenow.model.face import (
    FaceSynthesizer,
    cut_faces,
    face_corners,
    load_face,
    paste_faces,
    synthesized_share,
)
from dancenow.model.networks import Generator, PatchDiscriminator, parameter_count
from dancenow.synthesis.synthesizer import synthesize_clip
from dancenow.synthesis.transfer import Transfer
from performers import performer, uninitialised

FACE = {"channels": 4, "n_downsample": 2, "n_blocks": 1}
WHOLE = (0, 0, 128, 96)


def heads(nose=(0, 0, 0), left=(0, 0, 0), right=(0, 0, 0)):
    keypoints = np.zeros((1, 133, 3), np.float32)
    for name, point in (("nose", nose), ("left_ear", left), ("right_ear", right)):
        keypoints[0, INDEX[name]] = point
    return keypoints


def test_published_sizes():
    with uninitialised():
        generator, discriminator = Generator(64, 3, 5), PatchDiscriminator(6, 64, 3)
    assert parameter_count(generator) == pytest.approx(26.72e6, rel=1e-3)
    assert parameter_count(discriminator) == pytest.approx(2.77e6, rel=1e-3)
    assert PatchDiscriminator(6, 4, 3)(torch.zeros(1, 6, 128, 128))[-1].shape == (1, 1, 19, 19)


@pytest.mark.parametrize(
    "points, corner",
    [
        ({"nose": (60, 40, 0.9), "left": (90, 40, 0.9)}, (44, 24)),  # the nose before the ears
        ({"left": (70, 40, 0.9), "right": (50, 44, 0.9)}, (44, 26)),  # between both ears
        ({"right": (50, 44, 0.9)}, (34, 28)),  # the ear that is seen
        ({"nose": (4, 94, 0.9)}, (0, 64)),  # moved inside, not made smaller
        ({"nose": (126, 2, 0.9)}, (96, 0)),
    ],
)
def test_the_square_is_around_the_nose_or_the_ears_inside_the_picture(points, corner):
    corners, visible = face_corners(heads(**points), 32, WHOLE)
    assert corners.tolist() == [list(corner)] and visible.tolist() == [True]


def test_in_a_window_the_square_counts_from_the_windows_corner():
    corners, visible = face_corners(heads(nose=(60, 40, 0.9)), 32, (32, 16, 64, 64))
    assert corners.tolist() == [[12, 8]] and visible.all()


@pytest.mark.parametrize(
    "points",
    [
        {},
        {"nose": (60, 40, 0.01)},
        *({"nose": (*place, 0.9)} for place in ((-3, 40), (129, 40), (60, -2), (60, 97))),
    ],
)
def test_a_face_that_is_not_seen_or_outside_is_not_visible(points):
    corners, visible = face_corners(heads(**points), 32, WHOLE)
    assert not visible.any()
    assert (corners >= 0).all() and (corners + 32 <= (128, 96)).all()


def test_every_sample_has_its_own_square():
    images = torch.rand(3, 3, 96, 128)
    corners = np.array([[0, 0], [10, 20], [96, 64]])
    faces = cut_faces(images, corners, 32)
    assert torch.equal(faces[1], images[1, :, 20:52, 10:42])
    pasted = paste_faces(images, torch.zeros_like(faces), corners, np.array([True, False, True]))
    assert not pasted[0, :, :32, :32].any() and not pasted[2, :, 64:, 96:].any()
    assert torch.equal(pasted[1], images[1])
    assert (pasted == images).float().mean() > 0.9 and images[0, :, :32, :32].any()


def test_synthesized_over_inside_the_square_alone_and_within_the_range():
    torch.manual_seed(0)
    synthesizer = FaceSynthesizer(Generator(**FACE), 32)
    images, skeletons = torch.rand(1, 3, 96, 128) * 2 - 1, torch.rand(1, 3, 96, 128)
    corners, visible = face_corners(heads(nose=(60, 40, 0.9)), 32, WHOLE)
    synthesized = synthesizer.synthesize(skeletons, images, corners, visible)
    changed = (synthesized != images).any(dim=1)[0]
    assert changed[24:56, 44:76].float().mean() > 0.9
    assert changed.sum() == changed[24:56, 44:76].sum() and synthesized.abs().max() <= 1
    assert torch.equal(synthesizer.synthesize(skeletons, images, corners, np.array([False])), images)


def test_real_pixels_are_not_corrected():
    torch.manual_seed(0)
    synthesizer = FaceSynthesizer(Generator(**FACE), 32)
    images, skeletons = torch.rand(1, 3, 96, 128) - 0.5, torch.rand(1, 3, 96, 128)
    corners, visible = face_corners(heads(nose=(60, 40, 0.9)), 32, WHOLE)
    # a piece covers the left half of the face, what lies beside it is half transparent
    reference = torch.zeros(1, 4, 96, 128)
    reference[:, 3, :, :60] = 1
    share = synthesized_share(torch.full((1, 1, 96, 128), 0.5), reference)
    whole = synthesizer.synthesize(skeletons, images, corners, visible) - images
    shared = synthesizer.synthesize(skeletons, images, corners, visible, share) - images
    assert whole[..., 24:56, 44:60].any() and not shared[..., :60].any()
    right = (slice(None), slice(None), slice(24, 56), slice(60, 76))
    assert torch.allclose(shared[right], whole[right] / 2, atol=1e-6) and shared[right].any()


@pytest.fixture
def files(tmp_path):
    torch.manual_seed(0)
    network = FACE | {"unshuffle": 1, "skips": False, "background": False}
    about = {"network": network, "sizes": [[128, 96]], "width": 128, "height": 96, "seed": 0, "step": 5}
    save_generator(tmp_path / "main.safetensors", Generator(**network).state_dict(), about)
    about |= {"network": FACE, "face": {"size": 32}}
    save_generator(tmp_path / "face.safetensors", Generator(**FACE).state_dict(), about)
    return tmp_path / "main.safetensors", tmp_path / "face.safetensors"


def test_the_face_is_synthesized_over_in_every_frame_and_feeds_the_next(files):
    main, face = files
    pose = performer(2)
    plain, over = (list(synthesize_clip(Transfer(main, pose, face_path=path), 1)) for path in (None, face))
    (corner, _), _ = face_corners(pose.keypoints, 32, WHOLE)
    first = (plain[0] != over[0]).any(axis=-1)
    assert first.any() and not np.delete(first, np.s_[corner[1] : corner[1] + 32], axis=0).any()
    assert (plain[1] != over[1]).any(axis=-1).sum() > 32 * 32  # through the recurrence, all over


def test_a_clip_without_a_face_is_synthesized_as_without_the_stage(files):
    main, face = files
    pose = performer(2)
    keypoints = pose.keypoints.copy()
    keypoints[:, [INDEX[name] for name in ("nose", "left_ear", "right_ear")]] = 0
    faceless = pose.replace(keypoints=keypoints)
    plain, over = (
        list(synthesize_clip(Transfer(main, faceless, face_path=path), 1)) for path in (None, face)
    )
    assert all(np.array_equal(a, b) for a, b in zip(plain, over, strict=True))


@pytest.mark.parametrize("change", [{"face": {}}, {"face": None}, {"network": {"layers": 3}}])
def test_a_file_of_another_version_is_refused_by_name(change, tmp_path):
    about = {"network": FACE, "face": {"size": 32}} | change
    save_generator(tmp_path / "face.safetensors", Generator(**FACE).state_dict(), about)
    with pytest.raises(InputError, match=r"face\.safetensors: .*; delete it to"):
        load_face(tmp_path / "face.safetensors", torch.device("cpu"))


def test_another_stages_file_is_refused_by_name(files):
    with pytest.raises(InputError, match=r"main\.safetensors: holds no face generator.*train_face"):
        load_face(files[0], torch.device("cpu"))
