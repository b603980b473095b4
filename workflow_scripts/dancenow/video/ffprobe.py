"""What ffprobe says of a file: its header, its packets and its frames, in order and in constant memory."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dancenow.errors import InputError, bring_back
from dancenow.video.programs import (
    Stalled,
    address,
    ffprobe_binary,
    lines,
    running,
    safe_input,
)
from dancenow.video.stand_ins import stands_in

HEADER = (
    "format=format_name,duration:program=program_id:program_stream=index:stream=index,codec_type,codec_name,codec_tag_string,width,height,pix_fmt,sample_aspect_ratio,"
    "color_range,color_space,color_transfer,field_order,time_base,r_frame_rate,avg_frame_rate,start_time,duration,"
    "sample_rate,channels:stream_side_data=side_data_type,type,displaymatrix,dv_profile:"
    "frame=stream_index,interlaced_frame:frame_side_data=displaymatrix:"
    "stream_disposition=default,attached_pic,timed_thumbnails,still_image,comment,hearing_impaired,"
    "visual_impaired,descriptions"
)

# Orders in which the two fields of a frame are stored and shown.
INTERLACED = {"tt", "bb", "tb", "bt"}
# The ratio of a pixel's width to its height where nothing else is said.
SQUARE = {"1:1", "0:1", "N/A"}
# Packets that hold the first frame of the picture, where H.264 and HEVC may state the rotation.
FIRST_PACKETS = 20
# Headers of clips are far smaller.
MAX_HEADER = 1 << 22


def packets(path: str | Path, stream: int | str, entries: str) -> Iterator[dict[str, str]]:
    """The packets of one stream of a file, in file order, as {entry: text}; absent entries are "N/A".

    entries: ffprobe's names, separated by commas. Memory does not grow with the packets.
    """
    return _rows(path, stream, f"packet={entries}")


def first_change(path: str | Path, stream: int | str, among: str = "default") -> str | None:
    """Where and how the picture of a track changes its size, format or shape of pixels, in words; else None.

    among: the frames that are decoded, as ffmpeg's skip_frame takes them; "nokey" for key frames alone.
    """
    kept = None
    frames = _rows(path, stream, "frame=width,height,pix_fmt,sample_aspect_ratio", skip_frame=among)
    for number, frame in enumerate(frames):
        aspect = frame.get("sample_aspect_ratio", "N/A")
        pixels = "" if aspect in SQUARE else f", pixels {aspect}"
        shape = "{width}x{height} px ({pix_fmt}{pixels})".format_map(frame | {"pixels": pixels})
        kept = kept or shape
        if shape != kept:
            return f"changes from {kept} to {shape} at frame {number}"
    return None


def _rows(path: str | Path, stream: int | str, entries: str, **options: Any) -> Iterator[dict[str, str]]:
    options = {"select_streams": stream, "show_entries": entries} | options
    for line in _run(path, of="compact=print_section=0", **options):
        yield dict(entry.partition("=")[::2] for entry in line.split("|"))


def count_packets(path: str | Path, mp4: bool = False) -> dict[str, int]:
    """Number of packets of each kind of stream in a film, {"video": 300, "audio": 563}.

    mp4: whether it is one, for a file of another name.

    The file is read to its end. Raises InputError when it is cut short: when a packet is, or when there are
    more or fewer than its header says.
    """
    # An edit list would hide existing packets.
    options: dict[str, Any] = {"ignore_editlist": 1} if mp4 or Path(path).suffix == ".mp4" else {}
    entries = "stream=codec_type,nb_frames,nb_read_packets"
    report = _run(
        path, "-count_packets", fflags="+discardcorrupt", of="json", show_entries=entries, **options
    )
    counts = {}
    for stream in json.loads("\n".join(report))["streams"]:
        kind, there = stream["codec_type"], int(stream.get("nb_read_packets", 0))
        indexed = int(stream.get("nb_frames", there))
        if there != indexed:
            raise InputError(f"{path}: cut short, {there} of {indexed} packets of {kind} are there")
        counts[kind] = there
    return counts


def all_there(path: str | Path) -> bool:
    """Whether an mp4 holds every packet of its index: one cut between key frames holds fewer."""
    try:
        count_packets(path, mp4=True)
    except InputError:
        return False
    return True


def read_header(path: str | Path) -> dict:
    """The file's format and streams from ffprobe: {format, streams}.

    What only the first frame states is added to its stream: a rotation, and whether it is `interlaced`; and
    `programs`, the numbers of those that it belongs to where several channels of television are recorded.
    InputError if it is no header of a clip.
    """
    report, size = [], 0
    wanted = {"read_intervals": f"%+#{FIRST_PACKETS}", "show_entries": HEADER}
    for line in _run(path, of="json", **wanted):
        size += len(line)
        if size > MAX_HEADER:
            raise InputError(f"{path}: its header is not that of a clip; re-encode the clip")
        report.append(line)
    header = json.loads("\n".join(report))
    frames = header.pop("frames", [])
    programs = [
        {stream["index"] for stream in program.get("streams", [])} for program in header.pop("programs", [])
    ]
    for stream in header["streams"]:
        stream["programs"] = {number for number, held in enumerate(programs) if stream["index"] in held}
        first = next((frame for frame in frames if frame.get("stream_index") == stream["index"]), {})
        told, own = first.get("side_data_list", []), stream.get("side_data_list", [])
        stream["turned_by_frames"] = "displaymatrix" in str(told) and "displaymatrix" not in str(own)
        stream["side_data_list"] = told + own
        order = stream.get("field_order", "unknown")
        stream["interlaced"] = order in INTERLACED or (
            order == "unknown" and first.get("interlaced_frame") == 1
        )
    return header


def _run(path: str | Path, *flags: str, **options: Any) -> Iterator[str]:
    """Yield the lines that ffprobe writes about the file `path`."""
    options = {"v": "error"} | safe_input(path) | options
    words = [*flags, *(word for name, value in options.items() for word in (f"-{name}", str(value)))]
    with running([ffprobe_binary(), *words, address(path)], stdout=subprocess.PIPE) as (process, reason):
        try:
            yield from lines(process.stdout)
        except Stalled as stalled:
            raise InputError(f"{path}: cannot be read, {stalled}; copy the clip to a local disk") from None
        if process.wait():
            raise InputError(_refusal(path, reason()))


def _refusal(path: str | Path, reason: str) -> str:
    with open(path, "rb") as clip:
        begin = clip.read(8)
    if "moov atom not found" in reason and begin[4:8] == b"ftyp":
        return f"{path}: cut short ({reason}); {bring_back(path, 'copy the whole clip again')}"
    if "max pixel count" in reason:
        return f"{path}: its picture has more pixels than 8192x8192; re-encode it smaller"
    if told := stands_in(path):
        what, remedy = told
        return f"{path}: {what}; {bring_back(path, remedy)}"
    if "not on whitelist" in reason:
        reason = "its format is not supported"
    remedy = bring_back(path, "give a clip such as an mp4")
    return f"{path}: not a video ({reason or 'unknown format'}); {remedy}"
