import copy
import math
from functools import partial

import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from dancenow.device import cast_once
from dancenow.errors import InputError
from dancenow.model.checkpoint import load_generator, save_generator
from dancenow.model.enhancer import EnhancedGenerator
from dancenow.model.networks import (
    DECIDED,
    EDGE_CELLS,
    LIMB_CELLS,
    Discriminator,
    Generator,
    InstanceNorm,
    _folded,
    _unfolded,
    parameter_count,
)


def test_published_sizes():
    assert parameter_count(Generator(64, 4, 9)) == pytest.approx(182.45e6, rel=1e-4)
    assert parameter_count(Discriminator(2, 64)) == pytest.approx(5.55e6, rel=1e-3)
    assert parameter_count(Discriminator(3, 64)) == pytest.approx(8.32e6, rel=1e-3)


@pytest.mark.parametrize("unshuffle", [1, 2])
@pytest.mark.parametrize("skips", [True, False])
def test_generator_shapes_and_ranges(unshuffle, skips):
    generator = Generator(4, 2, 1, unshuffle, skips, background=True)
    background = torch.rand(2, 3, 64, 96) * 2 - 1
    image, (colour, alpha, logit) = generator(torch.rand(2, 3, 64, 96), torch.zeros(2, 3, 64, 96), background)
    assert image.shape == colour.shape == (2, 3, 64, 96) and alpha.shape == (2, 1, 64, 96)
    assert torch.equal(alpha, torch.sigmoid(logit))
    assert image.abs().max() <= 1 and alpha.min() >= 0 and alpha.max() <= 1


def test_new_generator_starts_near_the_background():
    torch.manual_seed(0)
    background = torch.rand(1, 3, 32, 32) * 2 - 1
    generator = Generator(8, 2, 1, background=True)
    image, (_, alpha, _) = generator(torch.rand(1, 3, 32, 32), torch.zeros(1, 3, 32, 32), background)
    assert alpha.mean() < 0.3
    assert (image - background).abs().mean() < 0.4


def sharing(height=64, width=64):
    """A new generator that is shown background, skeleton and a reference valid in its upper half."""
    torch.manual_seed(0)
    generator = Generator(8, 2, 1, 2, skips=True, background=True, references=True)
    background, skeleton = torch.rand(2, 3, height, width) * 2 - 1, torch.rand(2, 3, height, width)
    valid = torch.zeros(2, 1, height, width)
    valid[..., : height // 2, :] = 1
    reference = torch.cat([(torch.rand(2, 3, height, width) * 2 - 1) * valid, valid], dim=1)
    return generator, skeleton, background, reference


def biased(generator, alpha=None, colour=None):
    """The generator with a head that says everywhere the same; what is not given stays as it begins."""
    with torch.no_grad():
        generator.head[-1].weight.zero_()
        bias = generator.head[-1].bias.view(4, -1)  # colour, alpha
        for row, value in ((slice(0, 3), colour), (3, alpha)):
            if value is not None:
                bias[row] = value
    return generator


def logit(share):
    return math.log(share / (1 - share))


@pytest.mark.parametrize("alpha", [0.35, 0.5, 0.7, 0.99])
def test_a_piece_is_not_transparent_where_somebody_may_be(alpha):
    generator, skeleton, background, reference = sharing()
    assert alpha > 1 / DECIDED
    biased(generator, alpha=logit(alpha))
    image, _ = generator(skeleton, background, background, reference, in_results=True)
    assert torch.allclose(image[..., :32, :], reference[:, :3, :32], atol=1e-6)


def test_a_piece_fades_only_where_nobody_is():
    generator, skeleton, background, reference = sharing()
    for alpha, kept in ((0.2, 0.2 * DECIDED), (0.1, 0.1 * DECIDED), (1e-6, 0.0)):
        biased(generator, alpha=logit(alpha))
        image, _ = generator(skeleton, background, background, reference, in_results=True)
        expected = kept * reference[:, :3] + (1 - kept) * background
        assert torch.allclose(image[..., :32, :], expected[..., :32, :], atol=1e-4)


def test_what_is_synthesized_lies_behind_the_pieces_and_its_soft_edge_does_not_show():
    generator, skeleton, background, reference = sharing()
    reference[:, :3] = 0.4 * reference[:, 3:]
    reference[..., :16, :] *= 0.5  # a piece's edge
    for alpha, painted in ((0.5, 0.0), (1 - 1 / DECIDED, 0.0), (1 - 0.5 / DECIDED, 0.5), (1 - 1e-6, 1.0)):
        biased(generator, logit(alpha), 0.0)
        image, foreground = generator(skeleton, background, background, reference, in_results=True)
        assert not foreground.colour.any()
        expected = (1 - painted) * background
        assert torch.allclose(image[..., 34:, :], expected[..., 34:, :], atol=1e-4)
        expected = reference[:, :3] + 0.5 * (expected + painted * 0.4)
        assert torch.allclose(image[..., :16, :], expected[..., :16, :], atol=1e-4)


def test_results_synthesize_at_pieces_in_their_colours_around_bare_bones_and_nowhere_else():
    size = 2 * EDGE_CELLS  # cells of two px
    generator, skeleton, background, reference = sharing(size, size)
    skeleton, reference = torch.zeros_like(skeleton), torch.zeros_like(reference)
    skeleton[..., 20:60, 40] = 0.2  # a bone in its piece, and one without
    skeleton[..., 20:60, 140] = 0.2
    reference[..., 15:65, 30:50] = 1
    biased(generator, logit(1 - 1e-7), -1.0)
    image, _ = generator(skeleton, background, background, reference, in_results=True)
    assert torch.allclose(image[..., 20:60, 29:51], torch.ones(()))  # not a pixel darker beside it
    assert (image[..., 40, 140 - 2 * LIMB_CELLS] < -0.5).all()
    patch = (image != background).any(dim=1)[0]
    assert not patch[80:].any() and not patch[40, :20].any() and not patch[40, 60:120].any()
    trained, _ = generator(skeleton, background, background, reference)
    assert (trained[..., 80:, :] < -0.5).all()


def test_in_training_alpha_decides_softly_and_learns_everywhere():
    generator, skeleton, background, reference = sharing()
    for share in (0.1, 0.5, 0.9):
        biased(generator, logit(share), 0.0).zero_grad()
        image, _ = generator(skeleton, background, background, reference)
        expected = share * reference[:, :3] + (1 - share * reference[:, 3:]) * (1 - share) * background
        assert torch.allclose(image, expected, atol=1e-5)
        (image * background).sum().backward()
        assert (generator.head[-1].bias.grad[12:] < -1).all()


def test_a_new_generator_leaves_what_it_has_nothing_to_copy_for():
    generator, skeleton, background, reference = sharing()
    image, _ = generator(skeleton, background, background, reference)
    assert (image - background)[..., 32:, :].abs().mean() < 0.2


def test_a_file_of_a_network_that_chose_a_share_to_copy_is_refused(tmp_path):
    path, given = tmp_path / "old.safetensors", {"channels": 4, "n_downsample": 1, "n_blocks": 1}
    network = given | {"background": True, "references": True}
    weights = Generator(**network).state_dict()
    save_generator(path, weights, {"network": network})
    load_generator(path)
    for name in ("head.1.weight", "head.1.bias"):
        weights[name] = torch.cat([weights[name], weights[name][-1:]])
    save_generator(path, weights, {"network": network})
    with pytest.raises(InputError, match=r"old.safetensors: not a generator file \(.*; delete it to train"):
        load_generator(path)


def test_a_file_of_a_network_that_tells_less_or_cannot_be_built_is_named(tmp_path):
    """As of another version; the key is asked for hours later, or in another job."""
    path, network = tmp_path / "old.safetensors", {"channels": 4, "n_downsample": 1, "n_blocks": 1}
    save_generator(path, Generator(**network).state_dict(), {"network": network})
    with pytest.raises(InputError, match=r"old.safetensors: has no 'sizes', so another version wrote it"):
        load_generator(path)[1]["sizes"]
    for description in ({}, {"network": network | {"references": True}}, {"network": {"layers": 3}}):
        save_generator(path, {}, description)
        with pytest.raises(InputError, match=r"old.safetensors: .*; delete it to"):
            load_generator(path)


def test_who_must_synthesize_takes_no_colour_of_the_reference_and_others_do():
    generator, skeleton, background, reference = sharing()
    generator.seen = lambda *given: Generator.seen(generator, *given[:3], reference)  # the other way in
    other = torch.cat([-reference[:, :3], reference[:, 3:]], dim=1)
    copying = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1)
    one, two = (
        generator(skeleton, background, background, shown, copying)[0] for shown in (reference, other)
    )
    assert torch.equal(one[0], two[0]) and not torch.allclose(one[1], two[1])


def test_who_must_synthesize_learns_to_where_a_copier_would_not():
    generator, skeleton, background, reference = sharing()
    biased(generator, alpha=logit(1 - 1e-6))
    for copying, learns in ((0.0, True), (1.0, False)):
        generator.zero_grad()
        image, _ = generator(skeleton, background, background, reference, torch.full((2, 1, 1, 1), copying))
        image[..., :32, :].sum().backward()
        gradient = generator.head[-1].bias.grad[:12]
        assert (gradient > 1).all() if learns else gradient.abs().max() < 1e-3


def test_what_is_shown_reaches_the_network_too():
    generator, skeleton, background, reference = sharing()
    none = torch.zeros(2, 1, 1, 1)
    one, two = (
        generator(skeleton, background, background, shown, none)[1].colour
        for shown in (reference, reference.flip(0))
    )
    assert not torch.allclose(one, two)


def test_references_need_a_background():
    with pytest.raises(ValueError, match="references are laid over a background: background must be true"):
        Generator(4, 2, 1, references=True)


def test_output_depends_on_the_previous_frame():
    torch.manual_seed(0)
    generator, skeleton = Generator(4, 2, 1), torch.rand(1, 3, 32, 32)
    dark, _ = generator(skeleton, -torch.ones(1, 3, 32, 32))
    bright, _ = generator(skeleton, torch.rand(1, 3, 32, 32))
    assert not torch.allclose(dark, bright)


def test_the_discriminator_has_maps_of_two_scales_with_realness_last():
    results = Discriminator(2, 4, 3)(torch.rand(2, 2, 3, 64, 64), torch.rand(2, 2, 3, 64, 64))
    assert [len(maps) for maps in results] == [5, 5]
    assert results[0][-1].shape[:2] == (2, 1)
    assert results[1][0].shape[-1] < results[0][0].shape[-1]


@pytest.mark.parametrize("pictures", [1, 3])
def test_instance_norm_keeps_the_memory_format_and_has_the_right_gradient(pictures):
    x, slope = torch.randn(pictures, 5, 6, 7), torch.randn(pictures, 5, 6, 7)
    instance_norm = partial(torch.nn.InstanceNorm2d, 5)
    results, slopes = [], []
    for build, layout in ((InstanceNorm, torch.channels_last), (instance_norm, torch.contiguous_format)):
        given = x.to(memory_format=layout).requires_grad_()
        results.append(build()(given))
        slopes.append(torch.autograd.grad(results[-1], given, slope.to(memory_format=layout))[0])
    assert results[0].is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(*results, atol=1e-5)
    assert torch.allclose(*slopes, atol=1e-5)


def gradients(network, inputs, layout):
    """The gradients of a network's weights, its own and its inputs' memory in a layout."""
    network = network.to(memory_format=layout)
    result = network(*(x.to(memory_format=layout) if x.ndim == 4 else x for x in inputs))
    synthesized = not isinstance(network, Discriminator)
    maps = [result[0]] if synthesized else [level for scale in result for level in scale]
    sum((level**2).mean() for level in maps).backward()
    return [weight.grad.contiguous() for weight in network.parameters()]


@pytest.mark.parametrize("pictures", [1, 2])
@pytest.mark.parametrize(
    "build",
    [
        lambda: Generator(4, 2, 2, 2, skips=True, background=True),
        lambda: Generator(4, 2, 2, 2, skips=True, background=True, references=True),
        lambda: Generator(8, 2, 2),
        lambda: EnhancedGenerator({"channels": 8, "n_downsample": 2, "n_blocks": 1}, 4, 1),
        lambda: Discriminator(2, 8),
    ],
)
def test_gradients_are_those_of_the_plain_memory_format(build, pictures):
    """What the weights learn does not depend on how they lie in memory."""
    torch.manual_seed(0)
    network = build().double()
    frames = (2,) if isinstance(network, Discriminator) else ()
    inputs = [torch.rand(pictures, *frames, 3, 64, 96, dtype=torch.double) for _ in range(3 - len(frames))]
    if getattr(network, "references", False):
        inputs.append(torch.rand(pictures, 4, 64, 96, dtype=torch.double))
    plain = gradients(copy.deepcopy(network), inputs, torch.contiguous_format)
    ours = gradients(network, inputs, torch.channels_last)
    for name, a, b in zip(dict(network.named_parameters()), plain, ours, strict=True):
        assert (a - b).norm() <= 1e-6 * a.norm() + 1e-10, name


class Padded(TorchDispatchMode):
    """Notes in which precision pictures are padded."""

    def __init__(self):
        super().__init__()
        self.dtypes = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function.name() == "aten::reflection_pad2d":
            self.dtypes.add(args[0].dtype)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_results_are_padded_in_their_own_precision_and_are_the_same(monkeypatch, dtype):
    torch.manual_seed(0)
    network = Generator(channels=4, n_downsample=2, n_blocks=2)
    given = torch.rand(1, 3, 32, 48), torch.rand(1, 3, 32, 48)

    def padded_in():
        with Padded() as padded, torch.autocast("cpu", dtype=dtype):
            made = network(*given)[0]
        return made.detach(), padded.dtypes

    with torch.no_grad():
        results, dtypes = padded_in()
    assert dtypes == {torch.float32, dtype}  # its input is float32
    learned, dtypes = padded_in()
    assert dtypes == {torch.float32} and torch.equal(results, learned)
    cast_once(network, {"device_type": "cpu", "dtype": dtype, "enabled": True})
    with torch.no_grad():
        results, dtypes = padded_in()
    assert dtypes == {dtype} and torch.equal(results, learned)


@pytest.mark.parametrize("edge", [1, 2, 4])
def test_folding_and_unfolding_are_torchs(edge):
    x = torch.rand(2, 3, 8, 16).to(memory_format=torch.channels_last)
    folded = F.pixel_unshuffle(x, edge)
    assert torch.equal(_folded(x, edge), folded) and torch.equal(_unfolded(folded, edge), x)
    assert edge == 1 or _unfolded(folded, edge).is_contiguous()
