"""The files of a bank and of the references chosen from it."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dancenow.arrays import read_npz, write_npz
from dancenow.camera.view import SteadyView
from dancenow.errors import InputError
from dancenow.keypoints import COUNT, Pose
from dancenow.references.bank import Bank, ChosenReferences
from dancenow.references.body_parts import PARTS
from dancenow.references.choice import Choice
from dancenow.references.shadow import GROUND_SHAPE, Shadows

PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]

HIGHEST_FIGURE = 1e5  # px; frames have at most 8192, which may show a part of somebody alone

BANK_LAYOUT = {
    **{"unit": "finite float", "frames": "int U", "keypoints": f"finite float32 U {COUNT} 3"},
    **{"rows": "int R", "flaws": "finite float R", "counts": f"int {len(PARTS)}"},
    **{"corners": "int P 2", "ends": "int P"},
    **{"pieces": "uint8 N", "shadow_frames": "int S", "shadow_keypoints": f"finite float32 S {COUNT} 3"},
    **dict.fromkeys(("shadow_seen", "shadow_behind"), "finite float32 S {} {}".format(*GROUND_SHAPE)),
    **{"alone": "finite float", "reach": "finite float"},
}
CHOICE_LAYOUT = {
    **{"references": f"int16 T {len(PARTS)} K", "shares": f"finite float32 T {len(PARTS)} K"},
    "made_for": "text",
}


def save_bank(path: str | Path, bank: Bank, pose: Pose, used: int) -> None:
    """Write a Bank as .npz, whole or not at all; the pieces are PNG files one after another.

    pose: the target's, in the framing; used: the first frames of it, from which the bank was cut.
    """
    pieces = [piece for own in (*bank.pieces, bank.hair) for piece in own]
    data = [cv2.imencode(".png", picture, PNG)[1].ravel() for _, _, picture in pieces]
    arrays = {
        "unit": bank.unit,
        "frames": bank.frames,
        "keypoints": bank.keypoints,
        "rows": np.concatenate(bank.rows).astype(np.int64),
        "flaws": np.concatenate(bank.flaws),
        "counts": [len(own) for own in bank.rows],
        "corners": np.array([piece[:2] for piece in pieces], np.int64),
        "ends": np.cumsum([len(png) for png in data]),
        "pieces": np.concatenate(data),
        "shadow_frames": bank.shadows.frames,
        "shadow_keypoints": bank.shadows.keypoints,
        "shadow_seen": bank.shadows.seen,
        "shadow_behind": bank.shadows.behind,
        "alone": bank.shadows.alone,
        "reach": bank.reach,
        **_cut_from(pose, used),
    }
    write_npz(path, arrays, compressed=False)


def _cut_from(pose: Pose, used: int) -> dict[str, Any]:
    """By what a bank of another run is known, {name: number or word}; same_run reads the numbers."""
    poses = _digest(pose.keypoints[:used])
    return {"count": len(pose.keypoints), "width": pose.width, "height": pose.height, "poses": poses}


def _digest(*arrays: np.ndarray) -> str:
    """The SHA-256, hexadecimal, of arrays: of their values, types and shapes."""
    told = sha256()
    for array in arrays:
        told.update(f"{array.shape} {array.dtype} ".encode() + array.tobytes())
    return told.hexdigest()


def load_bank(path: str | Path) -> Bank:
    """Read a Bank; InputError names a file that is not one."""
    return read_npz(path, "a file of references", BANK_LAYOUT, _bank)


def _bank(stored: dict[str, np.ndarray]) -> Bank:
    splits, ends = np.cumsum(stored["counts"])[:-1], stored["ends"]
    if (np.diff(ends, prepend=0) <= 0).any() or ends[-1:].tolist() != [stored["pieces"].size]:
        raise ValueError("its pieces do not fill it")
    if stored["rows"].size != stored["counts"].sum() or (stored["counts"] < 0).any():
        raise ValueError("it tells of another number of pieces than it holds")
    if stored["rows"].size and not 0 <= stored["rows"].min() <= stored["rows"].max() < len(stored["frames"]):
        raise ValueError("it tells of frames that it does not hold")
    if not 0 < stored["unit"] < HIGHEST_FIGURE:
        raise ValueError(f"nobody is {stored['unit']:g} px high")
    pictures = [cv2.imdecode(data, cv2.IMREAD_UNCHANGED) for data in np.split(stored["pieces"], ends[:-1])]
    if any(picture is None or picture.ndim != 3 or picture.shape[2] != 4 for picture in pictures):
        raise ValueError("a piece is no picture")
    pieces = [
        (*corner, picture) for corner, picture in zip(stored["corners"].tolist(), pictures, strict=True)
    ]
    edges = [0, *np.cumsum(stored["counts"]).tolist(), len(pieces)]
    *parts, hair = (pieces[first:stop] for first, stop in zip(edges, edges[1:], strict=False))
    if len(hair) != stored["counts"][PARTS.index("head")]:
        raise ValueError("it has no hair, which an older version did not cut out")
    shadows = Shadows(
        float(stored["unit"]),
        stored["shadow_frames"],
        stored["shadow_keypoints"],
        stored["shadow_seen"],
        stored["shadow_behind"],
        float(stored["alone"]),
    )
    return Bank(
        float(stored["unit"]),
        stored["frames"],
        stored["keypoints"],
        np.split(stored["rows"], splits),
        np.split(stored["flaws"], splits),
        parts,
        hair,
        shadows,
        float(stored["reach"]),
    )


def load_bank_of(path: str | Path, pose: Pose, used: int) -> Bank:
    """Read the Bank that was saved with this pose and `used`; InputError names another."""
    meant = _cut_from(pose, used)

    def make(stored: dict[str, np.ndarray]) -> tuple[Bank, dict[str, Any]]:
        return _bank(stored), {name: stored[name].item() for name in meant if name in stored}

    bank, told = read_npz(path, "a file of references", BANK_LAYOUT, make)
    if told != meant:
        raise InputError(
            f"{path}: cut from other frames or poses than those of this run; delete it to make it again"
        )
    return bank


def save_choice(path: str | Path, choice: Choice, bank: Bank, keypoints: np.ndarray) -> None:
    """Write the Choice from a bank for a dance, (T, 133, 3) px, as .npz, whole or not at all."""
    write_npz(path, choice._asdict() | {"made_for": _made_for(bank, keypoints)})


def _made_for(bank: Bank, keypoints: np.ndarray) -> str:
    """What a choice depends on, as one word."""
    return _digest(bank.frames, bank.keypoints, *bank.rows, *bank.flaws, keypoints)


def load_choice(path: str | Path, bank: Bank, keypoints: np.ndarray) -> Choice:
    """Read the Choice from a bank for a dance, (T, 133, 3) px; InputError names another, and what is none."""
    choice, made_for = read_npz(path, "a file of chosen references", CHOICE_LAYOUT, _choice)
    if made_for != _made_for(bank, keypoints):
        raise InputError(
            f"{path}: chosen from other references or for another dance than those of this run; "
            "delete it to make it again"
        )
    return choice


def _choice(stored: dict[str, np.ndarray]) -> tuple[Choice, str]:
    return Choice(stored["references"], stored["shares"]), str(stored["made_for"])


def chosen_references(
    references_path: str | Path | None,
    chosen_path: str | Path | None,
    pose: Pose,
    view: SteadyView | None = None,
) -> ChosenReferences | None:
    """The ChosenReferences of a pair's pose, from the files; None without files.

    view: the target's, on whose canvas the pieces lie; None for a still one. InputError if the choice is of
    another bank, or of another dance.
    """
    if not references_path or not chosen_path:
        return None
    bank = load_bank(references_path)
    choice = load_choice(chosen_path, bank, pose.keypoints)
    return ChosenReferences(bank, (view.on_canvas(pose) if view else pose).keypoints, choice)
