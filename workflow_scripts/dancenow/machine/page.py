"""The page about what the machine can do."""

from dancenow.machine.forecast import Forecast, best
from dancenow.machine.hardware import Hardware
from dancenow.machine.steps import GRADIENTS, LOSSES, Pace

STAGE_COLUMNS = ("find the people", "cut out", "train", "enlarge", "face", "video")
NOTES = (
    "Times and disk are for the configured clips, all transfers together, while nothing else runs. A few "
    "steps were timed, and scaled by the area of the pictures that each preset uses: the "
    "windows that the people in the first pair's clips need."
)


def duration(seconds: float) -> str:
    """ "40 s", "12 min", "3.5 h", "2.1 days"; nothing for nothing."""
    if not seconds:
        return ""
    for unit, length, most in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48)):
        if seconds < most * length:
            return f"{seconds / length:.1f} {unit}" if unit == "h" else f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86400:.1f} days"


def page(
    hardware: Hardware,
    threads: int,
    rates: dict,
    forecasts: list[Forecast],
    paces: dict[str, Pace],
    precision: str,
    apart: tuple[float, float] | None,
) -> str:
    """The page as Markdown.

    hardware: hardware.Hardware; threads: that were measured; rates: of detection.measure_detection;
    forecasts: [forecast.Forecast]; paces: {preset: steps.Pace}; precision: of the training, "bfloat16" or
    "float32"; apart: of a GPU (losses, gradients) as from steps.compare, else None.
    """
    card = f"1 GPU: {hardware.cards[0]}" if hardware.cards else "no GPU"
    if len(hardware.cards) > 1:
        names = ", ".join(hardware.cards)
        card = f"{len(hardware.cards)} GPUs: {names} (only the first was measured, and the times are its)"
    can = ", ".join(hardware.capabilities) or "no known instructions for fast arithmetic"
    chosen = best(forecasts, hardware.disk)
    lines = [
        "# What can this machine do?",
        "",
        advice(chosen, forecasts),
        "",
        f"{hardware.processor} ({can}), {threads} of {hardware.cores} cores used; {card}; "
        f"{hardware.free / 2**30:.0f} GB of memory and {hardware.disk / 1e9:.0f} GB of disk free. "
        f"Training runs in {precision}.",
        "",
        f"| preset | fits? | total | {' | '.join(STAGE_COLUMNS)} | memory | disk |",
        "|---|---|---|" + "---|" * (len(STAGE_COLUMNS) + 2),
    ]
    for each in forecasts:
        fits = "no" if each.refused or each.disk >= hardware.disk else "yes"
        cells = [f"`{each.preset}`", fits, f"{duration(each.low)} to {duration(each.high)}"]
        cells += [duration(value) for value in each.seconds.values()]
        cells += [f"{each.memory / 2**30:.1f} GB", f"{each.disk / 1e9:.1f} GB"]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [f"\n`{each.preset}` does not fit: {each.refused}" for each in forecasts if each.refused]
    lines += ["", NOTES]
    guessed = [f"`{name}`" for name, pace in paces.items() if not pace.measured]
    if guessed:
        lines += ["", f"Too slow to time here, estimated from another preset: {', '.join(guessed)}."]
    lines += [
        "",
        f"Measured: {rates['decode']:.0f} frames per second for decoding, {rates['detect']:.1f} for finding "
        f"people ({rates['estimator']}).",
    ]
    if apart:
        right = apart[0] <= LOSSES and apart[1] <= GRADIENTS
        how = "correctly" if right else "WRONG RESULTS: do not train on it; update its driver and try again"
        lines += [
            "",
            f"The GPU computes {how}: in one step its losses differ from the processor's by "
            f"{100 * apart[0]:.2g} % (at most {100 * LOSSES:.0f}), its gradients by {100 * apart[1]:.2g} % "
            f"(at most {100 * GRADIENTS:.0f}).",
        ]
    return "\n".join(lines) + "\n"


def advice(chosen: str | None, forecasts: list[Forecast]) -> str:
    """One line of advice."""
    if chosen is None:
        return "No preset fits and finishes within a night here: use shorter clips or another machine."
    time = next(each for each in forecasts if each.preset == chosen)
    return (
        f"Use `{chosen}`: `snakemake --cores all --config preset={chosen}` takes about "
        f"{duration(time.expected)} for these clips."
    )
