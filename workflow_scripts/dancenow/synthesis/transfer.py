"""What a clip is synthesized from, made from the files of a pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dancenow.camera.replay import Replay
from dancenow.files import read_json
from dancenow.keypoints import Pose, load_pose
from dancenow.provenance.finishing import Step, finishing
from dancenow.references.bank import ChosenReferences
from dancenow.references.files import chosen_references, load_bank_of
from dancenow.video.cuts import cuts_after


@dataclass(frozen=True)
class Transfer:
    """What to synthesize, and with which networks.

    generator_path, face_path: files of the generator, and of the face generator where there is one. pose: in
    the generator's frame. cuts: of the pose's footage, as in dancenow.video.cuts; the synthesizer begins anew
    at each. references: a references.bank.ChosenReferences of the pose, for a generator that is shown them.
    replay: what is shown of the canvas of a target whose camera moved; then the pose lies in its framing, the
    references on its canvas. finish: label and mark, as from dancenow.provenance.finishing.
    """

    generator_path: str | Path
    pose: Pose
    cuts: Sequence[int] = ()
    face_path: str | Path | None = None
    references: Any = None
    replay: Replay | None = None
    finish: Sequence = ()


@dataclass(frozen=True)
class TransferFiles:
    """Paths of what a pair is synthesized from.

    pose: in the generator's frame; facts, target: of the frames of source and target; steady: the target's
    view. face, references and chosen may be empty.
    """

    generator: str
    pose: str
    facts: str
    target: str
    steady: str
    face: str | Sequence[str] = ""
    references: str | Sequence[str] = ""
    chosen: str | Sequence[str] = ""


def open_transfer(files: TransferFiles, camera: str, provenance: dict) -> Transfer:
    """The Transfer of a pair.

    camera: transfer.camera; provenance: what of that section changes frames. InputError names a file that is
    not what it should be.
    """
    dance = load_pose(files.pose)
    replay = Replay.of(files.steady, camera, dance.fps, files.target)
    paths = str(files.references or ""), str(files.chosen or "")
    references = chosen_references(*paths, dance, replay.view)
    cuts, finish = read_json(files.facts)["cuts"], _finishing(files, dance, provenance)
    return Transfer(files.generator, dance, cuts, _face(files), references, replay, finish)


def open_reconstruction(files: TransferFiles, pose: Pose, provenance: dict) -> Transfer:
    """The Transfer of the end of a target's own footage, in its framing.

    files: pose, facts and target are the target's own, and pieces are chosen here; pose: the last frames of
    theirs; provenance: as in open_transfer.
    """
    replay = Replay.of(files.steady)
    first = len(replay.view.used) - len(pose.keypoints)
    cuts = cuts_after(replay.view.cuts(read_json(files.facts)["cuts"]), first)
    references = None
    if files.references:
        bank = load_bank_of(str(files.references), load_pose(files.pose), first)
        keypoints = replay.view.on_canvas(pose).keypoints
        references = ChosenReferences(bank, keypoints, bank.choose(keypoints, cuts, pose.fps))
    finish = _finishing(files, pose, provenance)
    return Transfer(files.generator, pose, cuts, _face(files), references, replay, finish)


def _face(files: TransferFiles) -> str | None:
    return str(files.face) if files.face else None


def _finishing(files: TransferFiles, pose: Pose, provenance: dict) -> list[Step]:
    """The last steps of each frame; mux_video tells the mark's payload from the same files in this order."""
    made_from = [files.generator, *([face] if (face := _face(files)) else []), files.pose]
    return finishing(provenance, pose.width, pose.height, made_from)
