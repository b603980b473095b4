"""The camera's movement, shot by shot, from its path, and what it showed."""

from dataclasses import dataclass

import numpy as np

from dancenow.camera.path import CameraPath, moved_points

WHOLE_BODY, NO_FEET, NOBODY = "whole body", "no feet", "nobody"
SELDOM_IN_SHOT = 0.1  # of a shot's frames: what is seen in fewer is not what the shot shows


@dataclass(frozen=True)
class Shot:
    """first, stop: its frames; camera: one of camera.path.KINDS; shows: WHOLE_BODY, NO_FEET or NOBODY."""

    first: int
    stop: int
    camera: str
    shows: str


def camera_motion(path: CameraPath) -> dict[str, np.ndarray]:
    """How the camera of a CameraPath moves.

    Returns a dict of series over the clip's frames: shift (T, 2) px of the scene, where the picture's centre
    lies, beside its place in the shot's usual framing; zoom (T,), how many times larger things are shown than
    there; roll (T,) degrees, clockwise turns of the picture in the scene positive. A tripod has 0, 1 and 0.
    """
    width, height = path.width - 1, path.height - 1
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], float)
    centre = corners.mean(axis=0)
    there = moved_points(path.maps, corners)
    middle = there.mean(axis=1)
    # the similarity that is nearest to each map, as a complex factor
    before, after = (places @ (1, 1j) for places in (corners - centre, there - middle[:, None]))
    factor = (after * before.conj()).sum(axis=1) / (np.abs(before) ** 2).sum()
    return {"shift": middle - centre, "zoom": 1 / np.abs(factor), "roll": np.degrees(np.angle(factor))}


def greatest(path: CameraPath, values: np.ndarray) -> float:
    """The largest range of (T,) or (T, N) values within one shot, over all N; a cut is not movement."""
    return max(float(np.ptp(values[first:stop], axis=0).max()) for first, stop in path.shot_frames())


def shots(path: CameraPath, person: np.ndarray, whole: np.ndarray) -> list[Shot]:
    """The Shots of a CameraPath. person, whole: (T,) bool, who is seen at all, and from head to feet."""
    found = []
    for (first, stop), kind in zip(path.shot_frames(), path.kinds, strict=True):
        shows = NOBODY if person[first:stop].mean() < SELDOM_IN_SHOT else WHOLE_BODY
        if shows == WHOLE_BODY and whole[first:stop].mean() < SELDOM_IN_SHOT:
            shows = NO_FEET
        found.append(Shot(first, stop, kind, shows))
    return found


def told_camera(found: list[Shot], fps: float) -> str:
    """What the camera of some Shots does, in words: each kind with its seconds, the longest first."""
    seconds: dict[str, float] = {}
    for shot in found:
        seconds[shot.camera] = seconds.get(shot.camera, 0) + (shot.stop - shot.first) / fps
    parts = sorted(seconds.items(), key=lambda part: -part[1])
    if len(parts) == 1:
        return f"the camera is {parts[0][0]} throughout"
    return "the camera is " + ", ".join(f"{kind} for {length:.1f} s" for kind, length in parts)
