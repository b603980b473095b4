"""Make a page that plays videos in step with their numbers: plain HTML and JavaScript, no server."""

import base64
import os
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

from dancenow.errors import InputError
from dancenow.files import read_json
from dancenow.pages.frame import write_page
from dancenow.pages.gallery.titles import SERIES
from dancenow.video.media import probe

TEMPLATE = Path(__file__).with_name("page.html")
PANELS = "source", "skeleton", "result"


def write_gallery(pairs: Sequence[str], files: Iterable[Sequence[str]], page_path: str | Path) -> None:
    """Write the page of several transfers; it names its videos by their paths relative to its own folder.

    pairs: names, target_as_source and what stands behind it; files: for each of them the paths of its source,
    skeleton and result videos and of the JSON that measure_frames wrote. InputError when the videos of a
    transfer differ in length from its numbers.
    """
    folder = Path(page_path).parent

    def address(path: str | Path) -> str:
        return quote(Path(os.path.relpath(path, folder)).as_posix())

    transfers = [_transfer(pair, paths, address) for pair, paths in zip(pairs, files, strict=True)]
    write_page(TEMPLATE, page_path, transfers=transfers)


def write_player(pair: str, paths: Sequence[str], page_path: str | Path) -> None:
    """Write the page of one transfer with its videos inside; the rest as above."""

    def address(path: str | Path) -> str:
        return "data:video/mp4;base64," + base64.b64encode(Path(path).read_bytes()).decode()

    write_page(TEMPLATE, page_path, transfers=[_transfer(pair, paths, address)])


def _transfer(pair: str, paths: Sequence[str], address: Callable[[str], str]) -> dict:
    """The page's data about a transfer; address: path -> URL."""
    names, *variant = pair.split(".")
    target, source = names.split("_as_")
    *videos, series_path = paths
    numbers = read_json(series_path)
    facts = [probe(path) for path in videos]
    for path, clip in zip(videos, facts, strict=True):
        if clip["frames"] != numbers["frames"]:
            raise InputError(
                f"{path}: {clip['frames']} frames, but {series_path} has {numbers['frames']}; delete the "
                "older file to make it again"
            )
    titles = f"{source}, as filmed", f"{source}'s motion in {target}'s frame", f"{target}, synthesized"
    return {
        "name": pair,
        "title": ", ".join([f"{target} as {source}", *variant]),
        "caption": f"{target} performs the dance of {source}.",
        "frames": numbers["frames"],
        "fps": float(Fraction(numbers["fps"])),
        "panels": [
            {
                "kind": kind,
                "title": title,
                "url": address(path),
                "aspect": round(clip["width"] / clip["height"], 4),
                "sound": kind == "result" and clip["audio"] is not None,
            }
            for kind, title, path, clip in zip(PANELS, titles, videos, facts, strict=True)
        ],
        "series": [dict(SERIES[key], **numbers["series"][key]) for key in SERIES if key in numbers["series"]],
    }
