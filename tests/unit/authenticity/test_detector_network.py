import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from clips import one_line
from dancenow.authenticity.detector import judge_squares, load_detector, save_detector, train_detector
from dancenow.errors import InputError


def squares(count, seed, blur):
    """Squares of noise on a grey of their own; blurred, when they are to be told from the others."""
    draw = np.random.default_rng(seed)
    noise = draw.normal(0, 12, (count, 2, 3, 32, 32))
    if blur:
        noise = 4 * gaussian_filter(noise, (0, 0, 0, 1.5, 1.5))
    return (draw.uniform(60, 190, (count, 1, 1, 1, 1)) + noise).clip(0, 255).astype(np.uint8)


def logits(detector, kind):
    """Those of squares, each by itself."""
    return np.array([judge_squares(detector, square[None]) for square in kind])


@pytest.fixture(scope="module")
def trained():
    return train_detector(squares(64, 0, False), squares(64, 1, True), steps=25, seed=0, threads=1)


def test_it_learns_how_pixels_were_made(trained):
    detector, losses = trained
    assert len(losses) == 25 and losses[-1] < losses[0] / 2
    assert (logits(detector, squares(20, 2, False)) < 0).all()
    assert (logits(detector, squares(20, 3, True)) > 0).all()


def test_the_same_seed_gives_the_same_weights():
    kinds = squares(16, 0, False), squares(16, 1, True)
    first, again, other = (train_detector(*kinds, steps=3, seed=seed, threads=1)[0] for seed in (5, 5, 6))
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert not torch.equal(first.head.weight, other.head.weight)


def test_neither_brightness_nor_the_strength_of_the_noise_counts(trained):
    soft = squares(4, 4, True).clip(60, 195)
    for changed in (soft - 60, soft + 60):
        np.testing.assert_allclose(logits(trained[0], soft), logits(trained[0], changed), rtol=1e-5)
    assert (logits(trained[0], ((soft - 60) * 1.9).astype(np.uint8)) > 0).all()


def test_still_flat_frames_show_nothing(trained):
    flat = np.full((1, 2, 3, 40, 40), 90, np.uint8)
    np.testing.assert_allclose(logits(trained[0], flat), logits(trained[0], flat + 100), rtol=1e-5)


def test_a_pair_has_the_mean_of_its_squares(trained):
    several = squares(5, 7, False)
    mean = logits(trained[0], several).mean()
    assert judge_squares(trained[0], several) == pytest.approx(mean, rel=1e-5)


def test_a_file_brings_back_the_detector_and_what_it_knows(trained, tmp_path):
    path = tmp_path / "detector.safetensors"
    save_detector(path, trained[0], {"real": ["anna"]})
    loaded, description = load_detector(path)
    assert description["real"] == ["anna"] and not loaded.training
    seen = squares(3, 6, True)
    assert (logits(loaded, seen) == logits(trained[0], seen)).all()
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError) as error:
        load_detector(path)
    one_line(error, "detector.safetensors", "not a detector file", "delete it")


def test_squares_go_where_the_network_is(trained):
    class Elsewhere(torch.nn.Module):
        """On a device without numbers; says what it was given."""

        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1, device="meta"))

        def forward(self, pairs):
            self.given = pairs.device.type, pairs.dtype
            return torch.zeros(len(pairs))

    detector = Elsewhere()
    assert judge_squares(detector, squares(2, 0, False)) == 0
    assert detector.given == ("meta", torch.uint8)  # a quarter of the bytes of float32
