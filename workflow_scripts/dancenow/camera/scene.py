"""Choose the part of a target's clip to use, and its canvas."""

import logging
from dataclasses import replace

import numpy as np

from dancenow.camera.exposure import measure_exposure
from dancenow.camera.path import AT_REST, CameraPath
from dancenow.camera.view import SteadyView
from dancenow.keypoints import Pose, boxes
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

CANVAS_BEYOND = 0.5  # of the framing on each side: the limit of the canvas
CANVAS_FRAMES = 0.98  # quantile: a camera that is put down makes no panorama of it
MUCH_DRAWN = 0.1  # of the picture
SIDE_MULTIPLE = 32  # px: the canvas' sides are multiples of it, as those of frames are
LEAST_POINTS = 3  # least number of keypoints of a person


def steady_view(path: CameraPath, store: FrameStore, pose: Pose) -> SteadyView:
    """The SteadyView of a target's clip. path: its CameraPath; store: its FrameStore; pose: the performer."""
    view = place_view(path, pose)
    left_out = (view.count - len(view.used)) / float(store.fps)
    if left_out:
        log.warning(
            "warning: %s: %.1f s of %.1f s are left out: they show another scene, and training uses only "
            "one; cut the clip to the scene that you want",
            store.path,
            left_out,
            view.count / float(store.fps),
        )
    if not view.unmoved:
        log.info(
            "the camera moves: %d frames are stabilized into one view of %dx%d px",
            len(view.used),
            view.width,
            view.height,
        )
    if view.drawn.size and view.drawn.mean() > MUCH_DRAWN:
        log.warning(
            "warning: %s: %.0f %% of the picture are bars or windows around the scene, or drawn over it, and "
            "are made up; crop the clip to the scene",
            store.path,
            100 * view.drawn.mean(),
        )
    gains, offsets = measure_exposure(store, view, boxes(view.steady_pose(pose).keypoints))
    lit = np.isfinite(gains).all(axis=1)
    if not lit.all():
        seconds = (~lit).sum() / float(store.fps)
        log.warning("warning: %s: %.1f s of fades and flashes are left out", store.path, seconds)
    return replace(view, used=view.used[lit], maps=view.maps[lit], gains=gains[lit], offsets=offsets[lit])


def place_view(path: CameraPath, pose: Pose) -> SteadyView:
    """The SteadyView of a clip, without regard to exposure.

    path: the CameraPath of the clip; pose: the performer in its frames. The scene that shows the performer
    longest is used; shots of a tripod that show the same count as one, whatever lies between them. Frames
    whose place only their neighbours or people tell are left out.
    """
    path.require_frames(len(pose.keypoints))
    stands = np.isin(path.kinds, AT_REST)[path.shot]
    exact = stands | (path.sure > 0)
    shown = pose.present().sum(axis=1) >= LEAST_POINTS
    scenes, frames = np.unique(path.scene[shown] if shown.any() else path.scene, return_counts=True)
    used = np.flatnonzero((path.scene == scenes[frames.argmax()]) & exact)
    maps, corner, drawn = np.tile(np.eye(3), (len(used), 1, 1)), np.zeros(2, int), np.zeros((0, 0), bool)
    size = np.array([pose.width, pose.height])
    if not path.part(used).is_still:
        corner, size = _canvas(path.maps[used], pose.width, pose.height)
        drawn = path.drawn
        maps = np.array([[1, 0, corner[0]], [0, 1, corner[1]], [0, 0, 1]], float) @ path.maps[used]
    ones = np.ones((len(used), 3), np.float32)
    framing = np.array([*corner, pose.width, pose.height])
    width, height = map(int, size)
    return SteadyView(used, len(path.maps), maps, ones, 0 * ones, width, height, framing, drawn)


def _canvas(maps: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the framing's corner lies on the canvas, (2,) int px, and the canvas' size, (2,) int px."""
    corners = np.array(
        [[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], float
    ).T
    places = maps @ corners
    places = places[:, :2] / places[:, 2:]
    size, reach = np.array([width, height]), CANVAS_BEYOND * np.array([width, height])
    before = np.clip(np.quantile(-places.min(axis=2), CANVAS_FRAMES, axis=0), 0, reach)
    behind = np.clip(np.quantile(places.max(axis=2), CANVAS_FRAMES, axis=0) - (size - 1), 0, reach)
    corner = np.ceil(before).astype(int)
    return corner, np.ceil((corner + size + behind) / SIDE_MULTIPLE).astype(int) * SIDE_MULTIPLE
