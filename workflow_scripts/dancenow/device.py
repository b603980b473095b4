"""Where the networks run, and in which precision."""

import ctypes
import logging
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

import torch

from dancenow.gpus import own_gpu, usable_gpus, why_no_gpu
from dancenow.parallel import anyone, local_rank

log = logging.getLogger(__name__)


class Autocast(TypedDict):
    """Arguments of torch.autocast."""

    device_type: str
    dtype: torch.dtype
    enabled: bool


def pick_device() -> torch.device:
    """This process's GPU if there is one (for a single process, one that no other job uses), else the CPU.

    A warning names a GPU that torch cannot use, unless it is hidden on purpose.
    """
    usable = usable_gpus()
    if not usable:
        if why := why_no_gpu():
            log.warning("%s", why)
        return torch.device("cpu")
    number = usable[local_rank()] if "LOCAL_RANK" in os.environ else own_gpu(usable)
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def peak_memory(device: torch.device) -> int:
    """Peak memory of this process in bytes, on the GPU or, on a CPU, in main memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # in kB, only macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


# instruction sets to which a user can limit oneDNN, which runs convolutions on CPUs: those without bfloat16
ISA_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
WITHOUT_BF16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"}


def has_fast_bf16(device: torch.device) -> bool:
    """Whether the device has hardware for bfloat16 convolutions; otherwise they are emulated and slower.

    The processor's flag and the user's limit decide, never a timing, which could change a resumed training.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    limit = next((os.environ[name] for name in ISA_LIMITS if name in os.environ), "")
    able = torch.backends.mkldnn.is_available() and torch.cpu._is_avx512_bf16_supported()
    return able and limit.upper() not in WITHOUT_BF16


# numbers of glibc's mallopt
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def keep_memory() -> None:
    """Make glibc keep freed memory: each step needs it again, and new pages cost a tenth of its time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries do not have it
    if mallopt:
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_ARENA_MAX, 1)):
            mallopt(option, value)


def prepare(device: torch.device, threads: int) -> Autocast:
    """Set the thread count and the choice of kernels; returns the settings for torch.autocast.

    On a CPU, kernels are deterministic. On a GPU the fastest are used, in TF32 for float32: identical bytes
    are guaranteed on CPUs only. If a GPU has no hardware for bfloat16, autocast uses float16. All
    processes of a training take the same: gradients of a scaled loss have no mean with others.
    """
    torch.set_num_threads(threads)
    on_gpu = device.type == "cuda"
    _use_deterministic_kernels(not on_gpu)
    torch.backends.cudnn.benchmark = on_gpu
    if on_gpu:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    # it guards against reading unwritten memory; our own operations write everything that they read
    torch.utils.deterministic.fill_uninitialized_memory = False
    keep_memory()
    bfloat16 = not anyone(not has_fast_bf16(device), device)
    return {
        "device_type": device.type,
        "dtype": torch.float16 if on_gpu and not bfloat16 else torch.bfloat16,
        "enabled": on_gpu or bfloat16,
    }


def prepare_exact(device: torch.device, threads: int) -> None:
    """As `prepare`, for networks that measure: all of it in float32, on a GPU too, where TF32 is faster."""
    torch.set_num_threads(threads)
    _use_deterministic_kernels(device.type != "cuda")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False


def _use_deterministic_kernels(used: bool) -> None:
    # torch.use_deterministic_algorithms, but for a compiler's thousand modules, imported in over a second
    torch.set_deterministic_debug_mode("error" if used else "default")


@contextmanager
def exact_float32() -> Iterator[None]:
    """float32 on a GPU is float32 inside the block, not TF32, whose rounding instance norm makes much of."""
    flags = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [flag.allow_tf32 for flag in flags]
    for flag in flags:
        flag.allow_tf32 = False
    try:
        yield
    finally:
        for flag, allowed in zip(flags, before, strict=True):
            flag.allow_tf32 = allowed


def device_of(network: torch.nn.Module) -> torch.device:
    """Where a network's weights lie."""
    return next(network.parameters()).device


def precision_name(autocast: Autocast) -> str:
    """The precision of most computations, in words; autocast: as from `prepare`."""
    return str(autocast["dtype"]).removeprefix("torch.") if autocast["enabled"] else "float32"


def upload(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A host tensor of any shape, copied to the device with its dtype; the host waits unless it is pinned."""
    return tensor.to(device, non_blocking=True)


def cast_once(network: torch.nn.Module, autocast: Autocast) -> torch.nn.Module:
    """The network with its convolutions cast, in place and once, to autocast's precision.

    Only for inference; the results stay the same. autocast: as from `prepare`.
    """
    if autocast["enabled"]:
        for module in network.modules():
            if isinstance(module, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
                module.to(autocast["dtype"])
    return network


def as_images(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """uint8 (..., 3, H, W) -> float32 in [-1, 1] on the device."""
    return upload(pictures, device).to(torch.float32) / 127.5 - 1


def as_skeletons(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """uint8 (..., 3, H, W) -> float32 in [0, 1] on the device."""
    return upload(pictures, device).to(torch.float32) / 255


def as_references(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """uint8 (..., 4, H, W), premultiplied -> float32: colour in [-1, 1] times validity, and it in [0, 1]."""
    x = upload(pictures, device).to(torch.float32) / 255
    valid = x[..., 3:, :, :]
    return torch.cat([2 * x[..., :3, :, :] - valid, valid], dim=-3)


def as_levels(images: torch.Tensor) -> torch.Tensor:
    """float (N, 3, H, W) in [-1, 1] -> float32, whole numbers 0 to 255, where it lies."""
    return ((images.detach().float().clamp(-1, 1) + 1) * 127.5).round()
