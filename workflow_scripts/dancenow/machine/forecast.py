"""Estimate time and memory of each stage of each preset from a machine's measured rates. Only arithmetic."""

from dataclasses import dataclass

from dancenow.cluster.resources import VGG19, training_steps
from dancenow.errors import InputError
from dancenow.machine.steps import DEMO_AREA, Pace
from dancenow.training.loop import LOOK_SECONDS, OVERHEAD_SHARE, preview_steps
from dancenow.training.memory import check_room

# seconds for each frame of a target, 512x512 px: background, masks and references of the demo on two cores
CUTTING = 0.033
# bytes of each frame in the store, for each px: docs/lab/throughput.md
STORED = 78e3 / DEMO_AREA
# what stays of a training on the disk, in units of what its networks take in memory
COPIES_KEPT = 2.0
# the true time as a share of what is expected, at least and at most: measured, and by another preset's pace
MEASURED_RANGE, GUESSED = (0.8, 1.3), (0.5, 2.0)
# seconds before a stage's work begins: libraries, networks, checks
START = 15


@dataclass(frozen=True)
class Footage:
    """What the configuration makes. frames: {subject: frames of all clips}; size: (w, h) px of the working
    size; targets: who is trained; sources: of each pair's video, one name a pair.
    """

    frames: dict
    size: tuple
    targets: list
    sources: list


@dataclass(frozen=True)
class Forecast:
    """seconds: {people, cutting, training, enhancer, face, video: expected} of all clips together; low, high:
    of the sum; refused: None, or in one line what to change so that it fits; memory, disk: bytes.
    """

    preset: str
    seconds: dict
    low: float
    high: float
    refused: str | None
    memory: float
    disk: float

    @property
    def expected(self) -> float:
        """Seconds of all parts together."""
        return sum(self.seconds.values())


def forecast(preset: str, train: dict, pace: Pace, footage: Footage, rates: dict, free: int) -> Forecast:
    """The Forecast of a preset. train: its section; pace: steps.Pace; rates: {"decode", "detect"}, frames a
    second at this size; free: bytes of free memory.
    """
    area = footage.size[0] * footage.size[1]
    every, trained = sum(footage.frames.values()), [footage.frames[name] for name in footage.targets]
    shown = sum(footage.frames[name] for name in footage.sources)
    later = {name: train | (train[name] or {}) for name in ("enhancer", "face")}
    steps = {
        name: [training_steps(own, frames) if own[name] else 0 for frames in trained]
        for name, own in later.items()
    }
    each = [training_steps(train, frames) for frames in trained]
    first = sum(each)
    share = train["single_frame_share"]
    seconds = {
        "people": every / rates["decode"] + every / rates["detect"],
        "cutting": sum(trained) * CUTTING * area / DEMO_AREA,
        "training": _trained(each, share * pace.single + (1 - share) * pace.pair, pace.preview),
        "enhancer": _trained(steps["enhancer"], pace.enhancer, pace.later_preview),
        "face": _trained(steps["face"], pace.face, pace.later_preview),
        "video": shown * pace.frame,
    }
    seconds = {stage: value + START if value else 0.0 for stage, value in seconds.items()}
    low, high = MEASURED_RANGE if pace.measured else GUESSED
    total = sum(seconds.values())
    most = total * high
    if train["perceptual"] != "efficientnet-lite0":  # it may turn out to be VGG-19
        most += high * train["batch"] * (2 * first - share * first) * VGG19 * area / pace.operations
    try:
        check_room(pace.memory, train["batch"], free)
        refused = None
    except InputError as error:
        refused = str(error)
    disk = every * area * STORED + len(footage.targets) * COPIES_KEPT * pace.memory.networks
    return Forecast(preset, seconds, total * low, most, refused, pace.memory.peak(train["batch"]), disk)


def _trained(steps: list[float], step: float, preview: float) -> float:
    """Seconds of trainings of so many steps, of a step and a preview each of so many seconds.

    A preview is made each tenth of the way, and one in LOOK_SECONDS without, for OVERHEAD_SHARE at most.
    """
    total = 0.0
    for count in steps:
        made, seconds = len(preview_steps(int(count))) if count else 0, count * step
        looks = max(0.0, seconds / LOOK_SECONDS - made) * preview
        total += seconds + made * preview + min(looks, OVERHEAD_SHARE * seconds)
    return total


# in order of quality; a night is the longest acceptable time
BEST_FIRST, NIGHT = ("paper", "studio", "demo", "quick", "smoke"), 12 * 3600


def best(forecasts: list[Forecast], disk: int) -> str | None:
    """The name of the best preset that fits in memory and on the `disk` (bytes free) and ends within a night.

    None when there is none.
    """
    usable = {
        each.preset for each in forecasts if each.refused is None and each.disk < disk and each.high <= NIGHT
    }
    return next((name for name in BEST_FIRST if name in usable), None)
