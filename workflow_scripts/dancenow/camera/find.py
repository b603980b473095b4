"""Find a clip's CameraPath from its frames and the places of people in them."""

import logging
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from scipy.ndimage import median_filter

from dancenow.camera.bodies import Bodies
from dancenow.camera.burnt_in import find_burnt_in
from dancenow.camera.figures import Figures
from dancenow.camera.outside import Outside
from dancenow.camera.path import AT_REST, MOVING, SHAKING, STILL, UNKNOWN, CameraPath, save_path
from dancenow.camera.shots import LEAST_MOTION, Shot, corners_of, join_shots, reach
from dancenow.camera.takes import differ, lay_over, look_at
from dancenow.camera.tracker import ShotTracker
from dancenow.errors import frames_of, refuse_mixed
from dancenow.keypoints import MIN_CONFIDENCE, People, load_people, sides_of
from dancenow.pictures import Frames
from dancenow.stretches import interpolated
from dancenow.video.cuts import PATTERN_GRID, segments
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

KNOWN = 0.5  # share of a shot's frames whose map must be known, or nothing is told of the shot
USUAL = 0.98  # quantile over the frames, so that a bump against the tripod leaves the others unchanged
LEVEL_WEIGHT = 10.0  # of a lean, beside the way of the picture's corners, when the usual framing is chosen
HELD = 30.0  # degrees between the camera's rolls; beyond, a phone was turned, and people tell what is level
LEAST_WAY = 0.02  # of the long edge, of the way that is left when shake is taken out
SHAKE_SECONDS = 1.0  # shake is what a median over this time takes out
SETTLED_SECONDS = 0.3  # behind what is not followed, such as a whip pan or a cross-fade
CLEAR_SECONDS = 0.6  # before it; most of a cross-fade is over before its first picture is lost
BRIEF_SECONDS = 1.0  # a scene at a clip's end or at a cut that is shorter than this tells nothing of itself
BUMP, BUMP_SURE = 0.01, 0.5  # of the long edge, that a tripod is knocked aside at least, and how surely
TRAVELS = 0.01  # of the long edge: a way that no noise makes
AGREE = 0.01  # of the long edge: a path that is followed and one that is seen are the same
TRUNK = sides_of("shoulder") + sides_of("hip")
BEYOND = 1.5  # frame sizes outside the usual framing, at most: as far an extent reaches


class Part(NamedTuple):
    """Frames that show one scene: first, the first of them; maps: (n, 3, 3) into any one of them, NaN where
    unknown; sure: (n,), how sure; opening, closing: as of a Shot."""

    first: int
    maps: np.ndarray
    sure: np.ndarray
    opening: int
    closing: int

    @property
    def stop(self) -> int:
        """The frame behind the last."""
        return self.first + len(self.maps)


def find_path(frames: Frames, people: People, cuts: Sequence[int]) -> CameraPath:
    """The CameraPath of a clip.

    frames: a FrameStore, or any sequence of (H, W, 3) uint8 RGB; people: People found in them; cuts: as in
    dancenow.video.cuts. Frames are read once, in order, some before that, and once more at each cut; none is
    kept beside a few key frames. A cut that changes only the framing begins no shot; a cross-fade to another
    scene does. What is drawn over the scene or around it, such as a logo, is no part of it. Warns of shots of
    which nothing can be told; these count as still.
    """
    outside, size = Outside(people), (people.width, people.height)
    figures, bodies = Figures(people), Bodies(people)
    burnt_in, shots = find_burnt_in(frames, outside, people.count), []
    drawn = np.zeros((0, 0), bool)
    if burnt_in is not None:
        scene = Outside(people, burnt_in)
        shots = _find_shots(frames, scene, bodies, figures, people, cuts)
        if any(_travels(shot, size) for shot in shots):
            outside, drawn = scene, burnt_in
            log.info("%.1f %% of the picture are drawn over the scene or around it", 100 * burnt_in.mean())
        else:
            shots = []
    shots = shots or _find_shots(frames, outside, bodies, figures, people, cuts)
    for shot in shots:
        if shot.kind == UNKNOWN:
            log.warning(
                "warning: frames %d to %d show too few corners outside people to measure the camera's "
                "movement; the camera counts as still there, so its movement is attributed to the dancer",
                shot.first,
                shot.first + len(shot.maps) - 1,
            )
    shots = join_shots(shots, frames, outside, figures, size)
    for number, shot in enumerate(shots):
        log.info(
            "shot %d, frames %d to %d: camera %s, the corners of the picture move by up to %.1f px",
            number, shot.first, shot.first + len(shot.maps) - 1, shot.kind, reach(shot.maps, size).max(),
        )  # fmt: skip
    return CameraPath(
        maps=np.concatenate([shot.maps for shot in shots]),
        sure=np.concatenate([shot.known for shot in shots]).astype(np.float32),
        shot=np.repeat(np.arange(len(shots)), [len(shot.maps) for shot in shots]),
        kinds=tuple(shot.kind for shot in shots),
        extents=np.array([_extent(shot.maps, size) for shot in shots]),
        scenes=tuple(shot.scene for shot in shots),
        width=people.width,
        height=people.height,
        drawn=drawn,
    )


def _find_shots(
    frames: Frames, outside: Outside, bodies: Bodies, figures: Figures, people: People, cuts: Sequence[int]
) -> list[Shot]:
    """The Shots of a clip, each in px of its own usual framing."""
    size, lean, shots = (people.width, people.height), leans(people), []
    for first, stop in segments(people.count, cuts):
        parts = _at_borders(_follow_shot(frames, outside, bodies, size, first, stop), figures)
        parts = [piece for part in parts for piece in _at_jumps(part, figures)]
        for part in parts:
            told = np.isfinite(part.maps).all(axis=(1, 2)) & (part.sure > 0)
            known = np.where(told, part.sure, 0)
            maps, kind = settle(part.maps, known, size, bodies.fps, lean[part.first : part.stop])
            if kind != UNKNOWN:
                carried = bodies.carry(part.first, maps, told)
                kind = SHAKING if kind == STILL and (carried != maps).any() else kind
                maps = carried
            if kind in AT_REST:
                known = np.full(len(maps), float(kind == STILL))
            shots.append(Shot(part.first, maps, known, kind, part.opening, part.closing))
    return shots


def _travels(shot: Shot, size: tuple[int, int]) -> bool:
    """Whether a camera surely was on its way for most of a shot, by more than the noise of few corners.

    Of a tripod that was knocked once, what stays in view is no drawing.
    """
    sure = shot.known[shot.known > 0]
    far = np.median(reach(shot.maps, size)) > TRAVELS * max(size)
    return not shot.stands and bool(far) and bool(np.median(sure) >= BUMP_SURE)


def find_path_file(frames_path: str | Path, people_path: str | Path, camera_path: str | Path) -> None:
    """find_path from files to a file. InputError if the people were found in other frames."""
    frames, people = FrameStore(frames_path), load_people(people_path)
    refuse_mixed(
        {
            frames_path: frames_of(len(frames), frames.width, frames.height),
            people_path: frames_of(people.count, people.width, people.height),
        }
    )
    save_path(camera_path, find_path(frames, people, frames.cuts))


def _track(
    frames: Frames, outside: Outside, fps: Fraction | float, first: int, stop: int
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """What a ShotTracker says of the frames between two cuts: their maps (n, 3, 3), NaN where unknown, how
    sure (n,), and the frames, counted from `first`, at which it began anew."""
    tracker, restarts = ShotTracker(fps), []
    maps, sure = np.full((stop - first, 3, 3), np.nan), np.zeros(stop - first)
    for index in range(stop - first):
        grey = cv2.cvtColor(frames[first + index], cv2.COLOR_RGB2GRAY)
        found, sure[index] = tracker.add(grey, partial(outside, first + index))
        if found is not None:
            maps[index] = found
        if tracker.restarted:
            restarts.append(index)
    return maps, sure, restarts


def _follow_shot(
    frames: Frames, outside: Outside, bodies: Bodies, size: tuple[int, int], first: int, stop: int
) -> list[Part]:
    """The Parts between two cuts; several where a cross-fade changes the scene."""
    fps = bodies.fps
    maps, sure, restarts = _track(frames, outside, fps, first, stop)
    begins, clear, closing = [0], [0], stop - first - 1
    settled, margin, brief = (
        round(seconds * fps) for seconds in (SETTLED_SECONDS, CLEAR_SECONDS, BRIEF_SECONDS)
    )
    doubts = _runs(restarts, margin)
    for number, (begin, end) in enumerate(doubts):
        known = np.isfinite(maps).all(axis=(1, 2))
        reached = doubts[number - 1][1] if number else 0
        before = reached + np.flatnonzero(known[reached:begin])
        until = doubts[number + 1][0] if number + 1 < len(doubts) else stop - first
        behind = end + np.flatnonzero(known[end:until])
        if not len(before) or not len(behind):
            continue
        last, next_ = before[before >= before[-1] - margin][0], behind[behind <= behind[0] + settled][-1]
        looks = [look_at(frames[first + frame], outside(first + frame)) for frame in (next_, last)]
        view = lay_over(*looks)
        if view is not None:
            move = maps[last] @ view @ np.linalg.inv(maps[next_])
            near, far = before[-1], behind[0]
            step = np.linalg.inv(maps[near]) @ move @ maps[far]
            if not bodies.stays(first + far, first + near, step):
                # of a wall of bricks, one place looks like another
                step = bodies.view(first + far, first + near)
                move = move if step is None else maps[near] @ step @ np.linalg.inv(maps[far])
            if reach(move[None] / move[2, 2], size)[0] > AGREE * max(size):
                if known[begin : end + 1].all():  # the picture stands and another framing fades in
                    end = _middle(frames, outside, first + last, first + next_) - first
                else:
                    maps[begin:end] = np.nan
                maps[end:] = move / move[2, 2] @ maps[end:]
        elif number == 0 and begin < brief <= stop - first - end:
            clear[0], maps[:begin] = next_, np.nan
        elif number == len(doubts) - 1 and stop - first - end < brief <= begin:
            closing, maps[begin:] = last, np.nan
        elif differ(*looks):
            middle = _middle(frames, outside, first + last, first + next_) - first
            log.info("the scene changes about frame %d, without a cut", first + middle)
            begins.append(middle)
            maps[middle : behind[0]] = np.nan  # they were followed from the scene before
            clear += [last, next_]
    ends, clear = [*begins[1:], stop - first], [*clear, closing]
    return [
        Part(first + begin, maps[begin:end], sure[begin:end], first + int(opening), first + int(closes))
        for begin, end, opening, closes in zip(begins, ends, clear[::2], clear[1::2], strict=True)
    ]


def _at_borders(parts: list[Part], figures: Figures) -> list[Part]:
    """The Parts with their borders where people's size jumps, if it does there.

    Frames that go to another part so are unknown there.
    """
    jumps = [figures.jumps(part.first, part.maps) for part in parts]
    begins = [part.first for part in parts]
    for number in range(1, len(parts)):
        unclear = range(parts[number - 1].closing + 1, parts[number].opening + 1)
        near = [jump for jump in jumps[number - 1] + jumps[number] if jump in unclear]
        nearest = min(near, key=lambda jump: abs(jump - parts[number].first), default=begins[number])
        # farther away it is a change of its own
        if abs(nearest - begins[number]) <= figures.longest_gap / 2:
            begins[number] = nearest
    moved = []
    for part, first, stop in zip(parts, begins, [*begins[1:], parts[-1].stop], strict=True):
        maps, sure = np.full((stop - first, 3, 3), np.nan), np.zeros(stop - first)
        low, high = max(part.first, first), min(part.stop, stop)
        maps[low - first : high - first] = part.maps[low - part.first : high - part.first]
        sure[low - first : high - first] = part.sure[low - part.first : high - part.first]
        moved.append(part._replace(first=first, maps=maps, sure=sure))
    return moved


def _at_jumps(part: Part, figures: Figures) -> list[Part]:
    """A Part, split where only the people's size tells another framing."""
    begin, maps, sure, opening, closing = part
    pieces = []
    for first, stop in segments(len(maps), [jump - begin for jump in figures.jumps(begin, maps)]):
        if first:
            log.info("the framing changes at frame %d, as the size of who is seen tells", begin + first)
        low, high = begin + first, begin + stop - 1
        start = low if first else min(opening, high)
        last = max(closing, low) if stop == len(maps) else high
        pieces.append(Part(low, maps[first:stop], sure[first:stop], start, last))
    return pieces


def _middle(frames: Frames, outside: Outside, last: int, next_: int) -> int:
    """The first frame of a cross-fade that shows more of `next_`, behind it, than of `last`, before it."""

    def small(index: int) -> tuple[np.ndarray, np.ndarray]:
        """(32, 32) levels, and where nobody is."""
        grey = cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY)
        grid = (PATTERN_GRID, PATTERN_GRID)
        levels, clear = (
            cv2.resize(each, grid, interpolation=cv2.INTER_AREA) for each in (grey, outside(index))
        )
        return levels.astype(np.float64), clear == 255

    (start, free), (end, there) = small(last), small(next_)
    change, free = end - start, free & there
    for index in range(last + 1, next_):
        levels, clear = small(index)
        clear &= free
        if 2 * ((levels - start) * change)[clear].sum() > (change * change)[clear].sum():
            return index
    return next_


def _runs(frames: Sequence[int], margin: int) -> list[tuple[int, int]]:
    """[(first, last)] of ascending frames, those that lie no farther apart than a margin together."""
    runs: list[tuple[int, int]] = []
    for frame in frames:
        if runs and frame - runs[-1][1] <= margin:
            runs[-1] = runs[-1][0], frame
        else:
            runs.append((frame, frame))
    return runs


def leans(people: People) -> np.ndarray:
    """(T,) radians by which the trunks of each frame's people lean, 0 upright; NaN where none is seen."""
    trunk = people.keypoints[:, TRUNK]
    down = trunk[:, 2:, :2].sum(axis=1) - trunk[:, :2, :2].sum(axis=1)
    seen = (trunk[..., 2] >= MIN_CONFIDENCE).all(axis=1)
    # directions are added as vectors, for angles go around; the nearer somebody, the longer
    total = np.zeros((people.count, 2))
    np.add.at(total, people.frame[seen], down[seen])
    return np.where(total.any(axis=1), np.arctan2(-total[:, 0], total[:, 1]), np.nan)


def _level(roll: np.ndarray, known: np.ndarray, lean: np.ndarray) -> np.ndarray:
    """(n,) radians by which each frame of a shot leans in its usual framing, should that be chosen.

    roll: (n,) of the frames; known, lean: as in settle. A hand holds a camera level on average; a phone that
    is turned over is level where people stand upright.
    """
    turns = np.unwrap(roll[known])
    upright = known & np.isfinite(lean)
    if np.ptp(turns) <= np.deg2rad(HELD) or not upright.any():
        return roll - roll[known].mean()
    stands = np.exp(1j * (lean + roll)[upright])
    stands = stands.sum() / np.abs(stands).sum()
    # the median around the mean direction, so that who bends at times does not tilt the scene
    level = np.angle(stands) + np.median(np.angle(np.exp(1j * (lean + roll)[upright]) * np.conj(stands)))
    return np.angle(np.exp(1j * (roll - level)))


def settle(
    maps: np.ndarray, sure: np.ndarray, size: tuple[int, int], fps: Fraction | float, lean: np.ndarray
) -> tuple[np.ndarray, str]:
    """The (n, 3, 3) maps of a shot into its usual framing, and what the camera does.

    maps: into any one frame of the shot, NaN where unknown; sure: (n,); size: (width, height) px of a frame;
    lean: (n,), of people, as from leans. A map that is unknown is filled in between its neighbours.
    """
    known = np.isfinite(maps).all(axis=(1, 2)) & (sure > 0)
    count, identity = len(maps), np.tile(np.eye(3), (len(maps), 1, 1))
    if count == 1:
        return identity, STILL
    if known.mean() < KNOWN:
        return identity, UNKNOWN
    maps = interpolated(maps, known)
    corners = corners_of(maps, size)
    usual = np.linalg.norm(corners - np.median(corners[known], axis=0), axis=2).max(axis=1)
    # the scene must not lean like one of its frames
    roll = np.arctan2(maps[:, 1, 0], maps[:, 0, 0])
    usual += LEVEL_WEIGHT * max(size) * np.abs(_level(roll, known, lean))
    usual = int(np.flatnonzero(known)[usual[known].argmin()])
    maps = np.linalg.inv(maps[usual]) @ maps
    maps /= maps[:, 2:, 2:]
    maps[usual] = np.eye(3)
    # a tripod's measurements are noise around one place: its middle, not one frame, is the usual framing
    corners = corners_of(maps, size)
    corners -= np.median(corners, axis=0)
    aside = np.linalg.norm(corners, axis=2).max(axis=1)
    if np.quantile(aside, USUAL) < LEAST_MOTION * max(size):
        if not (known & (aside > BUMP * max(size)) & (sure >= BUMP_SURE)).any():
            return identity, STILL
        return np.where((aside < LEAST_MOTION * max(size))[:, None, None], identity, maps), SHAKING
    width = 2 * int(SHAKE_SECONDS * fps / 2) + 1
    calm = median_filter(corners, size=(min(width, count), 1, 1), mode="nearest")
    way = np.linalg.norm(calm, axis=2).max()
    return maps, MOVING if way > LEAST_WAY * max(size) else SHAKING


def _extent(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(4,) x0, y0, x1, y1 px of the scene that the frames reach."""
    corners, most = corners_of(maps, size), BEYOND * np.array(size)
    low = np.maximum(corners.min(axis=(0, 1)), -most)
    high = np.minimum(corners.max(axis=(0, 1)), np.array(size) - 1 + most)
    return np.concatenate([low, high])
