"""What a user may hand in by mistake: one line names file and remedy, nothing is half-written or lost."""

import shutil
import subprocess

import pytest

from dancenow.media import ffmpeg_binary
from running import run_snakemake

SUBJECTS = "subjects={alice: {video: clip.mp4}}"


def error_line(completed):
    """The one line a user reads."""
    assert completed.returncode != 0
    lines = [line for line in completed.stderr.splitlines() if line.startswith("error: ")]
    assert lines, completed.stderr
    return lines[0]


def leftovers(directory):
    made = (directory / "results").rglob("*") if (directory / "results").exists() else []
    return [path for path in made if path.is_file()]


def not_a_video(path, data):
    path.write_text("this is a letter, not a video\n" * 50)


def empty(path, data):
    path.touch()


def truncated(path, data):
    whole = (data / "alice.mp4").read_bytes()
    path.write_bytes(whole[: len(whole) // 3])


def sound_only(path, data):
    make(path, "sine=duration=1", "-c:a", "aac")


def make(path, source, *options):
    command = [ffmpeg_binary(), "-v", "error", "-f", "lavfi", "-i", source, *options, str(path)]
    subprocess.run(command, check=True)


@pytest.mark.parametrize("spoil", [not_a_video, empty, truncated, sound_only])
def test_a_clip_that_cannot_be_used_is_refused_by_name(tmp_path, data, spoil):
    spoil(tmp_path / "clip.mp4", data)
    arguments = ("results/poses/alice.npz", "--config", "preset=smoke", SUBJECTS)
    message = error_line(run_snakemake(tmp_path, *arguments))
    assert "clip.mp4" in message and ";" in message  # what is wrong; what to do
    assert not [path for path in leftovers(tmp_path) if "alice" in str(path)]


def test_a_clip_with_nobody_in_it(tmp_path):
    make(tmp_path / "clip.mp4", "testsrc=duration=0.4:size=192x192:rate=25", "-pix_fmt", "yuv420p")
    arguments = ("results/poses/alice.npz", "--config", "preset=smoke", SUBJECTS)
    message = error_line(run_snakemake(tmp_path, *arguments))
    assert "alice" in message and ";" in message
    assert not (tmp_path / "results/poses/alice.people.npz").exists()


def test_earlier_results_survive_a_bad_clip(tmp_path, data):
    shutil.copy(data / "alice_as_brunomars.truth.mp4", tmp_path / "clip.mp4")
    settings = ("--config", "preset=smoke")
    assert run_snakemake(tmp_path, "results/clips/alice.json", *settings, SUBJECTS).returncode == 0
    before = (tmp_path / "results/clips/alice.json").read_bytes()
    not_a_video(tmp_path / "bad.mp4", data)
    both = "subjects={alice: {video: clip.mp4}, bob: {video: bad.mp4}}"
    message = error_line(
        run_snakemake(tmp_path, "results/clips/alice.json", "results/clips/bob.json", *settings, both)
    )
    assert "bad.mp4" in message
    assert (tmp_path / "results/clips/alice.json").read_bytes() == before
