"""The hardware of this machine: processor, graphics cards, memory, disk."""

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch

from dancenow.gpus import usable_gpus
from dancenow.job import usable_cores
from dancenow.training.memory import free_memory

# flags of /proc/cpuinfo that determine how fast a network runs on a processor, and their usual names
CAPABILITIES = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "BF16", "amx_bf16": "AMX"}


@dataclass(frozen=True)
class Hardware:
    """processor: its name; capabilities: of CAPABILITIES' words; cores: that this process may use; cards:
    names of the GPUs, first of the one that was measured; free: bytes of memory that are free where the
    networks run; disk: bytes that are free.
    """

    processor: str
    capabilities: list
    cores: int
    cards: list
    free: int
    disk: int


def look(device: torch.device, folder: str | Path = ".", proc: Path = Path("/proc")) -> Hardware:
    """The Hardware around `device`; folder: on the results' disk; proc: where Linux describes the CPU."""
    rows = {}
    if (proc / "cpuinfo").exists():
        pairs = (
            line.split(":", 1)
            for line in (proc / "cpuinfo").read_text(encoding="utf-8").splitlines()
            if ":" in line
        )
        rows = {name.strip(): value.strip() for name, value in pairs}
    flags = rows.get("flags", "").split()
    # the one that is measured comes first
    cards = sorted(usable_gpus(), key=lambda number: number != device.index)
    return Hardware(
        rows.get("model name") or platform.processor() or platform.machine(),
        [word for flag, word in CAPABILITIES.items() if flag in flags],
        usable_cores(),
        [torch.cuda.get_device_name(number) for number in cards],
        free_memory(device),
        shutil.disk_usage(folder).free,
    )
