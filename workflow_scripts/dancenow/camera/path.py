"""The path of a camera: for each frame the map from its px into the px of its shot's scene.

The px of a scene are those of its shot's usual framing: of the frame of the shot in the middle of
the camera's movement. So the maps of a still camera are exactly the identity, and what is mapped
into the scene stays unchanged, bit for bit.
"""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.arrays import read_npz, write_npz
from dancenow.errors import InputError

# kinds of camera movement in a shot
STILL = "still"
SHAKING = "shaking"  # almost still: held in a hand
MOVING = "moving"  # it pans, zooms or travels
UNKNOWN = "unknown"  # not measurable, for lack of corners; treated as still
KINDS = STILL, SHAKING, MOVING, UNKNOWN
AT_REST = STILL, UNKNOWN  # every map is the identity
PATH_LAYOUT = {  # of a file
    **{"maps": "finite float64 T 3 3", "sure": "finite float32 T", "shot": "int T", "kinds": "text S"},
    **{"extents": "finite float64 S 4", "width": "int", "height": "int", "scenes": "int S"},
    "drawn": "bool * *",
}


@dataclass(frozen=True)
class CameraPath:
    """How the camera of a clip moved.

    maps: (T, 3, 3) float64, from homogeneous px of a frame (pixel centres at integers) to px of its scene,
        the lower right entry 1; exactly the identity all through a shot that is still or unknown.
    sure: (T,) float32, 0..1, how well the frame's own map is known; 0 where neighbours or people fill it in.
    shot: (T,) int64, ascending from 0, the shot of each frame.
    kinds: of each shot, one of KINDS.
    extents: (shots, 4) float64, x0, y0, x1, y1 px of the scene that the shot's frames reach, bounded.
    width, height: of the frames, px.
    scenes: of each shot, the scene that it shows, counted from 0; shots of one scene share its px. By default
        each shot shows another.
    drawn: (height, width) bool, where every frame shows something that is drawn over or around the scene, or
        lies just beside it; (0, 0) where nothing is.
    """

    maps: np.ndarray
    sure: np.ndarray
    shot: np.ndarray
    kinds: tuple
    extents: np.ndarray
    width: int
    height: int
    scenes: tuple = ()
    drawn: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), bool))

    def __post_init__(self) -> None:
        count, shots = len(self.maps), len(self.kinds)
        object.__setattr__(self, "scenes", tuple(map(int, self.scenes)) or tuple(range(shots)))
        if (
            self.maps.shape != (count, 3, 3)
            or self.sure.shape != (count,)
            or self.shot.shape != (count,)
            or self.extents.shape != (shots, 4)
        ):
            raise ValueError("maps, sure, shot and extents do not fit together")
        if self.drawn.shape not in ((0, 0), (self.height, self.width)):
            raise ValueError(f"{self.drawn.shape} tells nothing of {self.width}x{self.height} px")
        if not (np.isfinite(self.maps).all() and np.isfinite(self.extents).all()):
            raise ValueError("a map holds NaN or infinity")
        if (np.linalg.det(self.maps) <= 0).any():
            raise ValueError("a map leaves nothing of a frame, or mirrors it")
        if len(self.scenes) != shots:
            raise ValueError(f"{shots} shots show {shots} scenes, the same or others, not {len(self.scenes)}")
        if set(self.kinds) - set(KINDS):
            raise ValueError(f"a shot is one of {', '.join(KINDS)}, not {self.kinds}")
        if np.unique(self.shot).tolist() != list(range(shots)) or (np.diff(self.shot) < 0).any():
            raise ValueError(f"frames of {shots} shots must be counted 0 to {shots - 1}, ascending")

    @property
    def is_still(self) -> bool:
        """Whether every map is the identity, so that nothing need be moved."""
        return all(kind in AT_REST for kind in self.kinds)

    def require_frames(self, count: int) -> None:
        """InputError unless the clip has `count` frames."""
        if len(self.maps) != count:
            raise InputError(
                f"the camera's path has {len(self.maps)} frames and the pose {count}; delete both files in "
                "results/camera and results/poses and run again"
            )

    @property
    def scene(self) -> np.ndarray:
        """(T,) int64, the scene of each frame."""
        return np.array(self.scenes)[self.shot]

    @property
    def breaks(self) -> list[int]:
        """The first frame of each shot but the first."""
        return (np.flatnonzero(np.diff(self.shot)) + 1).tolist()

    def shot_frames(self) -> list[tuple[int, int]]:
        """Of each shot (first, stop), frames."""
        edges = [0, *self.breaks, len(self.shot)]
        return list(zip(edges[:-1], edges[1:], strict=True))

    def part(self, frames: slice | np.ndarray) -> "CameraPath":
        """The path of a slice or (n,) ascending numbers of frames, in their own shots."""
        own, shot = np.unique(self.shot[frames], return_inverse=True)
        return replace(
            self, maps=self.maps[frames], sure=self.sure[frames], shot=shot, extents=self.extents[own],
            kinds=tuple(self.kinds[each] for each in own), scenes=tuple(self.scenes[each] for each in own),
        )  # fmt: skip

    def to_scene(self, keypoints: np.ndarray) -> np.ndarray:
        """(T, K, 3) float32 of x, y px of the frames and confidence, with x, y px of the scene.

        Missing keypoints, with confidence 0, stay (0, 0, 0). For a still path the unchanged array.
        """
        return keypoints if self.is_still else moved_keypoints(self.maps, keypoints)

    def to_frame(self, keypoints: np.ndarray) -> np.ndarray:
        """The inverse: (T, K, 3) float32 from px of the scene to px of the frames."""
        return keypoints if self.is_still else moved_keypoints(np.linalg.inv(self.maps), keypoints)


def save_path(path: str | Path, camera: CameraPath) -> None:
    """Write a CameraPath as .npz, whole or not at all."""
    tuples = {name: np.array(getattr(camera, name)) for name in ("kinds", "scenes")}
    write_npz(path, vars(camera) | tuples)


def load_path(path: str | Path) -> CameraPath:
    """Read a CameraPath; InputError names a file that is not one."""

    def make(stored: dict[str, np.ndarray]) -> CameraPath:
        given: dict[str, Any] = {each.name: stored[each.name] for each in fields(CameraPath)}
        given |= {"kinds": tuple(map(str, given["kinds"])), "scenes": tuple(given["scenes"].tolist())}
        return CameraPath(**given | {name: int(given[name]) for name in ("width", "height")})

    return read_npz(path, "a camera path file", PATH_LAYOUT, make)


def moved_points(maps: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(..., K, 2) float64 px moved by (..., 3, 3) maps."""
    there = points @ np.swapaxes(maps[..., :2], -1, -2) + maps[..., None, :, 2]
    return there[..., :2] / there[..., 2:]


def moved_keypoints(maps: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """(N, K, 3) keypoints moved by (N, 3, 3) maps: a copy; missing ones stay (0, 0, 0).

    The identity changes no bit of them, for a shot of a still camera in a clip whose other shots move.
    """
    there, moved = moved_points(maps, keypoints[..., :2].astype(np.float64)), keypoints.copy()
    moved[..., :2] = np.where(keypoints[..., 2:] > 0, there, 0)
    return moved
