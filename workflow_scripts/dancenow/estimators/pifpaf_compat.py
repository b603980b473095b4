"""What openpifpaf, last released in 2024, needs from us to be imported beside today's torchvision.

PyPI's torchvision for Linux is a CUDA build. Beside a CPU-only torch its compiled library does not load, and
the import then fails on operators that were never declared. openpifpaf's poses use none of them.
"""

import importlib.util
import sys
from pathlib import Path

import torch

# the operators whose fake kernels torchvision registers whether or not its library is there
UNCONDITIONAL_OPERATORS = ("nms", "qnms")

_declared = None  # operators go when their Library object goes


def import_openpifpaf():
    """The openpifpaf module."""
    _declare_missing_operators()
    import openpifpaf

    return openpifpaf


def _declare_missing_operators():
    global _declared
    if _declared is not None or "torchvision" in sys.modules or _load_torchvision_library():
        return
    _declared = torch.library.Library("torchvision", "DEF")
    for operator in UNCONDITIONAL_OPERATORS:
        _declared.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def _load_torchvision_library():
    """Whether torchvision's own compiled operators can be had here."""
    spec = importlib.util.find_spec("torchvision")
    for folder in spec.submodule_search_locations if spec else ():
        for library in [*Path(folder).glob("_C*.so"), *Path(folder).glob("_C*.pyd")]:
            try:
                torch.ops.load_library(str(library))
                return True
            except OSError:
                continue
    return False
