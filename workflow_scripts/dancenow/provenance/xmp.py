"""The XMP box of an mp4: IPTC's DigitalSourceType, which many programs read and nobody signs by itself."""

import struct
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

from dancenow.errors import InputError
from dancenow.video.boxes import walk

# a top-level uuid box: the first number by Adobe's XMP specification, part 3, the second by C2PA's, 2.1
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
# https://cv.iptc.org/newscodes/digitalsourcetype/
TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
COMPOSITE, GENERATED = "compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia"
NAMESPACE = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
FIELD = f"{{{NAMESPACE}}}DigitalSourceType"
# ours have 1 kB and ten boxes, a long film in fragments thousands; a hostile file shall not fill the memory
MAX_XMP, MAX_BOXES = 1 << 20, 100_000

PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{namespace}">'
    "<Iptc4xmpExt:DigitalSourceType>{kind}</Iptc4xmpExt:DigitalSourceType>"
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def append_xmp(path: str | Path, kind: str) -> None:
    """Append the XMP box to the mp4 `path`; kind: COMPOSITE or GENERATED."""
    packet = PACKET.format(namespace=NAMESPACE, kind=TYPES + kind).encode()
    with open(path, "ab") as file:
        file.write(struct.pack(">I4s", 24 + len(packet), b"uuid") + XMP_BOX + packet)


def boxes(path: str | Path) -> list[tuple[bytes, bytes, int, int]]:
    """The top-level boxes of an mp4 or its kin: a list of (type, uuid or b"", start of content, its size).

    Sizes are bytes. Empty for a file of another kind. It ends before a box whose size leads out of the file,
    as players do, and after MAX_BOXES: what somebody appended hides nothing of what stands before it.
    """
    found = []
    with open(path, "rb") as file:
        end = file.seek(0, 2)
        for kind, begin, stop in islice(walk(file, 0, end), MAX_BOXES):
            if not found and kind != b"ftyp":
                return []
            file.seek(begin)
            number = file.read(16) if kind == b"uuid" else b""
            begin += len(number)
            if begin > stop or stop > end:
                break
            found.append((kind, number, begin, stop - begin))
    return found


def read_xmp(path: str | Path, found: list[tuple[bytes, bytes, int, int]]) -> str | None:
    """The DigitalSourceType that a file's XMP states (the last part of its address), or None.

    found: as of boxes. InputError when the packet is too large or is no XML.
    """
    stated = None
    for _, number, start, size in found:
        if number != XMP_BOX:
            continue
        if size > MAX_XMP:
            raise InputError(f"{path}: its XMP has {size} bytes, more than {MAX_XMP}; not read")
        with open(path, "rb") as file:
            file.seek(start)
            packet = file.read(size)
        if b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
            raise InputError(f"{path}: its XMP defines entities, which no XMP needs; not read")
        try:
            tree = ElementTree.fromstring(packet.decode().strip("\ufeff \n\r\t\0"))
        except (ElementTree.ParseError, ValueError) as error:
            raise InputError(f"{path}: its XMP is not XML ({str(error)[:80]}); not read") from error
        values = [node.text or "" for node in tree.iter(FIELD)]
        values += [node.attrib[FIELD] for node in tree.iter() if FIELD in node.attrib]
        stated = values[0].removeprefix(TYPES)[:200] if values else stated
    return stated
