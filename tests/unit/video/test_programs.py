"""Which ffmpeg runs: the system's where it will do, else the packaged one, and a line says so."""

import re
import shlex
import sys

import pytest

from clips import numbered, one_line
from dancenow.errors import InputError
from dancenow.video import media, programs
from running import ROOT

ANSWERS = {
    "-version": "{name} version {version} Copyright (c) 2000-2026 the FFmpeg developers",
    "-encoders": "Encoders:\n V..... = Video\n ------\n{encoders}",
    "-filters": "Filters:\n  T.. = Timeline support\n{filters}",
}
LIKE = {"encoders": " V....D {} about it", "filters": " ..C {}  V->V  about it"}


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Puts an ffmpeg and an ffprobe on the PATH, alone there, that answer as told and do nothing else."""

    def put(version="5.1.9-0+deb12u1", without=(), probe_version=None):
        told = {
            kind: "\n".join(LIKE[kind].format(name) for name in sorted(wanted - {*without}))
            for kind, wanted in programs.NEEDED.items()
        }
        for name, its_version in (("ffmpeg", version), ("ffprobe", probe_version or version)):
            lines = ["#!/bin/sh", 'case "$*" in']
            for question, answer in ANSWERS.items():
                text = answer.format(name=name, version=its_version, **told)
                lines.append(f"*{question}) echo {shlex.quote(text)};;")
            script = tmp_path / name
            script.write_text("\n".join([*lines, "*) exit 1;;", "esac\n"]))
            script.chmod(0o755)
        return tmp_path / "ffmpeg", tmp_path / "ffprobe"

    programs._lacks.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    yield put
    programs._lacks.cache_clear()


def chosen():
    return media.ffmpeg_binary(), media.ffprobe_binary()


@pytest.mark.parametrize("version", ["5.1.9-0+deb12u1", "n7.1", "10.0", "N-118448-g43be8d0728-20250128"])
def test_the_systems_programs_are_taken_where_they_will_do(system, caplog, version):
    caplog.set_level("INFO")
    put = tuple(map(str, system(version)))
    assert chosen() == put
    assert not caplog.records


@pytest.mark.parametrize(
    "what, lack",
    [
        ({"version": "4.2.7-0ubuntu0.1"}, "ffmpeg: version 4.2 is older than 5.1"),
        ({"version": "n5.0.1"}, "ffmpeg: version 5.0 is older than 5.1"),
        ({"probe_version": "4.4.2"}, "ffprobe: version 4.4 is older than 5.1"),
        ({"without": ["libx264"]}, "ffmpeg: lacks the encoders libx264"),
        ({"without": ["libx264", "libx264rgb"]}, "ffmpeg: lacks the encoders libx264, libx264rgb"),
        ({"without": ["zscale"]}, "ffmpeg: lacks the filters zscale"),
    ],
)
def test_else_the_packaged_ones_are_and_one_line_says_why(system, tmp_path, caplog, what, lack):
    caplog.set_level("INFO")
    system(**what)
    assert not {str(tmp_path / "ffmpeg"), str(tmp_path / "ffprobe")} & {*chosen()}
    # and they do the whole work
    assert media.encode(tmp_path / "film.mp4", numbered(5), "25", 96, 64) == 5
    assert media.probe(tmp_path / "film.mp4")["frames"] == 5
    told = [line for line in caplog.messages if "packaged" in line]
    assert told == [f"{tmp_path}/{lack}; the packaged ffmpeg is used if it is installed"]


def test_programs_that_do_not_start_or_stand_alone_will_not_do(system, tmp_path, caplog):
    caplog.set_level("INFO")
    ffmpeg, ffprobe = system()
    ffprobe.write_text("#!/bin/sh\necho error while loading shared libraries >&2\nexit 127\n")
    assert not {str(ffmpeg), str(ffprobe)} & {*chosen()}
    assert "ffprobe: it does not start" in caplog.text and "exit status 127" in caplog.text
    ffprobe.unlink()
    assert str(ffmpeg) not in chosen()
    assert "ffmpeg: found, but no ffprobe on the PATH" in caplog.text
    system()[0].write_bytes(b"\x7fELF of another machine")
    programs._lacks.cache_clear()
    assert str(ffmpeg) not in chosen()
    assert "ffmpeg: it does not start ([Errno 8] Exec format error" in caplog.text


def test_where_nothing_else_is_the_lack_is_an_error_with_the_remedy(system, monkeypatch):
    system("4.2.7")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(InputError) as error:
        media.probe(__file__)
    one_line(error, "version 4.2 is older than 5.1", "install ffmpeg 5.1", "pip install imageio-ffmpeg")


def test_every_filter_of_the_library_is_asked_for():
    texts = [path.read_text() for path in (ROOT / "workflow_scripts").rglob("*.py")]
    used = {name for text in texts for name in re.findall(r'\.filter\(\s*"(\w+)"', text)}
    assert {"scale", "zscale"} <= used <= programs.NEEDED["filters"]


def test_the_question_is_put_once(system):
    ffmpeg, _ = system()
    chosen()
    ffmpeg.write_text("#!/bin/sh\nexit 1\n")
    ffmpeg.chmod(0o755)
    assert chosen()[0] == str(ffmpeg)
