"""The benchmarks that synthesize: a finished run with references is all that each needs."""

import importlib.util
import sys

import numpy as np
import pytest
import torch

from dancenow.files import write_json
from dancenow.keypoints import load_pose, save_pose
from dancenow.model.checkpoint import save_generator
from dancenow.model.networks import Generator
from dancenow.references.choice import Choice
from dancenow.references.files import load_bank, load_choice, save_bank, save_choice
from dancenow.references.making import make_bank
from drawn_people import WALL, dancer, drawn
from running import ROOT

NETWORK = {
    "channels": 4, "n_downsample": 2, "n_blocks": 1, "unshuffle": 1, "skips": True,
    "background": True, "references": True,
}  # fmt: skip
FRAMES = 13


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a finished run of anna as tango, as far as these benchmarks read it."""
    folder = tmp_path_factory.mktemp("run") / "results"
    for name in ("poses", "frames", "models/anna", "references"):
        (folder / name).mkdir(parents=True)
    pose = dancer(FRAMES)
    frames, masks = drawn(pose, 150.0)
    background = np.full_like(frames[0], WALL)
    size = pose.width, pose.height
    save_pose(folder / "poses/anna_as_tango.npz", pose)
    write_json(folder / "frames/tango.json", {"cuts": []})
    torch.manual_seed(0)
    description = {"network": NETWORK, "sizes": [[96, 192]], "width": size[0], "height": size[1], "seed": 0}
    generator = Generator(**NETWORK).state_dict()
    save_generator(folder / "models/anna/generator.safetensors", generator, description, background)
    bank = make_bank(frames, pose, masks, background, FRAMES)
    save_bank(folder / "references/anna.npz", bank, pose, FRAMES)
    save_choice(folder / "references/anna_as_tango.npz", bank.choose(pose.keypoints), bank, pose.keypoints)
    return folder


def program(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / f"benchmarks/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_benchmark_of_seams_tells_of_each_seam(run, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["seam", "anna_as_tango", str(run)])
    seam = program("seam")
    for name, value in {"SEAMS": 2, "OVERLAPS": (0, 1, 4), "AFTER": 3}.items():
        monkeypatch.setattr(seam, name, value)
    seam.main()
    told = capsys.readouterr().out
    # a row for each yardstick, the head of the other table, a row for each overlap
    assert f"2 seams in {FRAMES} frames, begun at 2, 4\n" in told and told.count("\n| ") == 3 + 1 + 3


def test_drift_asks_for_the_references_of_every_pass(run):
    pose, bank = load_pose(run / "poses/anna_as_tango.npz"), load_bank(run / "references/anna.npz")
    short = pose.part(slice(6))
    chosen = load_choice(run / "references/anna_as_tango.npz", bank, pose.keypoints)
    chosen = Choice(*(each[:6] for each in chosen))
    generator = run / "models/anna/generator.safetensors"
    first, last = program("drift").first_and_last(generator, short, 3, bank, chosen)
    assert len(first) == len(last) == 6
    # one that learned nothing copies what it is shown, and remembers nothing of what was before
    apart = [[np.abs(a - b).mean() for b in np.int16(last)] for a in np.int16(first)]
    assert np.diag(apart).mean() < 0.3 * np.mean(apart)
