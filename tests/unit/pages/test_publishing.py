"""Markdown pages as HTML that is complete in itself."""

import base64

import pytest

from browser import browser_page
from clips import film, numbered, one_line
from dancenow.errors import InputError
from dancenow.pages.publishing import publish
from dancenow.pictures import write_png

TEXT = """# anna & <script>bad()</script>

| | SSIM |
|---|---|
| result | 0.81 [0.79, 0.83] |

![losses](losses.png)

At every tenth; [as a film](progress.mp4). Numbers: [there](numbers.json).
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "summary.md").write_text(TEXT)
    write_png(tmp_path / "losses.png", numbered(1)[0])
    film(tmp_path / "progress.mp4", numbered(5))
    return tmp_path


def test_pictures_and_videos_are_inside_and_html_is_text(folder):
    publish(folder / "summary.md", folder / "summary.html")
    html = (folder / "summary.html").read_text()
    assert base64.b64encode((folder / "losses.png").read_bytes()).decode() in html
    assert base64.b64encode((folder / "progress.mp4").read_bytes()).decode() in html
    with browser_page(folder / "profile") as page:
        page.open(folder / "summary.html")
        assert page.run("document.querySelector('h1').textContent") == "anna & <script>bad()</script>"
        assert page.run("[...document.querySelectorAll('td')].map(cell => cell.textContent)") == [
            "result",
            "0.81 [0.79, 0.83]",
        ]
        assert page.run("document.querySelector('img').naturalWidth") == 96
        page.until("document.querySelector('video').readyState >= 2")
        assert page.run("document.querySelectorAll('a').length") == 0
        assert "as a film" in page.run("document.body.innerText")
        assert page.console == []
        assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


def test_a_missing_picture_is_named(folder):
    (folder / "losses.png").unlink()
    with pytest.raises(InputError) as error:
        publish(folder / "summary.md", folder / "summary.html")
    one_line(error, "summary.md: refers to losses.png")
    assert not (folder / "summary.html").exists()
