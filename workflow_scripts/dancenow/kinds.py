"""What kind of value stands under each key of the workflow's JSON files, which somebody may have changed."""

import math
import re
from collections.abc import Callable
from typing import Any

SIDE = range(1, 1 << 20)  # px
NUMBER = range(1 << 40)
RATIO = re.compile(r"[1-9]\d*(/[1-9]\d*)?")
NUMBER_OR_NONE = (float, None)
TEXT_OR_NONE = (str, None)


def positive(value: Any) -> bool:
    """The kind of a number above zero."""
    return fits(value, float) and value > 0


def means(value: Any) -> bool:
    """The kind of measures by name, in dicts of dicts; what has a mean is a measure."""
    if not isinstance(value, dict):
        return False
    return fits(value, {str: NUMBER_OR_NONE}) if "mean" in value else all(map(means, value.values()))


# A kind: a type (float: any finite number), None, a range, the pattern of a text, a function such as
# positive, [kind] for a list of it, [kind, kind] for one of two, {str: kind} for any names, {"name": kind}
# for what has at least this name, or a tuple of such, of which one must fit. A key has the same kinds in all
# files; a reader knows more of its own.
VALUE_KINDS: dict[str, Any] = {
    # of a clip and of its frames
    **dict.fromkeys(("file", "format", "codec", "pixel_format", "color_matrix"), str),
    **dict.fromkeys(("color_range", "color_space", "color_transfer"), str),
    **dict.fromkeys(("turned_by_frames", "mirrored", "full_range", "variable_rate", "interlaced"), bool),
    **dict.fromkeys(("width", "height", "coded_width", "coded_height", "long_edge", "edge"), SIDE),
    **dict.fromkeys(("scaled_width", "scaled_height"), SIDE),
    **dict.fromkeys(("stream", "hidden", "first", "stop"), NUMBER),
    **dict.fromkeys(("fps", "clip_fps", "sample_aspect"), RATIO),
    **dict.fromkeys(("duration", "seek", "start", "end"), NUMBER_OR_NONE),
    "until": (NUMBER, None, str),  # the last day of a consent
    "rotation": int,
    "span": [NUMBER, NUMBER],
    "crop": ([int, int, SIDE, SIDE], None),
    "crop_x": int,
    "crop_y": int,
    "scale": float,
    "fit": dict,
    "audio": (dict, None),
    "channels": SIDE,
    "sample_rate": SIDE,
    "straying": float,
    "pieces": bool,
    "frames": (NUMBER, dict),
    "cuts": [NUMBER],
    "clips": [dict],
    # of a person's size and limbs
    **dict.fromkeys(("s_far", "s_median", "s_close", "x_median"), float),
    **dict.fromkeys(("h_far", "h_close"), positive),
    "far_rule": str,
    "grounded_frames": NUMBER,
    "limbs": {str: NUMBER_OR_NONE},
    "toes": NUMBER_OR_NONE,
    "shots": [dict],
    "statistics": (dict, None),
    # of what a run decided on, and of trained networks
    **dict.fromkeys(("estimator", "checkpoint"), str),
    **dict.fromkeys(("sha256", "reason"), TEXT_OR_NONE),
    "weights": (str, None, dict),
    "network": (str, None, dict),
    "enhancer": (dict, None),
    "settings": dict,
    "sizes": [[SIDE, SIDE]],
    **dict.fromkeys(("seed", "step", "steps", "best_step", "training_frames", "processes"), (NUMBER, None)),
    **dict.fromkeys(("n_downsample", "n_blocks", "blocks", "unshuffle", "layers"), range(100)),
    **dict.fromkeys(("skips", "temporal"), bool),
    **dict.fromkeys(("real", "fake"), [str]),
    "long_edges": [SIDE],
    "seconds": positive,
    # of measurements
    **dict.fromkeys(("decode", "detect"), positive),
    "accuracy": (float, None, dict),
    "scores": means,
    **dict.fromkeys(("mean", "low", "high", "limit"), NUMBER_OR_NONE),
    "frames_compared": NUMBER,
    "bootstrap": {"seed": NUMBER, "block": SIDE},
    "series": {str: dict},
    "values": [NUMBER_OR_NONE],
}


def fits(value: Any, kind: Any) -> bool:
    """Whether a value of JSON is of a kind, as of VALUE_KINDS."""
    if isinstance(kind, tuple):
        return any(fits(value, one) for one in kind)
    if isinstance(kind, list):
        several = len(kind) > 1
        return isinstance(value, list) and (
            len(value) == len(kind) and all(map(fits, value, kind))
            if several
            else all(fits(one, kind[0]) for one in value)
        )
    if isinstance(kind, dict):
        if not isinstance(value, dict):
            return False
        inner = dict.fromkeys(value, kind[str]) if str in kind else kind
        return all(key in value and fits(value[key], one) for key, one in inner.items())
    if isinstance(kind, re.Pattern):
        return isinstance(value, str) and kind.fullmatch(value) is not None
    if kind is None:
        return value is None
    if isinstance(kind, Callable) and not isinstance(kind, type):  # type: ignore[arg-type]
        return kind(value)
    if isinstance(value, bool):
        return kind is bool
    if isinstance(kind, range):
        return isinstance(value, int) and value in kind
    if kind is float:
        return isinstance(value, (int, float)) and math.isfinite(value)
    return isinstance(value, kind)
