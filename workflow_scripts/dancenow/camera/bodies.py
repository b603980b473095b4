"""Where the scene tells nothing, who is seen in it does: nobody is thrown aside in the blink of an eye.

A bump, a whip pan, or a camera that is put down blurs the scene, so that its corners are lost for some
frames. People are still found in them, and they move much less than the camera: a body goes on from where it
was before to where it is afterwards.
"""

import numpy as np

from dancenow.camera.path import moved_points
from dancenow.keypoints import BODY, INDEX, MIN_CONFIDENCE, People, sides_of

RIGID = [INDEX["nose"], *sides_of("ear"), *sides_of("shoulder"), *sides_of("hip")]
LEAST_POINTS = 3  # of these, seen in both frames
FASTEST = 2.0  # body diagonals a second: who sprints or jumps
WALKS = 0.75  # body diagonals a second: who takes their place at a clip's start, or leaves it at its end
FALL = 6.0  # body diagonals a second, a second: nobody leaves a straight way faster than who falls
SLACK = 0.05  # body diagonals, of the estimator's noise
LANDS = 0.1  # body diagonals: a joint has its like so near
LARGEST_ZOOM = 2.0  # by which people may seem larger


class Bodies:
    """The people of a clip's frames: view(frame, other), stays(...), carry(...). people: People."""

    def __init__(self, people: People) -> None:
        self.fps, self.people = float(people.fps), people

    def view(self, frame: int, other: int) -> np.ndarray | None:
        """The (3, 3) similarity from px of a frame to px of another one that takes people onto themselves.

        Of all pairs of somebody here and somebody there it is the one that brings the most joints of all to
        their like. None where no two show enough.
        """
        here, there = self._seen(frame), self._seen(other)
        best, most = None, 0
        for body in here:
            for like in there:
                move = _similarity(body, like)
                if move is None:
                    continue
                moved = moved_points(move, here[..., :2].astype(float))
                apart = np.linalg.norm(moved[:, None] - there[None, ..., :2], axis=-1)
                both = (here[:, None, :, 2] >= MIN_CONFIDENCE) & (there[None, ..., 2] >= MIN_CONFIDENCE)
                lands = int((both & (apart < LANDS * _diagonal(like))).any(axis=1).sum())
                if lands > most:
                    best, most = move, lands
        return best

    def stays(self, frame: int, other: int, view: np.ndarray) -> bool:
        """Whether somebody goes no faster than people can from one frame to another; True without anybody.

        view: (3, 3), from px of the first to px of the second.
        """
        here, there = self._seen(frame), self._seen(other)
        ways = []
        for body in here:
            moved = moved_points(view, body[RIGID, :2].astype(float))
            for like in there:
                both = (body[RIGID, 2] >= MIN_CONFIDENCE) & (like[RIGID, 2] >= MIN_CONFIDENCE)
                if both.sum() >= LEAST_POINTS:
                    way = np.median(np.linalg.norm(moved - like[RIGID, :2], axis=1)[both])
                    ways.append(float(way) / _diagonal(like))
        return not ways or min(ways) <= SLACK + FASTEST * abs(frame - other) / self.fps

    def carry(self, first: int, maps: np.ndarray, known: np.ndarray) -> np.ndarray:
        """(n, 3, 3) maps, other ones where those filled in between the known frames would throw people aside.

        first: the frame of the first map; maps: into the px of one scene; known: (n,) bool, those measured.
        People then go on from the known frame before to the one after, or stand still at the clip's ends.
        """
        maps, at, gone = maps.copy(), np.flatnonzero(known), np.flatnonzero(~known)
        if not len(at) or not len(gone):
            return maps
        for run in np.split(gone, np.flatnonzero(np.diff(gone) > 1) + 1):
            ends = [*at[at < run[0]][-1:].tolist(), *at[at > run[-1]][:1].tolist()]
            told = {}
            for frame in run.tolist():
                there = self._carried(first, maps, frame, ends)
                if there is not None:
                    told[frame] = there
            if not any(self._aside(first + frame, maps[frame], told[frame], frame, ends) for frame in told):
                continue
            told |= {end: maps[end] for end in ends}
            places = sorted(told)
            values = np.array([told[place] for place in places]).reshape(-1, 9)
            maps[run] = np.stack([np.interp(run, places, value) for value in values.T], axis=1).reshape(
                -1, 3, 3
            )
        return maps

    def _aside(self, index: int, filled: np.ndarray, told: np.ndarray, frame: int, ends: list[int]) -> bool:
        """Whether a map throws the people of frame `index` farther aside from where they are told to be, than
        people leave a straight way between two ends or a place at one, all of them frames beside `frame`."""
        seconds = [abs(end - frame) / self.fps for end in ends]
        free = SLACK + (FALL / 2 * seconds[0] * seconds[1] if len(ends) == 2 else WALKS * seconds[0])
        for body in self._seen(index):
            core = body[RIGID][body[RIGID, 2] >= MIN_CONFIDENCE, :2].astype(float)
            way = np.linalg.norm(moved_points(filled, core) - moved_points(told, core), axis=1)
            scale = np.sqrt(abs(np.linalg.det(told[:2, :2])))
            if np.median(way) > free * scale * _diagonal(body):
                return True
        return False

    def _carried(self, first: int, maps: np.ndarray, frame: int, ends: list[int]) -> np.ndarray | None:
        """(3, 3) the map of a frame by who is seen in it and in the known frames at both ends, or None."""
        total, weights = np.zeros((3, 3)), 0.0
        for end in ends:
            view = self.view(first + frame, first + end)
            if view is not None:
                there = maps[end] @ view
                weight = 1 / abs(end - frame)
                total, weights = total + weight * there / there[2, 2], weights + weight
        return total / weights if weights else None

    def _seen(self, frame: int) -> np.ndarray:
        """(P, 17, 3) the people of a frame who show enough of head and trunk."""
        bodies = self.people.in_frame(frame)[:, BODY]
        return bodies[(bodies[:, RIGID, 2] >= MIN_CONFIDENCE).sum(axis=1) >= LEAST_POINTS]


def _similarity(body: np.ndarray, like: np.ndarray) -> np.ndarray | None:
    """The (3, 3) least-squares similarity from head and trunk of one (17, 3) body to another's, or None."""
    both = (body[RIGID, 2] >= MIN_CONFIDENCE) & (like[RIGID, 2] >= MIN_CONFIDENCE)
    if both.sum() < LEAST_POINTS:
        return None
    # as complex numbers a similarity is one factor and one shift
    here, there = (each[RIGID][both, :2].astype(float) @ [1, 1j] for each in (body, like))
    middle, goal = here.mean(), there.mean()
    spread = float((np.abs(here - middle) ** 2).sum())
    if not spread:
        return None
    factor = complex((np.conj(here - middle) * (there - goal)).sum() / spread)
    if not 1 / LARGEST_ZOOM <= abs(factor) <= LARGEST_ZOOM:
        return None
    shift = goal - factor * middle
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0, 0, 1]]
    )


def _diagonal(body: np.ndarray) -> float:
    seen = body[body[:, 2] >= MIN_CONFIDENCE, :2]
    return max(1.0, float(np.linalg.norm(np.ptp(seen, axis=0))))
