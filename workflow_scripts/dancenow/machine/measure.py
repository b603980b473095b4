"""All measurements of a machine, in at most about two minutes, and the page about them."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from dancenow.device import pick_device, precision_name, prepare
from dancenow.files import write_text
from dancenow.machine.forecast import Footage, forecast
from dancenow.machine.hardware import look
from dancenow.machine.page import page
from dancenow.machine.steps import Machine, compare, measure_pace
from dancenow.video.media import working_size

log = logging.getLogger(__name__)

# what decides the cost of a step
COSTLY = ("batch", "temporal", "generator", "discriminator", "enhancer", "face")


@dataclass(frozen=True)
class Clips:
    """What the configuration makes videos of.

    facts: {subject: [facts of each clip, as from video.media.probe]}; targets, sources: as of
    forecast.Footage.
    """

    facts: dict[str, list[dict]]
    targets: list[str]
    sources: list[str]

    def size(self, long_edge: int) -> tuple[int, int]:
        """The first target's working size, (w, h) px."""
        clip = self.facts[self.targets[0]][0]
        return working_size(clip["width"], clip["height"], long_edge)


def measure_machine(
    presets: dict[str, dict],
    clips: Clips,
    rates: dict,
    threads: int,
    page_path: str | Path,
    numbers_path: str | Path,
) -> None:
    """Write the page and its numbers.

    presets: {name: {"long_edge": px, "train": that section}}; rates: as of detection.measure_detection, at
    "long_edge" px.
    """
    device = pick_device()
    machine = Machine(device, prepare(device, threads), threads)
    hardware = look(device)
    paces, same, known = {}, {}, 0.0
    for name, preset in presets.items():
        train, size = preset["train"], clips.size(preset["long_edge"])
        key = json.dumps([size, {part: train[part] for part in COSTLY}], sort_keys=True)
        if key not in same:
            same[key] = measure_pace(train, size, rates["windows"], machine, known)
            known = max(known, same[key].operations)
            log.info("%s: %s", name, same[key])
        paces[name] = same[key]
    frames = {name: sum(clip["frames"] for clip in each) for name, each in clips.facts.items()}
    forecasts = []
    for name, preset in presets.items():
        size = clips.size(preset["long_edge"])
        slower = (preset["long_edge"] / rates["long_edge"]) ** 2
        here = {"decode": rates["decode"] / slower, "detect": rates["detect"] / slower}
        footage = Footage(frames, size, clips.targets, clips.sources)
        forecasts.append(forecast(name, preset["train"], paces[name], footage, here, hardware.free))
    apart = None
    if device.type == "cuda":
        apart = compare(presets["smoke"]["train"], device)
    precision = precision_name(machine.autocast)
    numbers = {
        "hardware": asdict(hardware),
        "paces": {name: asdict(pace) for name, pace in paces.items()},
        "forecasts": [asdict(each) for each in forecasts],
        "rates": rates,
        "gpu_against_cpu": apart,
    }
    write_text(numbers_path, json.dumps(numbers, indent=1) + "\n")
    write_text(page_path, page(hardware, threads, rates, forecasts, paces, precision, apart))
