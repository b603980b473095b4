"""What a video states of its origin, and whether that holds: one JSON, one line, one exit status."""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dancenow.errors import InputError, one_line
from dancenow.provenance.detection import LEAD, find_mark
from dancenow.provenance.xmp import C2PA_BOX, COMPOSITE, GENERATED, boxes, read_xmp
from dancenow.video.probing import probe

# exit statuses of workflow_scripts/verify.py
STATED, SILENT, BROKEN, UNREADABLE = 0, 1, 2, 3
MAX_MANIFEST = 1 << 24
MEMORY = 2 << 30
# seconds, and bytes a second that any disk and SHA-256 reach
PATIENCE, RATE = 60, 10 << 20
READER = (
    "import json, sys; from dancenow.provenance.manifest import read_manifest; "
    "anchors = sys.stdin.buffer.read() or None; print(json.dumps(read_manifest(sys.argv[1], anchors)))"
)


def examine(
    path: str | Path,
    anchors: bytes | None = None,
    mark_key: bytes | None = None,
    detector: Callable[[str | Path], dict | None] | None = None,
    payloads: Sequence[int] = (),
) -> dict:
    """What a video says of itself, ready for JSON.

    Keys: file (name), signature ("valid", "untrusted", "broken", "absent"), manifest (as of
    manifest.read_manifest, or None; with "unread", why, where it is too large to check), xmp
    (DigitalSourceType or None), xmp_unread (why XMP that is there could not be read, or None), mark (None
    without a key, else {"marked", "payload", "probability"}, the payload in hex or None where it cannot be
    read), detector (its opinion or None; verdict and status leave it aside), verdict (a line), status (one
    of the four above).
    anchors: certificates (PEM) that are trusted; mark_key: as of provenance.mark.load_key; detector: a
    function from a path to {"verdict", "summary"} or None; payloads: those given with mark_key, as far as
    they are known. InputError when the file is no video.
    """
    path = Path(path)
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no regular file" if path.exists() else "no such file"
        raise InputError(f"{path}: {what}; name a video")
    found = boxes(path)
    size = sum(size for _, number, _, size in found if number == C2PA_BOX)
    if not size:
        probe(path)  # for its refusal of what is no video
    xmp, xmp_unread = _xmp(path, found)
    manifest = _bounded(path, anchors, size) if size else None
    signature = manifest["signature"] if manifest else "absent"
    mark = _mark(path, mark_key, payloads, signature) if mark_key else None
    told = {"file": path.name, "signature": signature, "manifest": manifest}
    told |= {"xmp": xmp, "xmp_unread": xmp_unread, "mark": mark}
    told["detector"] = _opinion(path, detector) if detector else None
    status, verdict = _judge(told)
    return told | {"status": status, "verdict": f"{path.name}: {verdict}"}


def lines_of(told: dict) -> list[str]:
    """What examine found as lines to read: the verdict, what was not read, the detector's opinion."""
    lines = [told["verdict"]]
    if told["xmp_unread"]:
        lines.append(f"  its XMP could not be read: {told['xmp_unread']}")
    stated = _stated_mark(told)
    named = f", though the statement names {stated}" if stated else ""
    if told["mark"] is None:
        lines.append(
            f"  the invisible mark was not looked for{named}: this folder has no key of a mark, "
            "and only the key of the folder that made a result finds it"
        )
    elif "unread" in told["mark"]:
        lines.append(f"  the invisible mark could not be looked for: {told['mark']['unread']}")
    elif stated and not told["mark"]["marked"]:
        lines.append(
            f"  no mark of this folder's key was found{named}: "
            "it was made with another key, or the mark is lost"
        )
    if told["detector"]:
        lines.append(
            f"  the detector's opinion, which does not affect the verdict: {told['detector']['summary']}"
        )
    return lines


def _opinion(path: Path, detector: Callable[[str | Path], dict | None]) -> dict | None:
    """The detector's opinion; a detector that cannot be read has none, and changes nothing else."""
    try:
        return detector(path)
    except InputError as error:
        return {"verdict": "undecided", "summary": f"none ({one_line(error)})"}


def _judge(told: dict) -> tuple[int, str]:
    """(status, words) of what was found."""
    manifest, xmp = told["manifest"], told["xmp"]
    synthetic = xmp in (COMPOSITE, GENERATED)
    if "unread" in (manifest or {}):
        return BROKEN, f"signature cannot be checked: its manifest {manifest['unread']}"
    if told["signature"] == "broken":
        return BROKEN, f"signature broken ({manifest['reason']}): changed after signing, or of another file"
    marked = told["mark"] and told["mark"]["marked"]
    if marked:
        chance = told["mark"]["probability"]
        payload = told["mark"]["payload"] or "(payload not readable)"
        found = f"marked {payload} by this folder's key (probability by chance {chance:.0e})"
    if told["signature"] == "absent" and marked:
        return SILENT, f"{found}: synthetic; its signed statement was removed"
    if told["signature"] == "absent":
        if synthetic:
            return SILENT, f"unsigned: its XMP says {xmp}, which anybody can write; no signature"
        return SILENT, "no statement of origin found, which says nothing about whether it is real"
    sources = [source for source in manifest["sources"] if source]
    said = f"signed by {manifest['signer']}" + (f" as {sources[0]}" if sources else "")
    if xmp and sources and xmp not in sources:
        return BROKEN, f"{said}, but its XMP says {xmp}"
    stated = _stated_mark(told)
    if marked and stated and told["mark"]["payload"] not in (None, stated):
        return BROKEN, f"{said}, but its frames are {found}, and the statement names {stated}"
    if marked:
        said += f", {found}"
    if told["signature"] == "untrusted":
        return STATED, f"{said}; unchanged since, but by nobody who is known here (signer untrusted)"
    return STATED, f"{said}; unchanged, signer trusted"


def _stated_mark(told: dict) -> str | None:
    """The payload of a mark that the statement names, in hex; anybody may have written the statement."""
    stated = ((told["manifest"] or {}).get("inputs") or {}).get("mark")
    return stated if isinstance(stated, str) and re.fullmatch("[0-9a-f]{8}", stated) else None


def _xmp(path: Path, found: list[tuple[bytes, bytes, int, int]]) -> tuple[str | None, str | None]:
    """(what the XMP states, why it cannot be read): who appends such XMP hides neither manifest nor mark."""
    try:
        return read_xmp(path, found), None
    except InputError as error:
        return None, one_line(error)


def _mark(path: Path, key: bytes, payloads: Sequence[int], signature: str) -> dict:
    """The mark as examine tells it; of a broken file also why it could not be looked for, as "unread"."""
    try:
        found = find_mark(path, key, payloads)
    except InputError as error:
        if signature != "broken":
            raise
        # one changed byte may stop the decoder too; what the signature says of it is the verdict
        return {"marked": False, "payload": None, "probability": 1.0, "unread": one_line(error)}
    # a few wrong bits would name another result
    payload = f"{found.payload:08x}" if found.marked and found.margin >= LEAD else None
    return {"marked": found.marked, "payload": payload, "probability": found.probability}


def _bounded(path: Path, anchors: bytes | None, size: int) -> dict:
    """read_manifest in a process of limited memory and time: the file may be anybody's."""
    if size > MAX_MANIFEST:
        return {"signature": "broken", "unread": f"has {size} bytes, more than {MAX_MANIFEST}"}
    # of what is on the disk: the holes of a sparse file may be longer than any
    patience = PATIENCE + path.stat().st_blocks * 512 // RATE
    try:
        ended = subprocess.run(
            [sys.executable, "-c", READER, str(path.resolve())],
            input=anchors or b"",
            capture_output=True,
            timeout=patience,
            cwd=Path(__file__).parents[2],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
        if ended.returncode == 0:
            return json.loads(ended.stdout)
    except subprocess.TimeoutExpired:
        pass
    return {"signature": "broken", "unread": f"takes more than {patience} s or 2 GiB to read"}
