"""Convert a Markdown page of the workflow to self-contained HTML."""

import base64
import mimetypes
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import cv2
import markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from dancenow.errors import InputError
from dancenow.pages.frame import write_page
from dancenow.pictures import read_png

TEMPLATE = Path(__file__).with_name("publishing.html")
MOST_BYTES = 1_000_000  # of a picture; a larger one, which shows photographs, is put in as JPEG


def publish(markdown_path: str | Path, page_path: str | Path) -> None:
    """Write a Markdown page as HTML with its pictures inside, and the videos it links to as players.

    The files that it names lie beside it; links to anything else than videos lose their address, for the page
    has nothing around it. HTML in the Markdown is shown as text. InputError names a file that is missing.
    """
    source = Path(markdown_path)
    converter = markdown.Markdown(extensions=["tables", _Embedding(source)])
    # names and messages may come from a user
    converter.preprocessors.deregister("html_block")
    converter.inlinePatterns.deregister("html")
    body = converter.convert(source.read_text(encoding="utf-8"))
    write_page(TEMPLATE, page_path, title=source.stem, body=body)


class _Embedding(Extension):
    """Embeds the files that a page refers to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.page = page

    def extendMarkdown(self, md: markdown.Markdown) -> None:
        md.treeprocessors.register(_Embedder(md, self.page), "embedding", 5)


class _Embedder(Treeprocessor):
    def __init__(self, md: markdown.Markdown, page: Path) -> None:
        super().__init__(md)
        self.page = page

    def run(self, root: ElementTree.Element) -> None:
        for picture in root.iter("img"):
            picture.set("src", self._inside(picture.get("src", "")))
        for block in list(root):
            for place, video in enumerate(self._videos(block), list(root).index(block) + 1):
                root.insert(place, video)

    def _videos(self, block: ElementTree.Element) -> list[ElementTree.Element]:
        """Players of the videos that a block links to; its other links become plain words."""
        videos = []
        for link in block.iter("a"):
            address = link.attrib.pop("href", "")
            link.tag = "span"
            if address.endswith(".mp4"):
                videos.append(
                    ElementTree.Element("video", {"src": self._inside(address), "controls": "controls"})
                )
        return videos

    def _inside(self, address: str) -> str:
        """The data URI of a file beside the page."""
        path = self.page.parent / unquote(address)
        kind, _ = mimetypes.guess_type(path.name)
        try:
            data = path.read_bytes()
            if kind == "image/png" and len(data) > MOST_BYTES:
                kind, data = "image/jpeg", cv2.imencode(".jpg", read_png(path)[..., ::-1])[1].tobytes()
        except OSError as error:
            raise InputError(
                f"{self.page}: refers to {address}, which cannot be read ({error.strerror}); delete the page "
                "to make both again"
            ) from None
        return f"data:{kind};base64,{base64.b64encode(data).decode()}"
