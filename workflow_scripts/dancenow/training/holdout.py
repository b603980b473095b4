"""Which frames a training never sees. Imports no torch, because stages without networks ask too."""

from dancenow.errors import InputError
from dancenow.keypoints import Pose


def training_frame_count(count: int, holdout: float) -> int:
    """Number of frames from the start that training may see; the last share `holdout` is held out."""
    return count - round(count * holdout)


def heldout(pose: Pose, holdout: float) -> Pose:
    """The part of a Pose that training never saw; InputError if nothing was held out."""
    first = training_frame_count(len(pose.keypoints), holdout)
    if first == len(pose.keypoints):
        raise InputError("train.holdout holds out no frame; set it to about 0.2 to score unseen footage")
    return pose.part(slice(first, None))
