"""openpifpaf beside today's torch, torchvision and matplotlib. Nothing else here imports openpifpaf."""

import importlib.util
import logging
import sys
from pathlib import Path
from typing import Any

import torch
from torch import library as operators

# a Library that is collected takes its operators along
_declared = None


def import_openpifpaf() -> Any:
    """The openpifpaf module, ready for use and quiet: it would log two lines a frame."""
    make_torchvision_importable()
    import matplotlib
    import matplotlib.cm

    # gone in matplotlib 3.9; openpifpaf calls it while it is imported
    if not hasattr(matplotlib.cm, "get_cmap"):
        matplotlib.cm.get_cmap = matplotlib.colormaps.get_cmap
    import openpifpaf

    logging.getLogger("openpifpaf").setLevel(logging.WARNING)
    return openpifpaf


def make_torchvision_importable() -> None:
    """Let torchvision be imported where its compiled operators cannot be loaded.

    PyPI's Linux wheel is a CUDA build. Beside a CPU torch its library does not load, and its import then
    fails on two operators that it expects to be declared. Poses need neither, so a declaration will do.
    Does nothing where the library loads.
    """
    global _declared
    if _declared is not None or "torchvision" in sys.modules:
        return
    spec = importlib.util.find_spec("torchvision")
    folders = (spec and spec.submodule_search_locations) or []
    for library in (library for folder in folders for library in Path(folder).glob("_C*.so")):
        try:
            torch.ops.load_library(str(library))
        except OSError:
            continue
        return
    _declared = operators.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        _declared.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
