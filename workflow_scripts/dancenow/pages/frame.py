"""The common frame of all pages: one head, one set of colours, nothing loaded from outside."""

from pathlib import Path

import jinja2

from dancenow.files import write_text

FRAME_PAGE = Path(__file__).with_name("frame.html")


def write_page(template: Path, path: str | Path, **content: object) -> None:
    """Fill a template that extends the frame, and write it to `path`.

    template: its path; content: what it names. All is escaped but what the template
    calls safe: names and messages come from the user. A name that is missing is jinja2's UndefinedError.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, FRAME_PAGE.parent], encoding="utf-8"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    html = environment.get_template(template.name).render(frame=FRAME_PAGE.name, **content)
    write_text(path, html)
