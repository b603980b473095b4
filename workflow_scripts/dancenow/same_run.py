"""Whether the results that a job reads are of one run, by what each says of its frames' number and size.

They are not where somebody copied half of a folder, put back an old file, cut one short, or mixed two
presets. NumPy would end in an error or, worse, go on with poses and masks of other moments or places.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from dancenow.errors import refuse_mixed

SUBJECT, PAIR = r"(?P<of>[a-z0-9-]+)", r"[a-z0-9-]+_as_(?P<of>[a-z0-9-]+)"
# what a result's name says: whose frames it has rows for (a pair has the source's), and an array with such
# rows; the frames that a target's steady view uses are counted apart, as those of "name.steady"
WITH_ROWS = {
    rf"masks/{SUBJECT}\.found\.npz": ("{of}", "ends"),
    rf"camera/{SUBJECT}\.npz": ("{of}", "sure"),
    rf"poses/{SUBJECT}\.npz": ("{of}", "origin"),
    rf"poses/{PAIR}(\.unnormalized)?\.npz": ("{of}", "origin"),
    rf"references/{PAIR}(\.unnormalized)?\.npz": ("{of}", "references"),
    rf"metrics/{PAIR}(\.[a-z0-9_]+)*\.frames\.npz": ("{of}", "result/ssim"),
    rf"steady/{SUBJECT}\.npz": ("{of}.steady", "used"),
    rf"poses/{SUBJECT}\.steady\.npz": ("{of}.steady", "origin"),
    rf"masks/{SUBJECT}\.npz": ("{of}.steady", "ends"),
}
# the same for files that tell the number itself
WITH_NUMBER = {
    rf"frames/{SUBJECT}\.(avi|index\.npy|json)": ("{of}", "frames"),
    rf"poses/{SUBJECT}\.people\.npz": ("{of}", "count"),
    rf"steady/{SUBJECT}\.npz": ("{of}", "count"),
    rf"references/{SUBJECT}\.npz": ("{of}.steady", "count"),
}
# whose pictures they tell the size of; a target's steady view has a size of its own, but its pose and those
# of its pairs lie in a part of it that is as large as a frame
WITH_SIZE = {
    rf"frames/{SUBJECT}\.(avi|index\.npy|json)": "{of}",
    rf"poses/{SUBJECT}(\.people|\.steady)?\.npz": "{of}",
    rf"poses/{SUBJECT}_as_[a-z0-9-]+(\.unnormalized)?\.npz": "{of}",
    rf"normalization/{SUBJECT}\.json": "{of}",
    rf"masks/{SUBJECT}\.found\.npz": "{of}",
    rf"camera/{SUBJECT}\.npz": "{of}",
    rf"steady/{SUBJECT}\.npz": "{of}.steady",
    rf"masks/{SUBJECT}\.npz": "{of}.steady",
    rf"references/{SUBJECT}\.npz": "{of}",
}


def require_one_run(given: Any) -> None:
    """InputError, in one line, if two of a job's files have other numbers or sizes of frames of a clip.

    given: a mapping, or what Snakemake has in its place, from a name to a path or to a list of paths. What is
    no result of the workflow, or cannot be read, is left to the one who reads it.
    """
    listed = (value for _, value in given.items())
    paths = [path for value in listed for path in ([value] if isinstance(value, str) else value)]
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in paths:
        for whose, told, held in _held(str(path)):
            found.setdefault(whose, {})[told] = held
    for each in found.values():
        refuse_mixed(each)


def _held(path: str) -> Iterator[tuple[tuple[str, str], str, str]]:
    """((what is told, of whose frames), the file that tells it, its words), of one that a job reads."""
    told = re.sub(r"(\.index)?\.(avi|npy)$", ".json", path)
    for patterns, counted in ((WITH_ROWS, _rows), (WITH_NUMBER, _number)):
        for pattern, (whose, what) in patterns.items():
            if match := re.fullmatch(rf"results/{pattern}", path):
                with suppress(Exception):  # its reader says what is wrong with it
                    yield ("number", whose.format(of=match["of"])), told, f"{counted(told, what)} frames"
    for pattern, whose in WITH_SIZE.items():
        if match := re.fullmatch(rf"results/{pattern}", path):
            with suppress(Exception):
                width, height = (_number(told, side) for side in ("width", "height"))
                yield ("size", whose.format(of=match["of"])), told, f"pictures of {width}x{height} px"


def _rows(path: str, name: str) -> int:
    import numpy as np  # not every environment has it

    with np.load(path, allow_pickle=False) as stored:
        return len(stored[name])


def _number(path: str, name: str) -> int:
    if path.endswith(".json"):
        return int(json.loads(Path(path).read_text(encoding="utf-8"))[name])
    import numpy as np

    with np.load(path, allow_pickle=False) as stored:
        return int(stored[name])
