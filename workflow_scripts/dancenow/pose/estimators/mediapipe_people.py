"""The people whom MediaPipe Holistic leaves out: it follows one person, but its models can follow more.

Every LOOK_EVERY frames the wheel's pose detector runs on square crops of the frame. A person found
there who is not followed yet gets a separate graph: the body, hand and face models of Holistic on the
rectangle around that person, which moves with the landmarks from frame to frame, also backwards over the
frames since the last look, in which the person was already present. The main person's graph
is not changed, and a frame with nobody else costs no more than the looks.

If a trunk is far from upright, the models run again, on rectangles around the body at each quarter turn:
following the landmarks from frame to frame fails in a cartwheel or a handstand, and does not recover.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from dancenow.keypoints import BODY, FEET, MIN_CONFIDENCE, boxes, sides_of
from dancenow.pose.estimators.mediapipe_graphs import DETECTOR, FOLLOWER, open_graph
from dancenow.pose.facing import lean
from dancenow.pose.masks import soft_mask

LOOK_EVERY = 24  # frames
MOST_OTHERS = 6  # people besides the main one, the largest first; each costs about as much as the main one
PERSISTENCE = 12  # frames in which a lost person is searched for at the last position
OVERLAP = 0.5  # of two crops side by side
ROI_SCALE = 1.25  # MediaPipe's value: side of the rectangle relative to the diameter of the detector's circle
SAME_HIPS = 0.25  # of the circle's radius: a detection nearer to a known person's hips is that person
SAME = 0.12  # of the body's diagonal: two skeletons nearer than this on average are one person
CIRCLE_MARGIN = 1.1  # of the circle around a skeleton, for body parts beyond its keypoints
GHOST = 0.5  # overlap of two boxes, as a share of their union, above which a detection is not a second person
SURE = 0.5  # least mean body confidence of a person
# rad: the models run again on a trunk farther from upright than this; deep bends reach 47 degrees
TURNED = np.radians(50)
AGREED = 0.05  # of the body's diagonal: nearer than this two skeletons show the same pose
# more mean body confidence; of two equally sure skeletons the followed one has the right sides
CLEARLY = 0.02
BODY_AGAIN = 0.25  # least overlap of the boxes for a skeleton found at another rotation to be the same body

Canonical = Callable[[Any, int, int], np.ndarray]  # as OtherPeople takes it
Circle = tuple[float, float, float, float]  # x, y, radius, px; angle, radians


class SecondLook:
    """Another pass over the main person, when Holistic's skeleton is in doubt or has just been lost.

    canonical: as in OtherPeople. The skeleton is in doubt from when the trunk is far from upright until
    Holistic's skeleton, upright, agrees with the surest one again. masks: whether to make masks too.
    """

    def __init__(self, canonical: Canonical, masks: bool) -> None:
        self.canonical, self.masks = canonical, masks
        self.follower: Follower | None = None
        self.person: np.ndarray | None = None
        self.doubt, self.lost = False, 0

    def check(self, frame: np.ndarray, main: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """(0 or 1, 133, 3) float32 for `main`, what Holistic found in the (H, W, 3) uint8 RGB frame.

        mask: (H, W) uint8 of Holistic; the mask of another skeleton is added to it.
        """
        person = main[0] if len(main) else None
        if self.person is None and person is None:
            return main
        if person is not None and not self.doubt and not _is_turned(person):
            self.person, self.lost = person, 0
            return main
        self.follower = self.follower or Follower(self.canonical, self.masks)
        followed = self.follower.follow(frame) if self.doubt and not self.lost else None
        # Holistic may have switched to somebody else
        elsewhere = followed is not None and person is not None and _overlap(person, followed) < BODY_AGAIN
        seen = followed if elsewhere else _surer(followed, person)
        place = self.person if seen is None else seen
        assert place is not None  # whoever is not seen now was seen before
        best = self.follower.look_around(frame, place, seen)
        if best is None:
            self.lost += 1
            if self.lost > PERSISTENCE:
                self.person, self.doubt, self.lost = None, False, 0
            return main
        self.person, self.lost = best, 0
        self.doubt = _is_turned(best) or person is None or not _is_known(person, [best], AGREED)
        self.follower.show(frame, mask)
        return best[None]

    def close(self) -> None:
        """Free the graph."""
        if self.follower is not None:
            self.follower.close()


class OtherPeople:
    """Everyone in a clip's frames except the main person, each followed from frame to frame.

    canonical: turns a graph's results on a frame of width x height px into (P, 133, 3) float32, P 0 or 1;
    masks: whether to make masks too.
    """

    def __init__(self, canonical: Canonical, masks: bool) -> None:
        self.canonical, self.masks = canonical, masks
        self.detector = open_graph(DETECTOR, "detections")
        self.followed: list[Follower] = []
        self.spare: Follower | None = None
        self.back: Follower | None = None
        self.wait = 0
        self.recent = deque(maxlen=LOOK_EVERY)

    def find(self, frame: np.ndarray, main: np.ndarray, mask: np.ndarray | None = None) -> list[np.ndarray]:
        """Everyone in the next (H, W, 3) uint8 RGB frame, a list of (133, 3) float32; main: (0 or 1, 133, 3).

        mask: (H, W) uint8 of the main person; everyone else's is added to it. List and mask may still grow
        for LOOK_EVERY frames: a person found then may already be visible here.
        """
        people, kept = list(main), []
        for follower in self.followed:
            person = follower.follow(frame)
            if person is not None and _is_turned(person):
                person = follower.look_around(frame, person, person)
            # a follower can slip to another person who is already followed
            if person is None or _is_known(person, people):
                self.wait = min(self.wait, LOOK_EVERY // 4)
                follower.seek(frame.shape)
            else:
                people.append(person)
                follower.keep(person)
                follower.show(frame, mask)
            if follower.lost > PERSISTENCE:
                follower.close()
            else:
                kept.append(follower)
        self.followed = kept
        if self.wait == 0:
            self._look(frame, people, mask)
            self.wait = LOOK_EVERY
        self.wait -= 1
        self.recent.append((frame, people, mask))
        return people

    def close(self) -> None:
        """Free the graphs."""
        for graph in (self.detector, self.spare, self.back, *self.followed):
            if graph is not None:
                graph.close()

    def _look(self, frame: np.ndarray, people: list[np.ndarray], mask: np.ndarray | None) -> None:
        """Detect people, and add those who are not among `people` yet to it and to the followers."""
        for circle in _circles(self.detector, frame):
            if len(self.followed) == MOST_OTHERS:
                return
            if any(_is_at(circle, person) for person in people):
                continue
            follower, self.spare = self.spare or Follower(self.canonical, self.masks), None
            follower.place(circle, frame.shape)
            person = follower.follow(frame)
            # the models also find an upside-down body in one that stands upright
            if (
                person is None
                or person[BODY, 2].mean() < SURE
                or _is_known(person, people)
                or any(_overlap(person, other) > GHOST for other in people)
            ):
                self.spare = follower
                continue
            people.append(person)
            follower.keep(person)
            follower.show(frame, mask)
            self.followed.append(follower)
            self._follow_back(person)

    def _follow_back(self, person: np.ndarray) -> None:
        """Add a newly found person to the frames before, as far back as the person is visible."""
        self.back = self.back or Follower(self.canonical, self.masks)
        for frame, people, mask in reversed(self.recent):
            self.back.place(circle_around(person), frame.shape)
            found = self.back.follow(frame)
            if found is None or found[BODY, 2].mean() < SURE or _is_known(found, people):
                return
            person = found
            people.append(person)
            self.back.show(frame, mask)


class Follower:
    """One person's graph and the rectangle the person is in; canonical, masks: as in OtherPeople."""

    def __init__(self, canonical: Canonical, masks: bool) -> None:
        outputs = (
            "pose_landmarks",
            "face_landmarks",
            "left_hand_landmarks",
            "right_hand_landmarks",
            "next_roi",
            "segmentation_mask",
        )
        self.graph = open_graph(FOLLOWER, *outputs, complexity=1, refine=False, segmentation=masks)
        self.canonical = canonical
        self.roi = None
        self.mask: np.ndarray | None = None
        self.person: np.ndarray | None = None
        self.lost = 0

    def show(self, frame: np.ndarray, mask: np.ndarray | None) -> None:
        """Add the mask of the latest skeleton, in `frame`, to a (H, W) uint8 mask; None: do nothing."""
        if mask is not None and self.mask is not None:
            np.maximum(mask, soft_mask(frame, self.mask), out=mask)

    def keep(self, person: np.ndarray) -> None:
        """Make the (133, 3) skeleton the person's latest."""
        self.person, self.lost = person, 0

    def seek(self, shape: tuple[int, ...]) -> None:
        """Search the next picture, of `shape`, where the latest skeleton was."""
        assert self.person is not None  # only who was kept is sought
        self.place(circle_around(self.person), shape)
        self.lost += 1

    def place(self, circle: Circle, shape: tuple[int, ...]) -> None:
        """Put the rectangle around a circle (x, y, radius, angle), px, of a picture of `shape`."""
        self.roi = rectangle(circle, shape)

    def look_around(
        self, frame: np.ndarray, place: np.ndarray, person: np.ndarray | None
    ) -> np.ndarray | None:
        """The surest skeleton of `person`, (133, 3) or None, and those found around the skeleton `place`.

        The rectangle is tried there at each quarter turn; afterwards it lies around the result.
        """
        x, y, radius, angle = circle_around(place)
        mask = self.mask
        for quarter in range(4):
            self.place((x, y, radius, angle + quarter * np.pi / 2), frame.shape)
            found = self.follow(frame)
            if found is not None and sureness(found) > SURE and _overlap(found, place) > BODY_AGAIN:
                person = _surer(person, found)
                mask = self.mask if person is found else mask
        self.mask = mask
        if person is not None:
            self.place(circle_around(person), frame.shape)
        return person

    def follow(self, frame: np.ndarray) -> np.ndarray | None:
        """(133, 3) float32 of the person in this frame, or None if nobody is in the rectangle."""
        results = self.graph.process({"image": frame, "roi": self.roi})
        self.roi, self.mask = results.next_roi, results.segmentation_mask
        people = self.canonical(results, frame.shape[1], frame.shape[0])
        return people[0] if len(people) and self.roi is not None else None

    def close(self) -> None:
        """Free the graph."""
        self.graph.close()


def crops(width: int, height: int) -> list[tuple[int, int, int]]:
    """[(x, y, side), ...] px: squares of the shorter side, overlapping by half, that cover the frame."""
    side = min(width, height)
    longer = max(width, height) - side
    steps = -(-longer // max(1, round(side * (1 - OVERLAP))))
    starts = np.linspace(0, longer, steps + 1).round().astype(int).tolist()
    return [(start, 0, side) if width > height else (0, start, side) for start in starts]


def _circles(detector: Any, frame: np.ndarray) -> list[Circle]:
    """[(x, y, radius, angle), ...] around the people found by the detector, px and radians, largest first.

    The centre is between the hips, the angle is 0 for a person who stands upright.
    """
    found = []
    for x, y, side in crops(frame.shape[1], frame.shape[0]):
        crop = np.ascontiguousarray(frame[y : y + side, x : x + side])
        for detection in detector.process(crop).detections or ():
            hips, rim = detection.location_data.relative_keypoints[:2]
            across, up = (rim.x - hips.x) * side, (hips.y - rim.y) * side
            angle = float(np.pi / 2 - np.arctan2(up, across))
            found.append((x + hips.x * side, y + hips.y * side, float(np.hypot(across, up)), angle))
    return sorted(found, key=lambda circle: -circle[2])


def rectangle(circle: Circle, shape: tuple[int, ...]) -> Any:
    """MediaPipe's rectangle around a circle (x, y, radius, angle), px, radians, of a picture of `shape`."""
    from mediapipe.framework.formats.rect_pb2 import NormalizedRect

    x, y, radius, angle = circle
    height, width = shape[:2]
    side = 2 * radius * ROI_SCALE
    return NormalizedRect(
        x_center=x / width, y_center=y / height, width=side / width, height=side / height, rotation=angle
    )


def circle_around(person: np.ndarray) -> Circle:
    """(x, y, radius, angle), px, around a (133, 3) skeleton, as from _circles."""
    figure = person[: FEET.stop]
    seen = figure[:, 2] >= MIN_CONFIDENCE
    hips, shoulders = sides_of("hip"), sides_of("shoulder")
    around = hips if seen[hips + shoulders].all() else seen
    centre, angle = figure[around, :2].mean(axis=0), float(lean(person[None], 1.0)[0][0])
    radius = CIRCLE_MARGIN * np.linalg.norm(figure[seen, :2] - centre, axis=-1).max()
    return float(centre[0]), float(centre[1]), float(radius), angle


def _is_turned(person: np.ndarray) -> bool:
    """Whether the trunk is far from upright."""
    angle = circle_around(person)[3]
    return abs(angle) > TURNED


def sureness(person: np.ndarray) -> float:
    """Mean confidence of the body inside the frame, 0..1, of a (133, 3) person: legs outside it do not lower
    it."""
    confidence = person[BODY, 2]
    seen = confidence >= MIN_CONFIDENCE
    return float(confidence[seen].mean()) if seen.any() else 0.0


def _surer(person: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    """`other` if it is clearly surer than `person`, else `person`; the other one if one is None."""
    if person is None or other is None:
        return other if person is None else person
    return other if sureness(other) > sureness(person) + CLEARLY else person


def _is_at(circle: Circle, person: np.ndarray) -> bool:
    """Whether a circle's centre is where the person's hips are."""
    hips = person[sides_of("hip")]
    if (hips[:, 2] < MIN_CONFIDENCE).any():
        return False
    return np.hypot(*(hips[:, :2].mean(axis=0) - circle[:2])) < SAME_HIPS * circle[2]


def _is_known(person: np.ndarray, people: Iterable[np.ndarray], near: float = SAME) -> bool:
    """Whether the skeleton lies on that of one of the people."""
    for other in people:
        both = (person[BODY, 2] >= MIN_CONFIDENCE) & (other[BODY, 2] >= MIN_CONFIDENCE)
        if not both.any():
            continue
        apart = np.linalg.norm(person[BODY, :2] - other[BODY, :2], axis=-1)[both].mean()
        low, high = np.split(boxes(other), 2)
        if apart < near * np.linalg.norm(high - low):
            return True
    return False


def _overlap(person: np.ndarray, other: np.ndarray) -> float:
    """The boxes of two skeletons: their intersection as a share of their union, 0..1."""
    (x0, y0, x1, y1), (u0, v0, u1, v1) = (boxes(keypoints).tolist() for keypoints in (person, other))
    shared = max(0, min(x1, u1) - max(x0, u0)) * max(0, min(y1, v1) - max(y0, v0))
    union = (x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - shared
    return shared / union if union > 0 else 0.0
