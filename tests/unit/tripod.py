"""What find_camera and steady_target make of a clip that was filmed on a tripod."""

import numpy as np

from dancenow.camera.path import STILL, CameraPath
from dancenow.camera.view import SteadyView


def still_path(count, width, height):
    """The CameraPath of `count` frames of a tripod, without cuts."""
    return CameraPath(
        maps=np.tile(np.eye(3), (count, 1, 1)),
        sure=np.ones(count, np.float32),
        shot=np.zeros(count, np.int64),
        kinds=(STILL,),
        extents=np.array([[0, 0, width - 1, height - 1]], float),
        width=width,
        height=height,
    )


def still_view(count, width, height):
    """The SteadyView of `count` frames of a tripod."""
    ones, framing = np.ones((count, 3), np.float32), np.array([0, 0, width, height])
    maps = np.tile(np.eye(3), (count, 1, 1))
    return SteadyView(np.arange(count), count, maps, ones, 0 * ones, width, height, framing)
