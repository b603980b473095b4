"""The three stages one after another, each from the files of the one before, as their rules run them."""

import numpy as np
import pytest
import torch

from clips import film
from dancenow.errors import InputError
from dancenow.files import read_json, write_json
from dancenow.keypoints import save_pose
from dancenow.model.checkpoint import load_generator, read_network
from dancenow.model.perceptual import choose
from dancenow.synthesis.synthesizer import synthesize_clip
from dancenow.synthesis.transfer import Transfer
from dancenow.training.halving import halve_footage
from dancenow.training.paths import StageInputs, StageOutputs
from dancenow.training.settings import read_settings
from dancenow.training.stages import digests, open_stage
from dancenow.training.train_target import train_target
from dancenow.video.frames import extract_frames
from dancenow.video.media import probe
from performers import footage, performer

COMMON = {
    "seed": 3, "steps": 2, "epochs": None, "batch": 2,
    "single_frame_share": 0.0, "learning_rate": 1e-3, "lr_decay_share": 0.5,
    "ema": 0.0,
}  # fmt: skip
PICTURES = {
    "last_frame_corruption": 0.0,
    "weights": {"gan": 1.0, "feature_matching": 10.0, "perceptual": 1.0, "l1": 0.0},
}  # fmt: skip
NETWORK = {"channels": 8, "n_downsample": 2, "n_blocks": 1, "unshuffle": 1,
    "skips": False, "background": False,
           "references": False}  # fmt: skip
SETTINGS = {
    "first": COMMON | PICTURES | {
        "init_from": None, "temporal": True, "generator": NETWORK,
        "discriminator": {"scales": 1, "channels": 4, "layers": 2},
    },
    "enhancer": COMMON | PICTURES | {"enhancer": {"channels": 4, "n_blocks": 1}},
    "face": COMMON | {
        "weights": {"gan": 1.0, "perceptual": 10.0, "l1": 0.0}, "face": {"size": 32},
        "generator": {"channels": 4, "n_downsample": 2, "n_blocks": 1},
        "discriminator": {"channels": 4, "layers": 2},
    },
}  # fmt: skip


def stage(folder, name, temporal, half="", before=None):
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
        StageInputs.of({key: folder / file for key, file in inputs.items()}),
        StageOutputs.of({key: folder / name / file for key, file in outputs.items()}),
        read_settings(SETTINGS[name] | ({"temporal": temporal} if name == "first" else {})), 0.25, 1,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[True, False], ids=["pairs", "frame by frame"])
def trained(request, tmp_path_factory):
    folder, pose = tmp_path_factory.mktemp("stages"), performer(12)
    clip = film(folder / "a.mp4", footage(pose))
    extract_frames([clip], [probe(clip)], 128, folder / "a.avi")
    save_pose(folder / "a.npz", pose)
    write_json(folder / "perceptual.json", choose("efficientnet-lite0"))
    halve_footage(folder / "a.avi", None, folder / "a.npz", folder / "a.half.avi", folder / "a.half.npz")
    stage(folder, "first", request.param, half=".half")
    stage(folder, "enhancer", request.param, before="first")
    stage(folder, "face", request.param, before="enhancer")
    return folder


def is_temporal(folder):
    return read_json(folder / "first/settings.json")["settings"]["temporal"]


def test_the_first_stage_is_half_the_size_and_the_second_the_whole(trained):
    sizes = [load_generator(trained / name / "generator.safetensors")[1] for name in ("first", "enhancer")]
    assert [(each["width"], each["height"]) for each in sizes] == [(64, 48), (128, 96)]
    assert sizes[1]["enhancer"] == {"channels": 4, "n_blocks": 1}
    assert sizes[1]["network"] == NETWORK | {"temporal": is_temporal(trained)}


def test_a_training_begins_with_another_persons_generator(trained):
    inputs = StageInputs("", "", "", init_from=str(trained / "first/generator.safetensors"))
    settings = SETTINGS["first"] | {"temporal": is_temporal(trained), "init_from": "anna"}
    opened = open_stage(inputs, read_settings(settings))
    assert opened.start == digests(inputs, "init_from")
    trainer = opened.trainer(torch.nn.Identity(), torch.device("cpu"), {"enabled": False}, 2)
    theirs = load_generator(inputs.init_from)[0].state_dict()
    for network in (trainer.generator, trainer.average):
        assert all(torch.equal(value, theirs[name]) for name, value in network.state_dict().items())

    opened = open_stage(inputs, read_settings(settings | {"generator": NETWORK | {"channels": 4}}))
    with pytest.raises(InputError, match="first/generator.safetensors: not a generator of this network"):
        opened.trainer(torch.nn.Identity(), torch.device("cpu"), {"enabled": False}, 2)


def test_a_stages_settings_name_what_it_started_from(trained):
    kept = read_json(trained / "enhancer/settings.json")
    assert len(kept["generator"]) == len(kept["discriminator"]) == 64
    assert read_json(trained / "face/settings.json")["generator"] != kept["generator"]
    assert read_json(trained / "face/settings.json")["steps"] == 2


def test_all_three_synthesize_and_the_face_changes_the_face_alone(trained):
    pose, main = performer(3), trained / "enhancer/generator.safetensors"
    face = trained / "face/generator.safetensors"
    plain, over = (list(synthesize_clip(Transfer(main, pose, face_path=path), 1)) for path in (None, face))
    changed = (plain[0] != over[0]).any(axis=-1)
    assert plain[0].shape == (96, 128, 3) and 0 < changed.sum() <= 32 * 32
    assert not np.array_equal(plain[1], over[1])


def test_a_sample_is_a_pair_or_a_frame_in_every_stage(trained):
    # 12 frames, the last quarter held out
    counted = {"pairs": 8} if is_temporal(trained) else {"single_frames": 9}
    for name in ("first", "enhancer", "face"):
        assert counted.items() <= read_json(trained / name / "training.json").items(), name


def test_the_last_frame_has_a_part_in_the_next_one_or_none(trained):
    pose = performer(2)
    moved = pose.keypoints.copy()
    moved[0] += 9
    files = trained / "enhancer/generator.safetensors", trained / "face/generator.safetensors"
    one, other = (
        list(synthesize_clip(Transfer(files[0], each, face_path=files[1]), 1))
        for each in (pose, pose.replace(keypoints=moved))
    )
    assert not np.array_equal(one[0], other[0])
    assert np.array_equal(one[1], other[1]) != is_temporal(trained)


@pytest.mark.parametrize("name, before", [("first", None), ("enhancer", "first"), ("face", "enhancer")])
def test_a_stage_that_does_not_fit_into_memory_does_not_begin(trained, monkeypatch, name, before):
    monkeypatch.setattr("dancenow.training.train_target.free_memory", lambda device: 2**18)
    made = trained / name / "generator.safetensors"
    kept, again = made.read_bytes(), SETTINGS[name] | {"learning_rate": 0.5}
    monkeypatch.setitem(SETTINGS, name, again)
    with pytest.raises(InputError, match=r"^train.generator.channels: .* 0.0 GB are free; lower it"):
        stage(trained, name, is_temporal(trained), "" if before else ".half", before)
    assert made.read_bytes() == kept and not (trained / name / "run.before").exists()


def test_the_discriminator_is_kept_for_the_next_stage(trained):
    weights, settings = read_network(trained / "first/discriminator.safetensors", "discriminator")
    assert settings == SETTINGS["first"]["discriminator"] | {"frames": 2 if is_temporal(trained) else 1}
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_an_enhancer_that_does_not_fit_the_generator_is_told_of_its_key(trained):
    files = {kind: trained / f"first/{kind}.safetensors" for kind in ("generator", "discriminator")}
    inputs = StageInputs("", "", "", **files)
    settings = SETTINGS["enhancer"] | {"enhancer": {"channels": 6, "n_blocks": 1}}
    opened = open_stage(inputs, read_settings(settings))
    with pytest.raises(InputError, match="train.enhancer: channels 6: not half of the generator's 8"):
        opened.trainer(None, torch.device("cpu"), {}, 2)
