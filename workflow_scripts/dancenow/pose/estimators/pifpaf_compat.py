"""Use openpifpaf with current torch, torchvision and matplotlib. Nothing else imports openpifpaf."""

import importlib.util
import logging
import sys
from pathlib import Path
from typing import Any

import torch
from torch import library as operators

# if this Library were garbage-collected, its operators would go with it
_declared = None


def import_openpifpaf() -> Any:
    """The openpifpaf module, ready for use, with logging off (it would log two lines per frame)."""
    make_torchvision_importable()
    import matplotlib
    import matplotlib.cm

    # removed in matplotlib 3.9; openpifpaf calls it on import
    if not hasattr(matplotlib.cm, "get_cmap"):
        matplotlib.cm.get_cmap = matplotlib.colormaps.get_cmap
    import openpifpaf

    logging.getLogger("openpifpaf").setLevel(logging.WARNING)
    return openpifpaf


def make_torchvision_importable() -> None:
    """Make torchvision importable if its compiled operators cannot be loaded.

    PyPI's Linux wheel is a CUDA build. With a CPU build of torch its library does not load, and its import
    fails on two operators that it expects to be declared. Poses need neither, so a declaration is enough.
    Does nothing if the library loads.
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
