"""TensorBoard's files, read back."""

import struct

import numpy as np
import pytest
from tensorboardX.crc32c import crc32c

from dancenow.pictures import write_png
from dancenow.training.event_files import Board, read_events
from events import pictures, scalars


def log(folder, first, steps):
    with Board(folder, first) as board:
        for step in steps:
            board.add_scalars(step, {"loss/l1": 1 / step, "loss/gan": float(step)})


def test_scalars_and_pictures_come_back(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    write_png(tmp_path / "shown.png", picture)
    with Board(tmp_path / "board", 0) as board:
        board.add_scalars(1, {"loss/l1": 0.5, "loss/gan": 2.0})
        board.add_picture(1, "preview", tmp_path / "shown.png")
        board.add_scalars(2, {"loss/l1": 0.25})
    assert scalars(tmp_path / "board") == {"loss/l1": [(1, 0.5), (2, 0.25)], "loss/gan": [(1, 2.0)]}
    shown = {"preview": [(1, 30, 20, (tmp_path / "shown.png").read_bytes())]}
    assert pictures(tmp_path / "board") == shown


def test_a_training_that_goes_on_has_every_step_once(tmp_path):
    log(tmp_path, 0, range(1, 8))  # killed after step 7, the checkpoint is of step 4
    log(tmp_path, 4, range(5, 7))  # and again, before there was another
    log(tmp_path, 4, range(5, 10))
    log(tmp_path, 9, range(10, 12))
    for name, values in scalars(tmp_path).items():
        assert [step for step, _ in values] == list(range(1, 12)), name
    assert len(list(tmp_path.iterdir())) == 3


def test_a_training_that_starts_anew_has_nothing_of_the_old_one(tmp_path):
    log(tmp_path, 0, range(1, 5))
    log(tmp_path, 4, range(5, 7))
    log(tmp_path, 0, range(1, 3))
    assert [step for step, _ in scalars(tmp_path)["loss/l1"]] == [1, 2]


@pytest.mark.parametrize("cut", [1, 11, 13, 40])
def test_half_a_record_is_cut_off(tmp_path, cut):
    log(tmp_path, 0, range(1, 5))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    log(tmp_path, 3, range(4, 6))
    assert [step for step, _ in scalars(tmp_path)["loss/gan"]] == [1, 2, 3, 4, 5]


def test_what_is_flushed_is_there_before_the_end(tmp_path):
    with Board(tmp_path, 0) as board:
        board.add_scalars(1, {"loss/l1": 1.0})
        board.flush()
        assert scalars(tmp_path) == {"loss/l1": [(1, 1.0)]}


def test_records_have_the_checksums_that_tensorboard_asks_for(tmp_path):
    log(tmp_path, 0, [1])
    (path,) = tmp_path.iterdir()
    data, start = path.read_bytes(), 0

    def masked(part):
        crc = crc32c(part)
        return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

    for end, _ in read_events(path):
        head = struct.unpack("<I", data[start + 8 : start + 12])[0]
        assert head == masked(data[start : start + 8])
        assert struct.unpack("<I", data[end - 4 : end])[0] == masked(data[start + 12 : end - 4])
        start = end
    assert start == len(data)
