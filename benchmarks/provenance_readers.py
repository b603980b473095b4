"""What independent readers say of a signed result, and what `verify` says of copies that were tampered with.

    python benchmarks/provenance_readers.py RESULT OTHER    in the working folder; both signed; needs exiftool

exiftool (Debian: libimage-exiftool-perl) reads the XMP and c2pa's own reader the manifest, without and with
the folder's authority. Then a line for each: RESULT as it is, a stream copy, one byte changed in the picture
and in the manifest, the manifest of OTHER, and XMP that somebody added.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import c2pa
import ffmpeg

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.provenance.finishing import kept_key, kept_payloads
from dancenow.provenance.keys import authority
from dancenow.provenance.manifest import MP4, OFFLINE
from dancenow.provenance.verdict import examine
from dancenow.provenance.xmp import C2PA_BOX, GENERATED, append_xmp, boxes
from dancenow.video.media import ffmpeg_binary


def independent(path):
    """Print what exiftool and c2pa's reader say."""
    asked = ["exiftool", "-s", "-XMP-iptcExt:DigitalSourceType", path]
    print(f"exiftool: {subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()}")
    anchors = authority()
    for name, trust in (("no authority", None), ("the folder's authority", anchors)):
        settings = OFFLINE | ({"trust": {"trust_anchors": trust.decode()}} if trust else {})
        with (
            c2pa.Context(c2pa.Settings.from_dict(settings)) as context,
            open(path, "rb") as file,
            c2pa.Reader(MP4, file, context=context) as reader,
        ):
            codes = [status["code"] for status in json.loads(reader.json()).get("validation_status", [])]
            print(f"c2pa, {name}: {reader.get_validation_state()} {', '.join(codes)}")


def box(path, kind, number=b""):
    """(start, size) of the content of a file's box."""
    return next((start, size) for k, n, start, size in boxes(path) if (k, n) == (kind, number))


def copies(path, other, folder):
    """Yield (what was done, path of the copy)."""
    held, copy = Path(path).read_bytes(), folder / "copy.mp4"
    yield "as it is", Path(path)
    stream = ffmpeg.input(str(path)).output(str(copy), c="copy").overwrite_output()
    stream.run(cmd=ffmpeg_binary(), quiet=True)
    yield "stream copy", copy
    start, size = box(path, b"mdat")
    manifest, length = box(path, b"uuid", C2PA_BOX)
    for what, place in (
        ("a byte of the picture", start + size // 2),
        ("a byte of the manifest", held.index(b"c2pa.created", manifest)),
    ):
        copy.write_bytes(held[:place] + bytes([held[place] ^ 1]) + held[place + 1 :])
        yield what, copy
    begin, other_length = box(other, b"uuid", C2PA_BOX)
    moved, head = Path(other).read_bytes()[begin : begin + other_length], manifest - 24
    size = (other_length + 24).to_bytes(4, "big")
    copy.write_bytes(held[:head] + size + held[head + 4 : manifest] + moved + held[manifest + length :])
    yield "the manifest of the other", copy
    copy.write_bytes(held)
    append_xmp(copy, GENERATED)
    yield "XMP added", copy


def main():
    path, other = sys.argv[1:]
    independent(path)
    with tempfile.TemporaryDirectory() as folder:
        for what, copy in copies(path, other, Path(folder)):
            told = examine(copy, authority(), kept_key(), payloads=kept_payloads())
            print(f"{what}: status {told['status']}, {told['verdict']}", flush=True)


if __name__ == "__main__":
    main()
