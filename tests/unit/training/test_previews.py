import numpy as np
import pytest
import torch

from dancenow.device import prepare
from dancenow.model.networks import Generator
from dancenow.pictures import read_png, write_png
from dancenow.training.dataset import TrainingFootage
from dancenow.training.loop import preview_steps
from dancenow.training.previews import Previews
from dancenow.video.media import decode, probe
from performers import footage, performer


class Stage:
    """What a Previews looks at of a Trainer."""

    def __init__(self, step):
        torch.manual_seed(step)
        self.average, self.step = Generator(4, 2, 1, background=True), step
        self.device = torch.device("cpu")
        self.autocast = prepare(self.device, 1)


def test_ten_previews_on_the_way():
    assert list(preview_steps(1200)) == list(range(120, 1201, 120))
    assert list(preview_steps(7)) == [1, 2, 3, 4, 5, 6, 7]


def test_strip_shows_every_stage_and_the_real_frames_and_no_older_run(tmp_path):
    pose = performer(12)
    frames = footage(pose)
    previews = Previews(TrainingFootage(frames, pose, frames[0], [(64, 96)], 12), 6, tmp_path / "previews")
    (tmp_path / "previews").mkdir()
    write_png(tmp_path / "previews" / "step-000001.png", np.zeros((30, 50, 3), np.uint8))
    errors = [previews(Stage(step)) for step in (2, 4)]
    previews.write_strip(tmp_path / "strip.png", (2, 4))
    strip = read_png(tmp_path / "strip.png")
    assert strip.shape == (3 * 96, 4 * 64, 3)
    first, second, real = np.split(strip, 3)
    assert not np.array_equal(first, second)
    for error, row in zip(errors, (first, second), strict=True):
        assert error == pytest.approx(np.abs(row.astype(int) - real).mean())
    x, y, w, h = previews.windows[previews.moments[0]]
    assert np.array_equal(real[:, :64], frames[previews.moments[0]][y : y + h, x : x + w])
    with pytest.MonkeyPatch.context() as small:
        small.setattr("dancenow.training.previews.STRIP_ROW", 48)
        previews.write_strip(tmp_path / "small.png", (2, 4))
    halves = strip.reshape(3 * 48, 2, 4 * 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(read_png(tmp_path / "small.png") - halves).max() <= 1
    previews.write_video(tmp_path / "progress.mp4", (2, 4))
    film = list(decode(tmp_path / "progress.mp4", probe(tmp_path / "progress.mp4"), 4 * 64, 3 * 96))
    assert len(film) == 4  # the last one stays for a second
    for shown, row in zip(film, (first, second, second, second), strict=True):
        assert np.abs(shown[96:192].astype(int) - row).mean() < 4


def test_what_leads_up_to_a_moment_is_synthesized_only_where_it_counts(tmp_path, monkeypatch):
    pose, stage, calls = performer(12), Stage(1), []
    frames, forward = footage(pose), stage.average.forward
    monkeypatch.setattr(stage.average, "forward", lambda *given: calls.append(1) or forward(*given))
    previews = Previews(TrainingFootage(frames, pose, frames[0], [(64, 96)], 12), 6, tmp_path)
    tmp_path.joinpath("previews").mkdir()
    short = previews._synthesize(stage)
    assert len(calls) == 4 and not stage.average.looks_back()
    with monkeypatch.context() as always:
        always.setattr(stage.average, "looks_back", lambda: True)
        whole = previews._synthesize(stage)
    assert len(calls) == 4 + 16
    assert np.array_equal(short[0], whole[0]) and short[1] == whole[1]
    with torch.no_grad():  # as after a step on a pair
        stage.average.stem[1].weight[:, -1] = 0.1
    assert stage.average.looks_back()
    assert not np.array_equal(previews._synthesize(stage)[0], short[0]) and len(calls) == 4 + 16 + 16


def test_png_keeps_every_value(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_png(tmp_path / "a.png", picture)
    assert np.array_equal(read_png(tmp_path / "a.png"), picture)
    with pytest.raises(FileNotFoundError):
        read_png(tmp_path / "missing.png")
