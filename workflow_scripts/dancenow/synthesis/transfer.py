"""What a clip is synthesized from, made from the files of a pair."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dancenow.camera.replay import Replay
from dancenow.files import read_json
from dancenow.keypoints import Pose, load_pose
from dancenow.provenance.finishing import finishing
from dancenow.references.files import chosen_references


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
    dance, face = load_pose(files.pose), str(files.face or "")
    replay = Replay.of(files.steady, camera, dance.fps, files.target)
    made_from = [files.generator, *([face] if face else []), files.pose]
    paths = str(files.references or ""), str(files.chosen or "")
    return Transfer(
        files.generator,
        dance,
        read_json(files.facts)["cuts"],
        face or None,
        chosen_references(*paths, replay.view.on_canvas(dance)),
        replay,
        finishing(provenance, dance.width, dance.height, made_from),
    )
