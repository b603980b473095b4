"""The three stages one after another, each from the files of the one before, as their rules run them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from clips import film
from dancenow.checkpoint import load_generator, read_network
from dancenow.errors import InputError
from dancenow.files import read_json, write_json
from dancenow.frames import extract_frames
from dancenow.halving import halve_footage
from dancenow.keypoints import save_pose
from dancenow.media import probe
from dancenow.perceptual import choose
from dancenow.stages import open_stage
from dancenow.synthesis import paint_clip
from dancenow.train_target import train_target
from figures import footage, performer

COMMON = {
    "seed": 3, "steps": 2, "epochs": None, "batch": 2, "stills": 0.0, "lead": 0, "disturb": 0.0,
    "learning_rate": 1e-3, "decay": 0.5, "ema": 0.0,
    "weights": {"gan": 1.0, "feature_matching": 10.0, "perceptual": 1.0, "l1": 0.0},
}  # fmt: skip
NETWORK = {"channels": 8, "downs": 2, "blocks": 1, "unshuffle": 1, "skips": False, "plate": False}
SETTINGS = {
    "first": COMMON | {"generator": NETWORK, "discriminator": {"scales": 1, "channels": 4, "layers": 2}},
    "enhancer": COMMON | {"enhancer": {"channels": 4, "blocks": 1}},
    "face": COMMON | {
        "weights": {"gan": 1.0, "perceptual": 10.0}, "face": {"size": 32},
        "generator": {"channels": 4, "downs": 2, "blocks": 1}, "discriminator": {"channels": 4, "layers": 2},
    },
}  # fmt: skip


def stage(folder, name, half="", before=None):
    inputs = {"frames": f"a{half}.avi", "pose": f"a{half}.npz", "perceptual": "perceptual.json"}
    if before:
        inputs |= {kind: f"{before}/{kind}.safetensors" for kind in ("generator", "discriminator")}
    outputs = {
        "generator": "generator.safetensors", "best": "best.safetensors", "losses": "losses.jsonl",
        "settings": "settings.json", "training": "training.json", "progress": "progress.png",
        "video": "progress.mp4",
    }  # fmt: skip
    if name == "first":
        outputs["discriminator"] = "discriminator.safetensors"
    train_target(
        SimpleNamespace(**{key: str(folder / file) for key, file in inputs.items()}),
        SimpleNamespace(**{key: str(folder / name / file) for key, file in outputs.items()}),
        SETTINGS[name], 0.25, 1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder, pose = tmp_path_factory.mktemp("stages"), performer(12)
    clip = film(folder / "a.mp4", footage(pose))
    whole = [folder / name for name in ("a.avi", "a.index.npy", "a.json")]
    extract_frames([clip], [probe(clip)], 128, *whole)
    save_pose(folder / "a.npz", pose)
    write_json(folder / "perceptual.json", choose("efficientnet-lite0"))
    half = {"frames": "a.half.avi", "index": "a.half.index.npy", "facts": "a.half.json", "pose": "a.half.npz"}
    given = SimpleNamespace(frames=str(folder / "a.avi"), pose=str(folder / "a.npz"))
    halve_footage(given, SimpleNamespace(**{key: str(folder / file) for key, file in half.items()}))
    stage(folder, "first", half=".half")
    stage(folder, "enhancer", before="first")
    stage(folder, "face", before="enhancer")
    return folder


def test_the_first_stage_is_half_the_size_and_the_second_the_whole(trained):
    sizes = [load_generator(trained / name / "generator.safetensors")[1] for name in ("first", "enhancer")]
    assert [(each["width"], each["height"]) for each in sizes] == [(64, 48), (128, 96)]
    assert sizes[1]["enhancer"] == {"channels": 4, "blocks": 1} and sizes[1]["network"] == NETWORK


def test_a_stages_settings_name_what_it_started_from(trained):
    kept = read_json(trained / "enhancer/settings.json")
    assert len(kept["generator"]) == len(kept["discriminator"]) == 64
    assert read_json(trained / "face/settings.json")["generator"] != kept["generator"]
    assert read_json(trained / "face/settings.json")["steps"] == 2


def test_all_three_paint_and_the_face_changes_the_face_alone(trained):
    pose, main = performer(3), trained / "enhancer/generator.safetensors"
    face = trained / "face/generator.safetensors"
    plain, over = (list(paint_clip(main, pose, 1, face_path=path)) for path in (None, face))
    changed = (plain[0] != over[0]).any(axis=-1)
    assert plain[0].shape == (96, 128, 3) and 0 < changed.sum() <= 32 * 32
    assert not np.array_equal(plain[1], over[1])


def test_the_discriminator_is_kept_for_the_next_stage(trained):
    weights, settings = read_network(trained / "first/discriminator.safetensors", "discriminator")
    assert settings == SETTINGS["first"]["discriminator"]
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_an_enhancer_that_does_not_fit_the_generator_is_told_of_its_key(trained):
    inputs = SimpleNamespace(
        generator=trained / "first/generator.safetensors",
        discriminator=trained / "first/discriminator.safetensors",
    )
    settings = SETTINGS["enhancer"] | {"enhancer": {"channels": 6, "blocks": 1}}
    opened = open_stage(inputs, settings)
    with pytest.raises(InputError, match="train.enhancer: channels 6: not half of the generator's 8"):
        opened.trainer(None, torch.device("cpu"), {}, 2)
