"""Where the networks run, and in which precision."""

import ctypes
import resource

import torch

from dancenow.parallel import local_rank


def pick_device():
    """This process's GPU when there is one (the first for a process alone), else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.cuda.set_device(local_rank())
    return torch.device("cuda", local_rank())


def peak_memory(device):
    """Bytes: the most that this process has held on the GPU or, on a CPU, in memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def has_fast_bf16(device):
    """Whether bfloat16 convolutions run on the device's own units; elsewhere they are emulated and slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.backends.mkldnn.is_available() and torch.cpu._is_avx512_bf16_supported()


# numbers of glibc's mallopt
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def keep_memory():
    """Have glibc keep what is freed: a step asks for it again, and new pages cost a tenth of its time."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt:
        for option, value in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, 2**31 - 1), (M_ARENA_MAX, 1)):
            mallopt(option, value)


def prepare(device, threads):
    """Set the thread count and deterministic kernels; returns the autocast settings for torch.autocast."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=device.type == "cuda")
    # against reading what was never written; our own operations write all that they read
    torch.utils.deterministic.fill_uninitialized_memory = False
    keep_memory()
    return {"device_type": device.type, "dtype": torch.bfloat16, "enabled": has_fast_bf16(device)}


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
    return pictures.to(device, torch.float32) / 127.5 - 1


def as_skeletons(pictures, device):
    """uint8 (..., 3, H, W) -> float32 in [0, 1] on the device."""
    return pictures.to(device, torch.float32) / 255


def as_references(pictures, device):
    """uint8 (..., 4, H, W), premultiplied -> float32: colour in [-1, 1] times validity, and it in [0, 1]."""
    x = pictures.to(device, torch.float32) / 255
    valid = x[..., 3:, :, :]
    return torch.cat([2 * x[..., :3, :, :] - valid, valid], dim=-3)


def as_levels(images):
    """float (N, 3, H, W) in [-1, 1] -> float32, whole numbers 0 to 255, where it lies."""
    return ((images.detach().float().clamp(-1, 1) + 1) * 127.5).round()


def as_pictures(images):
    """float (N, 3, H, W) in [-1, 1] -> (N, H, W, 3) uint8 array."""
    return as_levels(images).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
