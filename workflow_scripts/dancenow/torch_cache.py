"""Where torch keeps published weights, once they are downloaded."""

from pathlib import Path

import torch


def in_cache(file: str) -> Path:
    """Where a file of weights is cached, or would be: in $TORCH_HOME/hub/checkpoints."""
    return Path(torch.hub.get_dir()) / "checkpoints" / file
