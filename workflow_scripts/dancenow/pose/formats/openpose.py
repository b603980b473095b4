"""OpenPose's folders, one frame per file: --write_json, and the YAML of --write_keypoint.

JSON: `{clip}_{number}_keypoints.json` with people[].pose_keypoints_2d, face_keypoints_2d,
hand_left_keypoints_2d and hand_right_keypoints_2d, flat lists of x, y, confidence. YAML:
`{clip}{number}_pose.yml` and beside it _face.yml, _hand_left.yml, _hand_right.yml, each one matrix
[people, points, 3]; the code of Everybody Dance Now reads both. ControlNet's programs (DWPose) write such
JSON with the size of the picture that the keypoints lie in, as canvas_width and canvas_height.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.keypoints import COUNT
from dancenow.pose.formats.parsing import load_json, load_opencv_matrix, triples
from dancenow.pose.formats.skeletons import (
    BODIES,
    FACE_LENGTHS,
    HAND_POINTS,
    Found,
    body_model,
    off_halfway,
    to_canonical,
    to_openpose,
)

VERSION = 1.3
JSON_SUFFIX, YAML_SUFFIX = "_keypoints.json", "_pose.yml"
FRAME_FILE = re.compile(r"(?P<clip>.*?)(?P<number>\d*)(?P<suffix>_keypoints\.json|_pose\.yml)")
CANVAS = "canvas_width", "canvas_height"
JSON_PARTS = {"face": FACE_LENGTHS, "hand_left": (HAND_POINTS,), "hand_right": (HAND_POINTS,)}

# share of a body's extent by which neck and mid-hip may lie from the middle of shoulders and hips
MOST_APART = 0.1
_BODY_POINTS = [len(names) for names in BODIES.values()]
_EXPECTED = "OpenPose writes {clip}_000000000000_keypoints.json and so on, or {clip}000000_pose.yml"


def read_folder(folder: str | Path, count: int, size: tuple[int, int]) -> Found:
    """Everyone in the `count` frames of a folder, as Found; size: (w, h) px of the clip as displayed.

    InputError: no such files, or both kinds; missing, duplicate or extra numbers; a malformed file;
    two body models in one folder, or another order of points than the model's; another size of the picture.
    """
    frames, first, apart = [], {}, []
    for path in frame_files(folder, count):
        people = []
        found = _read_json(path, size) if path.name.endswith(JSON_SUFFIX) else _read_yaml(path)
        for body, person in found:
            apart.append(off_halfway(body))
            first.setdefault(body_model(len(body)), path)
            if len(first) > 1:
                (model, path), (other, later) = first.items()
                raise InputError(
                    f"{later}: body model {other}, but {path.name} has {model}; "
                    "write the whole folder with one body model"
                )
            people.append(person)
        frames.append(np.array(people).reshape(-1, COUNT, 3))
    if not first:
        raise InputError(
            f"{folder}: no person in any of the {count} frames; give keypoints of a clip with a person"
        )
    model = next(iter(first))
    if any(np.isfinite(apart)) and (share := np.nanmedian(apart)) > MOST_APART:
        raise InputError(
            f"{folder}: its {len(BODIES[model])} points of a body are in another order than those of "
            f"{model}: neck or mid-hip would lie {100 * share:.0f} % of the body's size beside its place; "
            "write them in the order that docs/architecture.md tells, or give COCO-WholeBody results"
        )
    return Found.gather(frames, f"openpose-{model}")


def frame_files(folder: str | Path, count: int) -> list[Path]:
    """The `count` files of a folder that hold the bodies, in the order of their numbers.

    Hidden ones do not count, such as the `._` files with which a Mac accompanies others. InputError if there
    are none, if they are of two kinds, or if their numbers are not those of `count` frames.
    """
    paths = sorted(path for path in Path(folder).iterdir() if not path.name.startswith("."))
    matches = {path: match for path in paths if (match := FRAME_FILE.fullmatch(path.name))}
    if not matches:
        raise InputError(f"{folder}: no keypoint files in it; {_EXPECTED}")
    kinds = {}
    numbered = {}
    for path, match in matches.items():
        if not match["number"]:
            raise InputError(f"{path}: no frame number in its name; {_EXPECTED}")
        kinds.setdefault((match["clip"], match["suffix"]), path)
        other = numbered.setdefault(int(match["number"]), path)
        if len(kinds) > 1:
            one, two = (path.name for path in kinds.values())
            raise InputError(
                f"{folder}: files of two kinds or clips, {one} and {two}; use one folder for each"
            )
        if other is not path:
            raise InputError(f"{folder}: {other.name} and {path.name} are the same frame; remove one")
    _check_numbers(folder, numbered, count)
    return [numbered[number] for number in sorted(numbered)]


def write_frame(path: str | Path, people: Iterable[np.ndarray]) -> None:
    """Write one frame's (P, 133, 3) as an OpenPose JSON file of BODY_25, face and hands.

    Numbers are written with as many digits as their dtype needs to be read back exactly.
    """
    entries = []
    for person in people:
        parts = [part.ravel().tolist() for part in to_openpose(person)]
        names = ("pose", "face", "hand_left", "hand_right")
        entry = {"person_id": [-1]} | {
            f"{n}_keypoints_2d": part for n, part in zip(names, parts, strict=True)
        }
        entries.append(entry | {f"{name}_keypoints_3d": [] for name in names})
    Path(path).write_text(
        json.dumps({"version": VERSION, "people": entries}, allow_nan=False, separators=(",", ":")),
        encoding="utf-8",
    )


def _check_numbers(folder: str | Path, numbered: dict[int, Path], count: int) -> None:
    start = min(numbered)
    wanted = range(start, start + count)
    missing = next((number for number in wanted if number not in numbered), None)
    extra = next((number for number in sorted(numbered) if number not in wanted), None)
    if missing is not None:
        pattern = FRAME_FILE.fullmatch(numbered[start].name)
        assert pattern, "frame_files takes no other names"
        digits = len(pattern["number"])
        which = f"the first missing is {pattern['clip']}{missing:0{digits}d}{pattern['suffix']}"
    elif extra is not None:
        which = f"the first extra file is {numbered[extra].name}"
    else:
        return
    raise InputError(
        f"{folder}: keypoints of {len(numbered)} frames for a clip of {count}; {which}; "
        "run the estimator on this very clip, on every frame"
    )


def _read_json(path: Path, size: tuple[int, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (its body (K, 3), (133, 3)) of each person in a JSON file; size: as of read_folder."""
    content = load_json(path)
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list) or not all(isinstance(person, dict) for person in people):
        raise InputError(f"{path}: no list of `people` in it; give the files of OpenPose's --write_json")
    told = tuple(content.get(side) for side in CANVAS)
    if None not in told and told != size:
        raise InputError(
            f"{path}: keypoints in a picture of {told[0]} x {told[1]} px ({', '.join(CANVAS)}), but the "
            f"clip is displayed with {size[0]} x {size[1]} px; run the estimator on the clip itself"
        )
    for index, person in enumerate(people):
        body = _part(path, index, person, "pose", _BODY_POINTS)
        if body is None:
            raise InputError(
                f"{path}: people[{index}] has no pose_keypoints_2d; run OpenPose with its body model"
            )
        others = [_part(path, index, person, part, points) for part, points in JSON_PARTS.items()]
        yield body, to_canonical(body, *others)


def _part(path: Path, index: int, person: dict, part: str, points: Sequence[int]) -> np.ndarray | None:
    values = person.get(f"{part}_keypoints_2d")
    # OpenPose writes an empty list for a part that was not requested
    return triples(values, points, path, f"people[{index}].{part}_keypoints_2d") if values else None


def _read_yaml(path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (its body (K, 3), (133, 3)) of each person in a _pose.yml and the parts beside it."""
    bodies = load_opencv_matrix(path, _BODY_POINTS)
    stem = path.name.removesuffix(YAML_SUFFIX)
    parts = []
    for part, points in JSON_PARTS.items():
        beside = path.with_name(f"{stem}_{part}.yml")
        found = load_opencv_matrix(beside, points) if beside.is_file() else [None] * len(bodies)
        if len(found) != len(bodies):
            raise InputError(
                f"{beside}: {len(found)} people, but {path.name} has {len(bodies)}; write both again"
            )
        parts.append(found)
    for body, *others in zip(bodies, *parts, strict=True):
        yield body, to_canonical(body, *others)
