"""The files of a bank and of the references chosen from it."""

import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np

from dancenow.arrays import write_npz
from dancenow.errors import InputError
from dancenow.files import read_through
from dancenow.keypoints import Pose
from dancenow.references.bank import Bank, ChosenReferences
from dancenow.references.body_parts import PARTS
from dancenow.references.choice import Choice
from dancenow.references.shadow import Shadows

PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
BROKEN_FILE = ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error


def save_bank(path: str | Path, bank: Bank) -> None:
    """Write a Bank as .npz, whole or not at all; the pieces are PNG files one after another."""
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
    }
    write_npz(path, arrays, compressed=False)


def load_bank(path: str | Path) -> Bank:
    """Read a Bank; InputError names a file that is not one."""
    read_through(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in file.files}
        splits = np.cumsum(stored["counts"])[:-1]
        pictures = [
            cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
            for data in np.split(stored["pieces"], stored["ends"][:-1])
        ]
        pieces = [
            (*corner, picture) for corner, picture in zip(stored["corners"].tolist(), pictures, strict=True)
        ]
        edges = [0, *np.cumsum(stored["counts"]).tolist(), len(pieces)]
        *parts, hair = (pieces[first:stop] for first, stop in zip(edges, edges[1:], strict=False))
        if len(hair) != stored["counts"][PARTS.index("head")]:
            raise ValueError("it has no hair, which an older version did not cut out")
        return Bank(
            float(stored["unit"]),
            stored["frames"],
            stored["keypoints"],
            np.split(stored["rows"], splits),
            np.split(stored["flaws"], splits),
            parts,
            hair,
            Shadows(
                float(stored["unit"]),
                stored["shadow_frames"],
                stored["shadow_keypoints"],
                stored["shadow_seen"],
                stored["shadow_behind"],
                float(stored["alone"]),
            ),
            float(stored["reach"]),
        )
    except BROKEN_FILE as error:
        raise _refused(path, "references", error) from error


def save_choice(path: str | Path, choice: Choice) -> None:
    """Write a Choice as .npz, whole or not at all."""
    write_npz(path, choice._asdict())


def load_choice(path: str | Path, frames: int) -> Choice:
    """Read the Choice of a dance of so many frames; InputError names one of another, and what is none."""
    read_through(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            choice = Choice(file["references"], file["shares"])
        shape = choice.references.shape
        if len(shape) != 3 or shape[1] != len(PARTS) or choice.shares.shape != shape:
            raise ValueError(f"{shape} and {choice.shares.shape} are not of {len(PARTS)} parts")
        if len(choice.references) != frames:
            raise ValueError(f"of {len(choice.references)} frames, while the pose has {frames}")
        return choice
    except BROKEN_FILE as error:
        raise _refused(path, "chosen references", error) from error


def _refused(path: str | Path, what: str, error: Exception) -> InputError:
    return InputError(f"{path}: not a file of {what} ({error}); delete it to make it again")


def chosen_references(
    references_path: str | Path | None, chosen_path: str | Path | None, pose: Pose
) -> ChosenReferences | None:
    """The ChosenReferences of a pair's pose, from the files; None without files.

    InputError if the choice is of another bank, or of another dance.
    """
    if not references_path or not chosen_path:
        return None
    bank, choice = load_bank(references_path), load_choice(chosen_path, len(pose.keypoints))
    held = np.array([2 * len(rows) for rows in bank.rows])  # each also mirrored
    if (choice.references >= held[:, None]).any():
        raise InputError(
            f"{chosen_path}: chosen from other pieces than {references_path} holds; "
            "delete it to make it again"
        )
    return ChosenReferences(bank, pose.keypoints, choice)
