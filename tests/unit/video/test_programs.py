"""Which ffmpeg runs: the packaged one, else the system's where it will do, and a line says why."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from clips import one_line
from dancenow.errors import InputError
from dancenow.video import media, programs
from running import ROOT

ANSWERS = {
    "-version": "{name} version {version} Copyright (c) 2000-2026 the FFmpeg developers",
    "-encoders": "Encoders:\n V..... = Video\n ------\n{encoders}",
    "-filters": "Filters:\n  T.. = Timeline support\n{filters}",
}
LIKE = {"encoders": " V....D {} about it", "filters": " ..C {}  V->V  about it"}


def answering(folder, version="7.1.1-1+b1", without=(), probe_version=None):
    """Paths of an ffmpeg and an ffprobe that answer as told and do nothing else."""
    told = {
        kind: "\n".join(LIKE[kind].format(name) for name in sorted(wanted - {*without}))
        for kind, wanted in programs.NEEDED.items()
    }
    folder.mkdir(exist_ok=True)
    for name, its_version in (("ffmpeg", version), ("ffprobe", probe_version or version)):
        lines = ["#!/bin/sh", 'case "$*" in']
        for question, answer in ANSWERS.items():
            text = answer.format(name=name, version=its_version, **told)
            lines.append(f"*{question}) echo {shlex.quote(text)};;")
        script = folder / name
        script.write_text("\n".join([*lines, "*) exit 1;;", "esac\n"]))
        script.chmod(0o755)
    return folder / "ffmpeg", folder / "ffprobe"


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Puts such programs on the PATH, alone there, where none are packaged."""
    programs._lacks.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path / "system"))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    yield lambda *how, **so: answering(tmp_path / "system", *how, **so)
    programs._lacks.cache_clear()


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """The paths of packaged programs, which are younger."""
    there = answering(tmp_path / "packaged", "9.0.2")
    monkeypatch.setattr(programs, "_packaged", lambda: tuple(map(str, there)))
    return there


def chosen():
    return Path(media.ffmpeg_binary()), Path(media.ffprobe_binary())


def test_the_packaged_programs_are_taken_whatever_the_system_has(system, packaged, caplog):
    caplog.set_level("INFO")
    system("10.0")
    assert chosen() == packaged
    assert not caplog.records


@pytest.mark.parametrize("version", ["7.1.1-1+deb13u1", "n8.0", "10.0", "N-118448-g43be8d0728-20250128"])
def test_where_none_are_packaged_the_systems_are(system, caplog, version):
    caplog.set_level("INFO")
    assert system(version) == chosen()
    assert not caplog.records


def test_where_the_packaged_ones_do_not_start_the_systems_are_and_one_line_says_why(system, packaged, caplog):
    caplog.set_level("INFO")
    there = system()
    packaged[0].write_bytes(b"\x7fELF of another machine")
    assert chosen() == there
    (line,) = caplog.messages
    assert line.startswith(f"{packaged[0]}: it does not start ([Errno 8] Exec format error")
    assert line.endswith("another ffmpeg is used if there is one")


@pytest.mark.parametrize(
    "what, lack",
    [
        ({"version": "4.2.7-0ubuntu0.1"}, "ffmpeg: version 4.2 is older than 7.1"),
        ({"version": "5.1.9-0+deb12u1"}, "ffmpeg: version 5.1 is older than 7.1"),
        ({"probe_version": "n7.0.2"}, "ffprobe: version 7.0 is older than 7.1"),
        ({"without": ["libx264"]}, "ffmpeg: lacks the encoders libx264"),
        ({"without": ["libx264", "libx264rgb"]}, "ffmpeg: lacks the encoders libx264, libx264rgb"),
        ({"without": ["zscale"]}, "ffmpeg: lacks the filters zscale"),
    ],
)
def test_where_nothing_else_is_a_lack_is_an_error_with_the_remedy(system, tmp_path, what, lack):
    system(**what)
    with pytest.raises(InputError) as error:
        media.probe(__file__)
    one_line(error, f"{tmp_path}/system/{lack}", "install ffmpeg 7.1", "pip install imageio-ffmpeg")


def test_programs_that_do_not_start_or_stand_alone_will_not_do(system):
    _, ffprobe = system()
    ffprobe.write_text("#!/bin/sh\necho error while loading shared libraries >&2\nexit 127\n")
    refused("ffprobe: it does not start", "exit status 127")
    ffprobe.unlink()
    refused("ffmpeg: found, but no ffprobe on the PATH")


def refused(*words):
    with pytest.raises(InputError) as error:
        media.ffmpeg_binary()
    one_line(error, *words)


def test_every_filter_of_the_library_is_asked_for():
    texts = [path.read_text() for path in (ROOT / "workflow_scripts").rglob("*.py")]
    used = {name for text in texts for name in re.findall(r'\.filter\(\s*"(\w+)"', text)}
    assert {"scale", "zscale"} <= used <= programs.NEEDED["filters"]


def test_the_question_is_put_once(system):
    there = system()
    chosen()
    there[0].write_text("#!/bin/sh\nexit 1\n")
    there[0].chmod(0o755)
    assert chosen() == there
