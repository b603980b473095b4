"""When the frames of a clip are shown, and at which rate."""

import logging
from array import array
from fractions import Fraction
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.video.trial_decoding import Undecodable, decoded

__all__ = ["first_key", "frame_rate", "frame_times", "in_fields"]

log = logging.getLogger(__name__)

# Tolerance for rates from Matroska's millisecond time stamps; 24 and 24000/1001 differ by ten times as much.
ROUNDING = 1e-4
# Frames over which bursts even out, how much faster than that a burst is, and how many pauses make bursts: a
# single one is a time stamp gone astray.
CALM, BURST, PAUSES = 8, 4, 3
# Of a part that is quicker than the rest: the share of the frames that makes it one, over how many of them
# its rate is measured, how many times the other rate it must be, and at most.
QUICK, QUICK_SPAN, QUICKER, QUICKEST = 0.2, 24, 1.5, 61
# Frames by which those that last three and two fields in turn are away from their places, with a false first
# time; less than where one frame is missing.
IN_TURN = 0.45
# Rates at which films and television are made, and how near to one a clip's must be to be taken for it.
TELEVISED = [Fraction(count * 1000, parts) for count in (24, 25, 30, 50, 60) for parts in (1000, 1001)]
CLOSE = 0.02
# Share of frames that may have the time of the one before, as where times are whole milliseconds.
REPEATED = 0.25
# Codecs whose decoder waits for a key frame; others fail before it, or paint over grey.
WAITING = {"h264", "hevc"}
# Codecs of which a packet may be a field, half a frame, as camcorders (AVCHD) write them.
FIELDS = {"h264"}


def in_fields(video: dict) -> bool:
    """Whether packets of a track may be fields, which only the decoder tells from frames."""
    return video["interlaced"] and video.get("codec_name") in FIELDS


def first_key(video: dict, kind: str, found: dict[str, array]) -> float | None:
    """The time stamp (s) of the first key frame, if decoding must begin there explicitly; else None."""
    if found["key"][0] or 1 not in found["key"] or video.get("codec_name") in WAITING or "mpeg" in kind:
        return None
    times = found["pts"] if len(found["pts"]) == len(found["key"]) else found["dts"]
    return float(times[found["key"].index(1)] * Fraction(video["time_base"])) if times else None


def frame_times(
    path: str | Path, video: dict, first: float, found: dict[str, array], until: int | None
) -> tuple[np.ndarray, int, Fraction]:
    """Sorted presentation times from the `first` (s) on and the end of the last, in units of a time base.

    Then the time base, in s. found: the packets, as probing reads them; those from the byte `until` on are
    left out. InputError if the clip is damaged.
    """
    there = np.array(found["pos"]) < until if until is not None else np.ones(len(found["key"]), bool)
    count, time_base, step = int(there.sum()), Fraction(video["time_base"]), 1 / _rates(video)[-1]
    for key in ("pts", "dts") if not in_fields(video) else ():  # AVI has no others than the latter
        if len(found[key]) < len(there):
            continue
        times = np.array(found[key], np.int64)[there]
        order = np.argsort(times, kind="stable")
        times = times[order]
        if (np.diff(times) > 0).all():
            last = int(np.array(found["duration"])[there][order[-1]])
            # some files, as those copied into AVI, say of their last frame that it lasts a tick, or nothing
            usual = float(np.median(np.diff(times))) if len(times) > 1 else float(step / time_base)
            last = last if last > usual / 2 else round(usual)
            skipped = _leading(times * float(time_base) - first, step)
            if key == "dts":
                skipped = found["key"].index(1) if 1 in found["key"] else 0
            if skipped:
                log.info("%s: its first %d frames depend on frames that were cut off; skipped", path, skipped)
            return times[skipped:], int(times[-1]) + last, time_base
    # Raw and MPEG program streams lack times, or have duplicates, and two fields make one frame; the decoder
    # gives them.
    try:
        times = np.rint([time * 1e6 for time, _, _ in decoded(path, video["index"], until)]).astype(np.int64)
    except Undecodable as error:
        raise InputError(f"{path}: damaged ({error}); copy the clip again or re-encode it") from None
    if len(times) < count:
        log.info("%s: its %d packets give %d frames; others are fields, or skipped", path, count, len(times))
    times = _one_after_another(times, float(step * 1_000_000))
    if (np.diff(times) > 0).all():
        usual = float(np.median(np.diff(times)) if len(times) > 1 else step * 1_000_000)
        return times, int(times[-1]) + round(usual), Fraction(1, 1_000_000)
    return np.arange(len(times)), len(times), step


def frame_rate(times: np.ndarray, time_base: Fraction, video: dict) -> tuple[Fraction, bool]:
    """(frames a second, whether the clip's own rate varies).

    A rate is constant if every frame lies within half a frame of its place; where each is stored as two
    fields, the container may state the fields' rate, and of a film on a DVD, whose frames last three fields
    and two in turn, it states that of the television. A clip with a varying rate gets the rate of its median
    step, so that most of its frames keep a separate place. Where frames come in bursts, as from a camera over
    a network, the step within a burst says nothing, and longer spans count. Of a recorded screen, which has
    few frames a second while it stands still, the rate is that of its quicker part.
    """
    rates = _rates(video)
    if len(times) == 1:
        return rates[-1], False
    elapsed = (times - times[0]) * float(time_base)
    stated = [(rate, 0.5) for rate in (*rates, *(rate / 2 for rate in rates))]
    mean = (len(times) - 1) / float(elapsed[-1])
    usual = [rate for rate in TELEVISED if abs(float(rate) / mean - 1) < CLOSE]
    usual.sort(key=lambda rate: abs(float(rate) - mean))
    for rate, away in (*stated, *((rate, IN_TURN) for rate in usual)):
        if np.abs(elapsed * float(rate) - np.arange(len(times))).max() < away:
            return rate, False
    steps = np.diff(times)
    pace, calm = (
        count / (float(np.median(times[count:] - times[:-count])) * float(time_base))
        for count in (1, min(CALM, len(steps)))
    )
    if pace > BURST * calm and (steps > BURST * np.median(steps)).sum() >= PAUSES:
        pace = calm
    if len(steps) * QUICK > QUICK_SPAN:
        spans = times[QUICK_SPAN:] - times[:-QUICK_SPAN]
        quick = QUICK_SPAN / (float(np.quantile(spans, QUICK)) * float(time_base))
        pace = quick if QUICKER * pace < quick < QUICKEST else pace
    # the half of a stated rate, as 12.5 of 25, is perhaps no whole number
    near = [rate for rate in (*rates, rates[0] / 2) if abs(float(rate) / pace - 1) < CLOSE]
    return min(near or _near(pace), key=lambda rate: abs(float(rate) - pace)), True


def _one_after_another(times: np.ndarray, step: float) -> np.ndarray:
    """Times (T,) of which few equal the one before, in ticks: each of these becomes a tick later.

    Only where all of them last longer or shorter than frames of `step` ticks do, and so tell of pauses: else
    frames at a constant rate are meant.
    """
    steps = np.diff(times)
    if not len(steps) or (steps < 0).any() or (steps == 0).mean() > REPEATED:
        return times
    if abs(times[-1] - times[0] - len(steps) * step) < 1.5 * step:
        return times
    ticks = np.arange(len(times))
    return np.maximum.accumulate(times - ticks) + ticks


def _leading(away: np.ndarray, step: Fraction) -> int:
    """How many of the first frames cannot be decoded, for `away` from the first that can be, (T,) s.

    They depend on frames before the clip's beginning: the leading frames of an open group of pictures, or all
    before the first key frame.
    """
    nearest = int(np.argmin(np.abs(away)))
    return nearest if abs(away[nearest]) < step / 2 else 0


def _rates(video: dict) -> list[Fraction]:
    """The frame rates that the container states: nominal, then average."""
    stated = [video.get(key, "0/0") for key in ("r_frame_rate", "avg_frame_rate")]
    return [_standard(Fraction(rate)) for rate in stated if not rate.startswith("0/")] or [Fraction(25)]


def _standard(rate: Fraction) -> Fraction:
    """n or n * 1000/1001 if the rate is one of these up to the rounding of time stamps, else the rate."""
    near = [one for one in _near(float(rate)) if abs(rate / one - 1) < ROUNDING]
    return near[0] if near else rate


def _near(rate: float) -> list[Fraction]:
    """n and n * 1000/1001 for the whole number n that is nearest to a rate, the nearer of them first."""
    count = max(1, round(rate))
    return sorted((Fraction(count), Fraction(count * 1000, 1001)), key=lambda one: abs(float(one) - rate))
