"""A clip synthesized in chunks: where it is split, where each begins, and what comes of joining them."""

import numpy as np
import pytest
import torch

from clips import one_line
from dancenow.errors import InputError
from dancenow.model.checkpoint import save_generator
from dancenow.model.networks import Generator, initialise
from dancenow.provenance.mark import Mark
from dancenow.synthesis.chunks import join_chunks, split, synthesize_chunk, warm_up
from dancenow.synthesis.synthesizer import synthesize
from dancenow.synthesis.transfer import Transfer
from dancenow.video import media
from performers import performer

NETWORK = {"channels": 4, "n_downsample": 2, "n_blocks": 1, "unshuffle": 1, "skips": True, "background": True}
SIZE = {"width": 128, "height": 96}
FRAMES = 16


@pytest.fixture(scope="module")
def generator_file(tmp_path_factory):
    torch.manual_seed(0)
    background = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    description = {"network": NETWORK, "sizes": [[64, 96]], "seed": 0, "step": 5} | SIZE
    path = tmp_path_factory.mktemp("model") / "generator.safetensors"
    # a new generator does not look at its last output yet: initialised again, it does
    save_generator(path, Generator(**NETWORK).apply(initialise).state_dict(), description, background)
    return path


def facts(frames, cuts=()):
    return {"frames": frames, "fps": "25/1", "cuts": list(cuts)}


def synthesized(generator_file, folder, chunks, overlap, cuts=(), finish=()):
    """Split, synthesized and joined: (the joined video's path, the frames of its chunks)."""
    transfer = Transfer(generator_file, performer(FRAMES), cuts=cuts, finish=finish)
    paths = [folder / f"{number}of{chunks}.mkv" for number in range(1, chunks + 1)]
    for number, path in enumerate(paths, 1):
        synthesize_chunk(transfer, path, number, chunks, overlap, 1)
    video = folder / "joined.mp4"
    join_chunks(paths, facts(FRAMES, cuts), SIZE, video)
    spans = split(FRAMES, cuts, chunks)
    frames = [
        frame
        for path, (first, stop) in zip(paths, spans, strict=True)
        for frame in media.decode_lossless(path, 128, 96, stop - first)
    ]
    return video, np.stack(frames)


def test_a_clip_is_split_evenly_and_wholly():
    assert split(10, [], 1) == [(0, 10)]
    assert split(10, [], 3) == [(0, 3), (3, 7), (7, 10)]
    assert split(3, [], 3) == [(0, 1), (1, 2), (2, 3)]


def test_a_cut_near_the_even_split_takes_its_place():
    assert split(400, [90, 105, 290], 4) == [(0, 105), (105, 200), (200, 290), (290, 400)]
    assert split(400, [126], 4)[0] == (0, 100)


@pytest.mark.parametrize("seed", range(5))
def test_no_chunk_is_empty_and_none_longer_than_half_as_much_again(seed):
    random = np.random.default_rng(seed)
    for _ in range(200):
        chunks = int(random.integers(1, 12))
        count = int(random.integers(chunks, 200))
        cuts = random.integers(1, max(2, count), random.integers(0, 30)).tolist()
        spans = split(count, cuts, chunks)
        assert [spans[0][0], spans[-1][1], len(spans)] == [0, count, chunks]
        assert all(before[1] == after[0] for before, after in zip(spans, spans[1:], strict=False))
        assert all(1 <= stop - first <= 1.5 * count / chunks + 1 for first, stop in spans)


def test_more_chunks_than_frames_are_refused_in_one_line():
    with pytest.raises(InputError) as error:
        split(4, [], 5)
    one_line(error, "hardware.chunks", "5 chunks", "4 frames", "set it to 4")


def test_a_chunk_warms_up_over_the_overlap_but_never_across_a_cut():
    assert warm_up(50, 100, [], 8) == 42
    assert warm_up(5, 100, [], 8) == 0
    assert warm_up(50, 100, [45], 8) == 45
    assert warm_up(50, 100, [50], 8) == 50
    assert warm_up(50, 100, [30, 60], 0) == 50


def test_chunks_are_the_unsplit_run_where_the_overlap_reaches_the_beginning(generator_file, tmp_path):
    mark = [Mark(bytes(32), 7, 128, 96)]
    synthesize(Transfer(generator_file, performer(FRAMES), finish=mark), tmp_path / "whole.mp4", 1)
    joined, _ = synthesized(generator_file, tmp_path, 3, FRAMES, finish=mark)
    assert joined.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_chunks_are_the_unsplit_run_where_they_meet_at_a_cut(generator_file, tmp_path):
    synthesize(Transfer(generator_file, performer(FRAMES), cuts=[7]), tmp_path / "whole.mp4", 1)
    joined, _ = synthesized(generator_file, tmp_path, 2, 0, cuts=[7])
    assert joined.read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_what_the_overlap_does_not_reach_differs_at_the_seam_and_only_behind_it(generator_file, tmp_path):
    _, whole = synthesized(generator_file, tmp_path, 1, 0)
    _, parts = synthesized(generator_file, tmp_path, 2, 0)
    different = np.abs(whole.astype(int) - parts).max(axis=(1, 2, 3))
    assert not different[: FRAMES // 2].any() and different[FRAMES // 2] > 0
    _, longer = synthesized(generator_file, tmp_path, 2, 3)
    at_seam = [np.abs(whole[FRAMES // 2].astype(int) - made[FRAMES // 2]).mean() for made in (longer, parts)]
    assert at_seam[0] < at_seam[1]


def film(path, count):
    frames = np.random.default_rng(1).integers(0, 256, (count, 96, 128, 3), np.uint8)
    media.encode_lossless(path, frames, "25", 128, 96)
    return frames


def test_a_chunk_on_disk_is_the_frames_themselves(tmp_path):
    frames = film(tmp_path / "chunk.mkv", 5)
    assert np.array_equal(np.stack(list(media.decode_lossless(tmp_path / "chunk.mkv", 128, 96, 5))), frames)


def test_a_chunk_of_another_length_is_named_and_nothing_is_joined(tmp_path):
    paths = [tmp_path / "1of2.mkv", tmp_path / "2of2.mkv"]
    for path, count in zip(paths, (5, 4), strict=True):
        film(path, count)
    with pytest.raises(InputError) as error:
        join_chunks(paths, facts(10), SIZE, tmp_path / "joined.mp4")
    one_line(error, "2of2.mkv", "4 frames, not 5", "delete it")
    assert sorted(tmp_path.iterdir()) == paths


@pytest.mark.parametrize("damage", ["cut", "foreign", "overwritten"])
def test_a_damaged_chunk_is_named(tmp_path, damage):
    path = tmp_path / "1of1.mkv"
    film(path, 8)
    data = bytearray(path.read_bytes())
    if damage == "overwritten":
        data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes({"cut": data[: len(data) // 2], "foreign": b"no film"}.get(damage, data))
    with pytest.raises(InputError) as error:
        join_chunks([path], facts(8), SIZE, tmp_path / "joined.mp4")
    one_line(error, "1of1.mkv", "delete it")
    assert list(tmp_path.iterdir()) == [path]
