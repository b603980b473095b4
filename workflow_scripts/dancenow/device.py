"""Where the networks run, and in which precision."""

import ctypes
import logging
import os
import resource
from pathlib import Path

import torch

from dancenow.parallel import local_rank

log = logging.getLogger(__name__)


def pick_device():
    """This process's GPU when there is one (the first for a process alone), else the CPU.

    A GPU that torch cannot use, and that nobody has hidden from it, is told of in a warning.
    """
    if not torch.cuda.is_available():
        if has_nvidia_gpu() and os.environ.get("CUDA_VISIBLE_DEVICES") != "":
            log.warning("%s", _why_no_gpu())
        return torch.device("cpu")
    torch.cuda.set_device(local_rank())
    return torch.device("cuda", local_rank())


def has_nvidia_gpu(devices=Path("/dev")):
    """Whether Linux knows of a GPU of NVIDIA's, whatever torch can do with it."""
    return any(devices.glob("nvidia[0-9]*"))


def _why_no_gpu():
    remedy = (
        f"torch {torch.__version__} is built for CUDA {torch.version.cuda}; is the driver older than that?"
    )
    if torch.version.cuda is None:
        remedy = (
            f"torch {torch.__version__} is built without CUDA; install the build for this machine's driver"
        )
    return f"this machine has an NVIDIA GPU that torch cannot use, and the CPU takes its place: {remedy}"


def peak_memory(device):
    """Bytes: the most that this process has held on the GPU or, on a CPU, in memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# what oneDNN, which has a CPU's convolutions, may be kept to by the user: those without bfloat16 in hardware
LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
WITHOUT_BF16 = {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"}


def has_fast_bf16(device):
    """Whether bfloat16 convolutions run on the device's own units; elsewhere they are emulated and slower.

    The processor's own flag and the user's limit decide, never a timing: it could change a resumed training.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    limit = next((os.environ[name] for name in LIMITS if name in os.environ), "")
    able = torch.backends.mkldnn.is_available() and torch.cpu._is_avx512_bf16_supported()
    return able and limit.upper() not in WITHOUT_BF16


# numbers of glibc's mallopt
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def keep_memory():
    """Have glibc keep what is freed: a step asks for it again, and new pages cost a tenth of its time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt:
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_ARENA_MAX, 1)):
            mallopt(option, value)


def prepare(device, threads):
    """Set the thread count and the kernels' choice; returns the autocast settings for torch.autocast.

    On a CPU kernels are deterministic. On a GPU they are the fastest, those for float32 in TF32: equal bytes
    are promised for CPUs only. Where a GPU has no bfloat16 of its own, autocast's precision is float16.
    """
    torch.set_num_threads(threads)
    on_gpu = device.type == "cuda"
    torch.use_deterministic_algorithms(not on_gpu)
    torch.backends.cudnn.benchmark = on_gpu
    if on_gpu:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    # against reading what was never written; our own operations write all that they read
    torch.utils.deterministic.fill_uninitialized_memory = False
    keep_memory()
    bfloat16 = has_fast_bf16(device)
    return {
        "device_type": device.type,
        "dtype": torch.float16 if on_gpu and not bfloat16 else torch.bfloat16,
        "enabled": on_gpu or bfloat16,
    }


def precision_name(autocast):
    """The precision that most is computed in, in words; autocast: as from `prepare`."""
    return str(autocast["dtype"]).removeprefix("torch.") if autocast["enabled"] else "float32"


def upload(tensor, device):
    """A tensor of the host on the device, of its own dtype; the host waits for it unless it is pinned."""
    return tensor.to(device, non_blocking=True)


def cast_once(network, autocast):
    """The network, its convolutions cast to autocast's precision in place, as autocast casts them each time.

    For a network that only synthesizes: what it computes stays the same. autocast: as from `prepare`.
    """
    if autocast["enabled"]:
        for module in network.modules():
            if isinstance(module, (torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
                module.to(autocast["dtype"])
    return network


def as_images(pictures, device):
    """uint8 (..., 3, H, W) -> float32 in [-1, 1] on the device."""
    return upload(pictures, device).to(torch.float32) / 127.5 - 1


def as_skeletons(pictures, device):
    """uint8 (..., 3, H, W) -> float32 in [0, 1] on the device."""
    return upload(pictures, device).to(torch.float32) / 255


def as_references(pictures, device):
    """uint8 (..., 4, H, W), premultiplied -> float32: colour in [-1, 1] times validity, and it in [0, 1]."""
    x = upload(pictures, device).to(torch.float32) / 255
    valid = x[..., 3:, :, :]
    return torch.cat([2 * x[..., :3, :, :] - valid, valid], dim=-3)


def as_levels(images):
    """float (N, 3, H, W) in [-1, 1] -> float32, whole numbers 0 to 255, where it lies."""
    return ((images.detach().float().clamp(-1, 1) + 1) * 127.5).round()


def as_pictures(images):
    """float (N, 3, H, W) in [-1, 1] -> (N, H, W, 3) uint8 array."""
    return as_levels(images).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
