"""Files made to do harm: they read nothing else, call nobody, and take no memory or time without end."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from clips import ffmpeg, film, numbered, numbers, one_line, read, sounding_clip
from dancenow.errors import InputError
from dancenow.video import media, programs


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    """A folder with a clip that nobody asked for, in two containers."""
    folder = tmp_path_factory.mktemp("folder")
    clip = sounding_clip(folder).rename(folder / "secret.mp4")
    ffmpeg("-i", clip, "-c copy", folder / "secret.ts")
    return clip


@pytest.fixture
def listener():
    """(port, list of what connected): whoever calls gets an empty answer."""
    called = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                called.append(connection)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], called
        server.shutdown(socket.SHUT_RDWR)


def playlist(*entries):
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n"
    return head + "".join(f"#EXTINF:1.2,\n{entry}\n" for entry in entries) + "#EXT-X-ENDLIST\n"


def scripts(folder, port):
    """name -> text of files that make ffmpeg open what they name."""
    address = f"http://127.0.0.1:{port}/secret.ts"
    manifest = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="0" '
        f'bandwidth="1"><BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    )
    session = f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
    return {
        "concat": "ffconcat version 1.0\nfile secret.mp4\n",
        "concat of an absolute path": f"ffconcat version 1.0\nfile {folder / 'secret.mp4'}\n",
        "playlist of a file": playlist("secret.ts"),
        "playlist of an address": playlist(address),
        "manifest": manifest,
        "session": session + "a=rtpmap:96 H264/90000\n",
    }


KINDS = list(scripts(Path(), 0))


@pytest.mark.parametrize("suffix", ["mp4", "m3u8", "mpd", "sdp"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_script_dressed_as_a_clip_opens_nothing(kind, suffix, secret, listener, monkeypatch):
    port, called = listener
    path = secret.with_name(f"clip.{suffix}")
    path.write_text(scripts(secret.parent, port)[kind])
    facts = media.probe(secret)
    with pytest.raises(InputError) as error:
        media.probe(path)
    one_line(error, path.name, "not a video")
    with pytest.raises(InputError) as error:  # as when the file is exchanged after it was probed
        list(media.decode(path, facts, 96, 64))
    one_line(error, path.name)
    with pytest.raises(InputError) as error:
        media.mux(secret, path, facts, secret.with_name("out.mp4"))
    one_line(error, path.name)
    assert not secret.with_name("out.mp4").exists()
    assert called == []


def test_the_same_scripts_do_open_files_and_connections_without_these_guards(secret, listener):
    """Or the test above could not fail."""
    port, called = listener
    texts = scripts(secret.parent, port)
    for kind, suffix in (("concat", "mp4"), ("playlist of an address", "m3u8")):
        path = secret.with_name(f"unguarded.{suffix}")
        path.write_text(texts[kind])
        command = [media.ffprobe_binary(), "-v", "error", "-show_streams", str(path)]
        if kind != "concat":
            command[1:1] = ["-protocol_whitelist", "file,http,tcp"]
        shown = subprocess.run(command, capture_output=True, timeout=60).stdout
        assert b"h264" in shown or called, kind
    assert called


def test_a_message_about_a_name_with_a_line_break_is_one_line(tmp_path):
    with pytest.raises(InputError) as error:
        media.probe(tmp_path / "no\nsuch.mp4")
    one_line(error, r"no\nsuch.mp4", "no such file")


# --- memory


def test_a_program_works_within_the_limit(monkeypatch):
    monkeypatch.setattr(programs, "PROGRAM_MEMORY", 256 << 20)
    script = "input(); print(len(bytearray(100 << 20)), flush=True); bytearray(400 << 20)"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with programs.running([sys.executable, "-c", script], **pipes) as (process, reason):
        process.stdin.write(b"\n")
        process.stdin.close()
        assert list(programs.lines(process.stdout)) == [str(100 << 20)]
        assert process.wait() == 1 and reason() == "MemoryError"


def test_4k_is_decoded_within_the_limit(tmp_path):
    path = tmp_path / "4k.mp4"
    ffmpeg("-f lavfi -i testsrc2=s=3840x2160:r=30:d=0.14 -c:v libx264 -preset ultrafast -bf 3", path)
    assert len(list(media.decode(path, media.probe(path), 128, 64))) == 5


def test_a_decoder_out_of_memory_is_an_error_of_one_line(tmp_path, monkeypatch):
    path = film(tmp_path / "large.mp4", np.zeros((3, 1080, 1920, 3), np.uint8))
    facts = media.probe(path)
    monkeypatch.setattr(programs, "PROGRAM_MEMORY", 24 << 20)
    with pytest.raises(InputError) as error:
        list(media.decode(path, facts, 128, 64))
    one_line(error, "large.mp4")


def test_what_a_user_sets_for_their_own_ffmpeg_changes_no_message(tmp_path, monkeypatch):
    clip = tmp_path / "cut.mp4"
    clip.write_bytes(film(tmp_path / "whole.mp4", numbered(10)).read_bytes()[:1500])
    told = []
    for variables in ({}, {"AV_LOG_FORCE_COLOR": "1", "FFREPORT": "level=32"}):
        folder = tmp_path / str(len(told))
        folder.mkdir()
        monkeypatch.chdir(folder)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(InputError) as error:
            media.probe(clip)
        told.append(one_line(error))
        assert not list(folder.iterdir())
    assert told[0] == told[1]


def test_a_picture_that_is_said_to_be_huge_is_refused(tmp_path):
    path = tmp_path / "huge.y4m"
    path.write_bytes(b"YUV4MPEG2 W60000 H60000 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(5000))
    with pytest.raises(InputError) as error:
        read(path)
    one_line(error, "huge.y4m")


def test_a_picture_of_more_pixels_than_are_decoded_is_refused(tmp_path, monkeypatch):
    path = film(tmp_path / "large.mp4", numbered(3))
    facts = media.probe(path)
    monkeypatch.setattr(programs, "MAX_PIXELS", 95 * 64)
    for act in (lambda: media.probe(path), lambda: list(media.decode(path, facts, 96, 64))):
        with pytest.raises(InputError) as error:
            act()
        one_line(error, "large.mp4", "re-encode")


def test_what_is_kept_does_not_grow_with_the_clip(tmp_path, monkeypatch):
    """Neither ffmpeg's memory nor ours, for eight times the frames."""
    started = []

    class Spy(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    def peak(seconds):
        path = tmp_path / f"{seconds}.mp4"
        ffmpeg(f"-f lavfi -i testsrc2=s=192x128:r=50:d={seconds} -preset ultrafast -bf 2", path)
        facts = media.probe(path)
        monkeypatch.setattr(subprocess, "Popen", Spy)
        highest = 0
        for _ in media.decode(path, facts, 192, 128):
            status = Path(f"/proc/{started[-1].pid}/status").read_text()
            if "VmHWM" in status:
                highest = max(highest, int(status.split("VmHWM:")[1].split()[0]))
        monkeypatch.undo()
        return highest

    assert peak(16) < 1.15 * peak(2)


def test_what_is_kept_does_not_grow_with_the_cores(tmp_path, monkeypatch):
    """Every thread that decodes keeps frames."""
    clip = tmp_path / "clip.mp4"
    ffmpeg("-f lavfi -i testsrc2=s=96x64:r=50:d=4 -preset ultrafast", clip)
    facts, cores = media.probe(clip), os.sched_getaffinity(0)
    started = []

    class Spy(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    def threads(count):
        os.sched_setaffinity(0, sorted(cores)[:count])
        frames = media.decode(clip, facts, 768, 512)
        next(frames)  # most are still to come
        status = Path(f"/proc/{started[-1].pid}/status").read_text()
        return int(status.split("Threads:")[1].split()[0])

    monkeypatch.setattr(subprocess, "Popen", Spy)
    try:
        assert threads(1) == threads(len(cores))
    finally:
        os.sched_setaffinity(0, cores)


# --- time


def test_a_program_that_hangs_is_ended_and_named(tmp_path, monkeypatch):
    clip = sounding_clip(tmp_path)
    facts = media.probe(clip)
    monkeypatch.setattr(programs, "STALL_SECONDS", 0.3)
    script = tmp_path / "hangs"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setattr(programs, "ffmpeg_binary", lambda: str(script))
    begun = time.monotonic()
    for act in (lambda: media.probe(clip), lambda: list(media.decode(clip, facts, 96, 64))):
        with pytest.raises(InputError) as error:
            act()
        one_line(error, "clip.mp4", "no data for 0.3 s", "copy the clip")
    monkeypatch.setattr(media, "probe", lambda path: {"duration": 0.1})
    monkeypatch.setattr("dancenow.video.sound.MUX_SECONDS", 0.2)
    with pytest.raises(InputError) as error:
        media.mux(clip, clip, facts, tmp_path / "out.mp4")
    one_line(error, "clip.mp4", "could not be read within")
    assert time.monotonic() - begun < 30  # half of what it would sleep
    assert not (tmp_path / "out.mp4").exists()


def test_a_time_stamp_gone_astray_does_not_fill_the_disk(tmp_path):
    path = film(
        tmp_path / "astray.mkv", numbered(10), "-vf setpts=PTS+gte(N\\,5)*1e6/TB -fps_mode passthrough"
    )
    with pytest.raises(InputError) as error:
        media.probe(path)
    one_line(error, "astray.mkv", "too many", "start and end")
    part = media.probe(path, end=0.2)
    assert part["frames"] == 5
    assert numbers(media.decode(path, part, 96, 64)) == [0, 1, 2, 3, 4]
