"""The shots of a clip and the scenes that they show: a camera that was seen before shows its scene again."""

import logging
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from dancenow.camera.figures import Figures
from dancenow.camera.outside import Outside
from dancenow.camera.path import AT_REST, MOVING, moved_points
from dancenow.camera.takes import Look, differ, lay_over, look_at
from dancenow.pictures import Frames

log = logging.getLogger(__name__)

# of the long edge, by which the picture's corners lie elsewhere than in the usual framing
LEAST_MOTION = 0.002  # 1 px of 512: below it, a tripod
REMEMBERED = 8  # shots to which the camera may go back


@dataclass(frozen=True)
class Shot:
    """first: frame; maps: (n, 3, 3) into the px of its scene; known: (n,), how sure; kind: what the camera
    does; opening, closing: its first and last frames that a cross-fade mixes with no other; scene: counted
    from 0, shots of one share their px."""

    first: int
    maps: np.ndarray
    known: np.ndarray
    kind: str
    opening: int
    closing: int
    scene: int = 0

    @property
    def stands(self) -> bool:
        """Whether the camera rests, as far as is known."""
        return self.kind in AT_REST

    def map_of(self, frame: int) -> np.ndarray:
        """(3, 3): from px of a frame of the clip to px of the scene."""
        return self.maps[frame - self.first]


@dataclass(frozen=True)
class _End:
    """How a shot closes: its last frame, its Look, and the (3, 3) map from its px to those of the scene."""

    frame: int
    look: Look
    there: np.ndarray
    stands: bool
    scene: int


def join_shots(
    shots: list[Shot], frames: Frames, outside: Outside, figures: Figures, size: tuple[int, int]
) -> list[Shot]:
    """The Shots, those on both sides of a cut that changes only the framing made one, with their scenes.

    frames, outside, figures: as in find.find_path; size: (width, height) px. A joined shot is in px of its
    longest.
    """
    joined = [_as_one(take, size) for take in _takes(shots, frames, outside, figures, size)]
    seen: deque[_End] = deque(maxlen=REMEMBERED)
    found: list[Shot] = []
    for shot in joined:
        for frame in (shot.opening, shot.closing) if found else ():
            shot = _in_its_scene(shot, frame, look_at(frames[frame], outside(frame)), seen, figures, size)
            if shot.scene >= 0:
                break
        if shot.scene < 0:
            shot = replace(shot, scene=1 + max(each.scene for each in found))
        found.append(shot)
        if len(found) < len(joined):
            look = look_at(frames[shot.closing], outside(shot.closing))
            seen.append(_End(shot.closing, look, shot.map_of(shot.closing), shot.stands, shot.scene))
    return found


def _in_its_scene(
    shot: Shot, frame: int, look: Look, seen: deque[_End], figures: Figures, size: tuple[int, int]
) -> Shot:
    """The Shot in the px of the scene that it goes back to, of the _Ends that were seen; else of scene -1.

    look: the Look of one of its frames.
    """
    for end in reversed(seen):
        view = lay_over(look, end.look)
        # who is seen at the end of one shot and the start of the next tells another framing even where the
        # scene seems the same; who was seen longer ago may have come nearer
        own = None if view is None else view @ np.linalg.inv(shot.map_of(frame)) @ shot.map_of(shot.opening)
        if end is seen[-1] and not _one_size(figures, end.frame, shot.opening, own):
            continue
        if view is not None:
            move = exact(end.there @ view @ np.linalg.inv(shot.map_of(frame)), size)
            unmoved = (move == np.eye(3)).all()
            kind = shot.kind if unmoved else MOVING
            return replace(shot, maps=move @ shot.maps, kind=kind, scene=end.scene)
        alike = _one_size(figures, end.frame, shot.opening, None) and not differ(look, end.look)
        if shot.stands and end.stands and alike:
            return replace(shot, scene=end.scene)
    return replace(shot, scene=-1)


def _one_size(figures: Figures, before: int, after: int, view: np.ndarray | None) -> bool:
    """Whether people keep their size from one frame to another, whose px a (3, 3) view takes to its own."""
    scale = 1.0 if view is None else float(np.sqrt(np.linalg.det(view[:2, :2])))
    return figures.zoom(before, after, scale) == 1


def _as_one(take: list[tuple[Shot, np.ndarray]], size: tuple[int, int]) -> Shot:
    """One Shot of the [(Shot, (3, 3) map from its px to those of the first)] of a take."""
    if len(take) == 1:
        return take[0][0]
    longest = max(range(len(take)), key=lambda number: len(take[number][0].maps))
    back = np.linalg.inv(take[longest][1])
    maps = [exact(back @ there, size) @ shot.maps for shot, there in take]
    log.info(
        "cuts at frames %s change the framing, not the scene",
        ", ".join(str(shot.first) for shot, _ in take[1:]),
    )
    known = np.concatenate([shot.known for shot, _ in take])
    opening, closing = take[0][0].opening, take[-1][0].closing
    return Shot(take[0][0].first, np.concatenate(maps), known, MOVING, opening, closing)


def _takes(
    shots: list[Shot], frames: Frames, outside: Outside, figures: Figures, size: tuple[int, int]
) -> list[list[tuple[Shot, np.ndarray]]]:
    """[[(shot, (3, 3) map from its px to those of the take's first shot)]]"""
    takes = [[(shots[0], np.eye(3))]]
    for shot in shots[1:]:
        before, there = takes[-1][-1]
        here, earlier = (look_at(frames[frame], outside(frame)) for frame in (shot.opening, before.closing))
        view = lay_over(here, earlier)
        # both cameras are still, in one place: nothing to move, and a clip from a tripod stays unchanged
        standing = before.stands and shot.stands
        same = view is not None and _one_size(figures, before.closing, shot.opening, view)
        if view is None or not same or (standing and (exact(view, size) == np.eye(3)).all()):
            takes.append([(shot, np.eye(3))])
        else:
            own = np.linalg.inv(shot.map_of(shot.opening))
            takes[-1].append((shot, there @ before.map_of(before.closing) @ view @ own))
    return takes


def corners_of(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(n, 4, 2) px where the picture's corners lie in the scene."""
    width, height = size[0] - 1, size[1] - 1
    return moved_points(maps, np.array([(0, 0), (width, 0), (0, height), (width, height)], float))


def reach(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(n,) px: the largest displacement of the picture's corners from the usual framing."""
    return np.linalg.norm(corners_of(maps, size) - corners_of(np.eye(3)[None], size), axis=2).max(axis=1)


def exact(there: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A (3, 3) map; exactly the identity if it moves the picture by no more than a tripod's noise."""
    moves = reach(there[None] / there[2, 2], size)[0] >= LEAST_MOTION * max(size)
    return there / there[2, 2] if moves else np.eye(3)
