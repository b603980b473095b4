"""Good, will show, will fail: all limits in one place.

docs/footage.md lists the limits, docs/lab/results.md says where they come from.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import NamedTuple

GOOD, SHOW, FAIL = "good", "will show", "will fail"
LEVELS = GOOD, SHOW, FAIL
TARGET, SOURCE = "target", "source"
BOTH = TARGET, SOURCE


class Limit(NamedTuple):
    """good: the value up to (or, with `least`, from) which a measure is good; fail: beyond it, it will fail.

    None for fail: no value of this measure alone makes a result fail. unit: "%" values are shares, 0..1.
    """

    good: float
    fail: float | None = None
    least: bool = False
    unit: str = ""

    def level(self, value: float) -> str:
        """Which of LEVELS a value is."""
        sign = -1 if self.least else 1
        if sign * value <= sign * self.good:
            return GOOD
        return FAIL if self.fail is not None and sign * value > sign * self.fail else SHOW


LIMITS = {
    # the person
    "whole body": Limit(0.90, least=True, unit="%"),  # frames; the normalisation refuses a head alone
    "person found": Limit(0.97, 0.30, least=True, unit="%"),  # frames
    "longest gap": Limit(0.5, unit="s"),  # without the person
    "imputed legs": Limit(0.5, unit="s"),  # a half body or a close-up: legs are held as they were
    "repaired": Limit(0.06, unit="%"),  # body keypoints that were repaired or imputed
    "upright": Limit(0.5, least=True, unit="%"),  # frames; of a clip that lost its rotation, hardly any
    "swaps": Limit(2, unit="a minute"),  # frames in which left and right change places
    "face found": Limit(0.80, least=True, unit="%"),  # frames
    "hands found": Limit(0.60, least=True, unit="%"),  # frames, the worse hand
    "size": Limit(0.40, least=True, unit="%"),  # body height (ankles to nose) in frame heights
    "length": Limit(40.0, 3.0, least=True, unit="s"),  # footage that training sees
    "poses": Limit(10, 3, least=True),  # that differ clearly, in the footage that training sees
    "others": Limit(0.10, unit="%"),  # frames in which somebody else is found too
    # the picture
    "frame rate": Limit(20.0, least=True, unit="frames per second"),
    "enlarged": Limit(1.25, unit="times"),  # how much the clip was enlarged to the working size
    "sharpness": Limit(0.50, least=True),  # of the person, median over the frames
    "blurred frames": Limit(0.10, unit="%"),  # frames less sharp than BLURRED_SHARE times the median
    "too dark": Limit(0.25, unit="%"),  # of the person's pixels are black, median over the frames
    "too bright": Limit(0.25, unit="%"),  # of the person's pixels are white
    "light changes": Limit(12.0, unit="levels of 255"),  # 2 % to 98 % quantile of the background's brightness
    # the camera and the background
    "camera travel": Limit(0.004, unit="%"),  # of the long edge, all along the clip
    "camera zoom": Limit(0.005, unit="%"),
    "moving background": Limit(0.06, unit="%"),  # of its pixels differ from their median
    "unseen background": Limit(0.30, unit="%"),  # of what the person hides at a time
    "cuts": Limit(0.0),
    # a pair
    "outside": Limit(0.10, unit="%"),  # of the source's poses are none that the target showed
    "out of frame": Limit(0.02, unit="%"),  # of the normalised body
    "never shown": Limit(0.0, unit="%"),  # of the dance: a part or a side of the body without reference
    "unlike": Limit(0.10, unit="%"),  # of the dance: a part looks like no reference of it
}
BLURRED_SHARE = 0.85  # of the clip's median sharpness: a frame less sharp is blurred


@dataclass(frozen=True)
class Check:
    """One line of a report. name: a key of LIMITS, or what it is about; value: in the limit's unit, or None
    if unknown; level: one of LEVELS; text: what was found; advice: what to do about it, empty
    where it is good; roles: for which of TARGET and SOURCE it counts."""

    name: str
    value: float | None
    level: str
    text: str
    advice: str
    roles: tuple = BOTH

    def record(self) -> dict:
        """The Check as a dict for JSON."""
        value = None if self.value is None else round(float(self.value), 4)
        return asdict(self) | {"value": value, "roles": list(self.roles)}


def check(
    limit: str, value: float, text: str, advice: str, roles: tuple[str, ...] = BOTH, name: str | None = None
) -> Check:
    """A Check of `value` against LIMITS[limit]; `name` where one limit serves several checks."""
    level = LIMITS[limit].level(value)
    return Check(name or limit, value, level, text, "" if level == GOOD else advice, roles)


def refusal(text: str, advice: str, roles: tuple[str, ...] = BOTH) -> Check:
    """A Check that fails by itself, because the workflow cannot use the clip at all."""
    return Check("refused", None, FAIL, text, advice, roles)


def worst(checks: Iterable[Check], role: str | None = None) -> str:
    """The worst level among the checks (that count for a role); GOOD where there is none."""
    levels = [item.level for item in checks if role is None or role in item.roles]
    return max(levels, key=LEVELS.index, default=GOOD)
