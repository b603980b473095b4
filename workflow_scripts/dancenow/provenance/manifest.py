"""The C2PA manifest of a result: signed into an mp4, and read out of one."""

import hashlib
import json
import logging
import shutil
import tempfile
from pathlib import Path

import c2pa

from dancenow.errors import InputError, one_line
from dancenow.files import sha256
from dancenow.provenance.xmp import C2PA_BOX, COMPOSITE, GENERATED, TYPES, append_xmp, boxes

log = logging.getLogger(__name__)

INPUTS = "org.dancenow.inputs"
MP4 = "video/mp4"
LONGEST_TEXT = 200  # letters of a signer's name or a source
# the kinds of clip whose own manifest c2pa can read, by suffix
CLIP_TYPES = {".mp4": MP4, ".mov": "video/quicktime", ".m4v": "video/x-m4v", ".avi": "video/avi"}
# bytes of the clips' manifests: the result's own, which holds them, must stay one that verdict.py reads
MAX_KEPT = 8 << 20
# nothing is fetched, whatever a file requests: neither a manifest nor the status of a certificate
OFFLINE = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}


def sha256_of(value: object) -> str:
    """Hexadecimal SHA-256 of a value as JSON with sorted keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def inputs_of(
    files: dict[str, str | Path | None], config: dict, consent: dict, code: str, mark: int | None = None
) -> dict:
    """The content of the assertion INPUTS: hashes of files, configuration and code, and the consent.

    files: {what: path, or nothing where the pair has none}; config: the whole configuration; consent: as of
    planning.consent.consent_record, by role; code: as of planning.reruns.code_hash;
    mark: the payload of the frames' mark, or None where they have none.
    """
    hashes = {what: sha256(path) for what, path in files.items() if path}
    told = {"config": sha256_of(config), "consent": consent, "code": code}
    return hashes | told | ({} if mark is None else {"mark": f"{mark:08x}"})


def sign(
    path: str | Path,
    title: str,
    signer: tuple[bytes, bytes, str],
    background: bool,
    clips: dict[str, list[str | Path]],
    inputs: dict,
) -> None:
    """Give the mp4 `path` XMP and a signed manifest, in place; its coded pictures and sound stay as they are.

    title: the name it will have; signer: as of keys.signing_key; background: whether filmed pixels stand
    behind the figure, which decides the DigitalSourceType; clips: {role: [path, ...]}, the ingredients,
    whose own manifests are kept; inputs: as of inputs_of. A clip that is not at hand is
    stated so; of one whose manifest cannot be read only the hash is stated, and the log says so. InputError
    when it cannot be signed.
    """
    kind = COMPOSITE if background else GENERATED
    named = [(role, Path(clip)) for role, of_role in clips.items() for clip in of_role]
    chain, key, algorithm = signer
    append_xmp(path, kind)
    # a file without a name, so that a killed job leaves nothing
    with tempfile.TemporaryFile(dir=Path(path).parent) as signed:
        try:
            with (
                c2pa.Context(c2pa.Settings.from_dict(OFFLINE)) as context,
                c2pa.Builder(_claim(title, kind, named, inputs), context=context) as builder,
                c2pa.Signer.from_info(c2pa.C2paSignerInfo(algorithm.encode(), chain, key, None)) as by,
                open(path, "rb") as unsigned,
            ):
                room = MAX_KEPT
                for role, clip in named:
                    room -= _add(builder, role, clip, room)
                builder.sign(by, MP4, unsigned, signed)
        except c2pa.C2paError as error:
            raise InputError(
                f"{title}: cannot be signed ({one_line(error)}); "
                "check that provenance.certificate meets C2PA's certificate profile"
            ) from error
        signed.seek(0)
        with open(path, "wb") as file:
            shutil.copyfileobj(signed, file, 1 << 20)


def _claim(title: str, kind: str, named: list[tuple[str, Path]], inputs: dict) -> dict:
    """The manifest as C2PA's builder takes it, without the ingredients' own manifests."""
    hashes = [
        {"role": role, "sha256": sha256(clip) if clip.is_file() else "not available when signed"}
        for role, clip in named
    ]
    software = {"name": "dancenow", "version": inputs["code"][:12]}
    action = {"action": "c2pa.created", "digitalSourceType": TYPES + kind, "softwareAgent": software}
    return {
        "claim_generator_info": [software],
        "title": title,
        "format": MP4,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [action]}},
            {"label": INPUTS, "data": inputs | {"clips": hashes}},
        ],
    }


def _add(builder: c2pa.Builder, role: str, clip: Path, room: int) -> int:
    """An ingredient with its manifest, whose size is returned (bytes, `room` at most).

    Of a clip that c2pa cannot read, only the assertion states the hash.
    """
    if not clip.is_file() or clip.suffix.lower() not in CLIP_TYPES:
        log.info("%s: only its hash is stated", clip.name)
        return 0
    size = sum(size for _, number, _, size in boxes(clip) if number == C2PA_BOX)
    if size > room:
        log.warning("%s: its manifest of %d bytes is too large to keep; only its hash is stated", clip, size)
        return 0
    stated = {"title": f"{role} clip", "relationship": "inputTo"}
    try:
        with open(clip, "rb") as file:
            builder.add_ingredient(stated, CLIP_TYPES[clip.suffix.lower()], file)
    except c2pa.C2paError as error:
        # footage that ffmpeg reads, though its suffix or its manifest is wrong
        log.warning("%s: C2PA cannot read it (%s); only its hash is stated", clip, one_line(error))
    return size


def _short(told: str | None) -> str | None:
    """The start of a text that fills no page."""
    return told[:LONGEST_TEXT] if told else told


def read_manifest(path: str | Path, anchors: bytes | None = None) -> dict:
    """The content of an mp4's manifest: {"signature", "reason", "signer", "sources", "actions", "inputs"}.

    signature: "valid" (the signer is trusted), "untrusted" (unchanged, but nobody here knows the signer) or
    "broken"; reason: of the latter, C2PA's code and words; anchors: certificates (PEM) that are trusted.
    """
    settings = OFFLINE | ({"trust": {"trust_anchors": anchors.decode()}} if anchors else {})
    try:
        with (
            c2pa.Context(c2pa.Settings.from_dict(settings)) as context,
            open(path, "rb") as file,
            c2pa.Reader(MP4, file, context=context) as reader,
        ):
            state, store = reader.get_validation_state(), json.loads(reader.json())
    except (c2pa.C2paError, ValueError) as error:
        return {"signature": "broken", "reason": one_line(error)}
    manifest = store["manifests"].get(store.get("active_manifest"), {})
    held = {entry["label"]: entry.get("data", {}) for entry in manifest.get("assertions", [])}
    actions = held.get("c2pa.actions.v2", {}).get("actions", [])
    inputs = held.get(INPUTS)
    told = {
        "signature": {"Trusted": "valid", "Valid": "untrusted"}.get(state, "broken"),
        "reason": None,
        "signer": _short(manifest.get("signature_info", {}).get("common_name")),
        "actions": [_short(action.get("action")) for action in actions],
        "sources": [_short(action.get("digitalSourceType", "").removeprefix(TYPES)) for action in actions],
        # C2PA checks the form of its own assertions, not of this one, which anybody may have written
        "inputs": inputs if isinstance(inputs, dict) else None,
    }
    if told["signature"] == "broken":
        failures = [
            entry
            for entry in store.get("validation_status", [])
            if entry.get("code") != "signingCredential.untrusted"
        ]
        told["reason"] = (
            "; ".join(sorted({str(entry.get("code")) for entry in failures}))[:160] or "not valid"
        )
    return told
