"""Results and keypoints that are damaged or do not fit; each maker writes what one rule then refuses.

`lay_out` writes a subject's results as the workflow would have left them, small and made up; a maker spoils
one of them. The frames are 192x128, three of them.
"""

import json
import pickle
import shutil
from fractions import Fraction

import numpy as np
import torch

import keypoint_files as files
import tiny_training
from clips import film
from dancenow.camera.path import save_path
from dancenow.camera.view import save_view
from dancenow.files import write_json
from dancenow.keypoints import COUNT, IMPORTED, People, Pose, save_people, save_pose
from dancenow.model.checkpoint import save_generator
from dancenow.model.networks import Generator
from dancenow.pictures import write_png
from dancenow.pose.masks import MaskPacker, save_masks
from dancenow.pose.normalize import measure_normalization
from dancenow.references.choice import Choice
from dancenow.references.files import load_bank, save_bank, save_choice
from dancenow.references.making import make_bank
from dancenow.training.holdout import heldout
from dancenow.training.paths import StageInputs
from dancenow.training.train_target import train_target
from dancenow.video.frames import extract_frames
from dancenow.video.media import encode, probe
from performers import footage, performer
from tripod import still_path, still_view

NETWORK = {"channels": 4, "n_downsample": 2, "n_blocks": 1, "unshuffle": 1, "skips": True, "background": True}
WIDTH, HEIGHT = 192, 128
POSE = performer(3, WIDTH, HEIGHT, tall=100)
LAID_OUT = [
    "clips/{}.mp4", "results/frames/{}.avi", "results/frames/{}.index.npy", "results/frames/{}.json",
    "results/poses/{}.people.npz", "results/masks/{}.found.npz", "results/camera/{}.npz",
    "results/poses/{}.npz", "results/steady/{}.npz", "results/poses/{}.steady.npz",
    "results/masks/{}.npz", "results/normalization/{}.json",
    "results/poses/{}_as_good.npz", "results/models/{}/generator.safetensors",
]  # fmt: skip


def place(run, kind, name, end):
    path = run / "results" / kind / f"{name}{end}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def lay_out(run, name):
    """Frames, people, pose, statistics, a pair `{name}_as_good` and a generator of the subject `name`."""
    clip = run / "clips" / f"{name}.mp4"
    film(clip, footage(POSE))
    extract_frames([clip], [probe(clip)], WIDTH, place(run, "frames", name, ".avi"))
    one = {key: getattr(POSE, key) for key in ("fps", "width", "height", "estimator", "checkpoint")}
    save_people(
        place(run, "poses", name, ".people.npz"),
        People(keypoints=POSE.keypoints, frame=np.arange(3, dtype=np.int32), count=3, **one),
    )
    save_masks(place(run, "masks", name, ".found.npz"), whole_masks())
    save_path(place(run, "camera", name, ".npz"), still_path(len(POSE.keypoints), WIDTH, HEIGHT))
    save_pose(place(run, "poses", name, ".npz"), POSE)
    save_view(place(run, "steady", name, ".npz"), still_view(3, WIDTH, HEIGHT))
    save_pose(place(run, "poses", name, ".steady.npz"), POSE)
    save_masks(place(run, "masks", name, ".npz"), whole_masks())
    write_json(place(run, "normalization", name, ".json"), measure_normalization(POSE))
    save_pose(place(run, "poses", f"{name}_as_good", ".npz"), POSE)
    generator(run, name)


def whole_masks(count=3):
    masks = MaskPacker(WIDTH, HEIGHT)
    for _ in range(count):
        masks.add(np.full((HEIGHT, WIDTH), 255, np.uint8))
    return masks.packed()


def lay_out_again(run, model, name):
    """The results of the subject `model`, which is laid out, as those of `name`."""
    (run / "results/models" / name).mkdir(parents=True)
    for pattern in LAID_OUT:  # in the order in which they are made
        shutil.copy(run / pattern.format(model), run / pattern.format(name))


def generator(run, name, width=WIDTH, height=HEIGHT):
    torch.manual_seed(0)
    described = {"network": NETWORK, "sizes": [[64, 96]], "width": width, "height": height, "seed": 0}
    save_generator(
        place(run, "models", name, "") / "generator.safetensors",
        Generator(**NETWORK).state_dict(), described | {"step": 1}, np.zeros((height, width, 3), np.uint8),
    )  # fmt: skip


def tear(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


class Bomb:
    """Unpickled, it writes a file `executed` into the working directory."""

    def __reduce__(self):
        return open, ("executed", "w")


def torn_pose(run, name):
    tear(place(run, "poses", name, ".npz"))


def spoilt_pose(run, name, **changes):
    path = place(run, "poses", name, ".npz")
    with np.load(path) as stored:
        fields = dict(stored)
    np.savez(path, **(fields | changes))


def nan_pose(run, name):
    keypoints = POSE.keypoints.copy()
    keypoints[1, 5, 0] = np.nan
    spoilt_pose(run, name, keypoints=keypoints)


def pickle_pose(run, name):
    spoilt_pose(run, name, keypoints=np.array([Bomb()], dtype=object))


def imported_pose(run, name):
    imported = POSE.replace(estimator="openpose-body25", checkpoint=IMPORTED)
    save_pose(place(run, "poses", name, ".npz"), imported)
    write_json(place(run, "normalization", name, ".json"), measure_normalization(imported))


def old_statistics(run, name):
    statistics = measure_normalization(POSE)
    del statistics["toes"]
    write_json(place(run, "normalization", name, ".json"), statistics)


def changed_statistics(run, name):
    changed = measure_normalization(POSE) | {"h_far": None}
    write_json(place(run, "normalization", name, ".json"), changed)


def torn_frames(run, name):
    tear(place(run, "frames", name, ".avi"))


def torn_found_masks(run, name):
    tear(place(run, "masks", name, ".found.npz"))


def torn_camera(run, name):
    tear(place(run, "camera", name, ".npz"))


def torn_view(run, name):
    tear(place(run, "steady", name, ".npz"))


def view_of_another_run(run, name):
    """As when half of a folder was copied from a machine where the clip was longer."""
    save_view(place(run, "steady", name, ".npz"), still_view(4, WIDTH, HEIGHT))


def few_masks(run, name):
    save_masks(place(run, "masks", name, ".npz"), whole_masks(2))


def torn_masks(run, name):
    tear(place(run, "masks", name, ".npz"))


def make_references(run, name):
    """References of the subject, and what its pair takes of them."""
    bank = make_bank(footage(POSE), POSE, whole_masks(), footage(POSE)[0], len(POSE.keypoints))
    save_bank(place(run, "references", name, ".npz"), bank, POSE, 3)
    save_choice(
        place(run, "references", f"{name}_as_good", ".npz"), bank.choose(POSE.keypoints), bank, POSE.keypoints
    )
    write_png(place(run, "backgrounds", name, ".png"), np.zeros((HEIGHT, WIDTH, 3), np.uint8))


def references_of_another_preset(run, name):
    """As when a file was copied from a folder in which frames.long_edge was twice as large."""
    make_references(run, name)
    large = performer(3, 2 * WIDTH, 2 * HEIGHT, tall=200)
    whole = np.full((3, 2 * HEIGHT, 2 * WIDTH), 255, np.uint8)
    bank = make_bank(footage(large), large, whole, footage(large)[0], 3)
    save_bank(place(run, "references", name, ".npz"), bank, large, 3)


def choice_of_another_run(run, name):
    """As when the pose of the dance was smoothed in another way, or its limbs have other lengths."""
    make_references(run, name)
    bank, keypoints = load_bank(place(run, "references", name, ".npz")), POSE.keypoints * np.float32(0.99)
    chosen = bank.choose(keypoints)
    save_choice(place(run, "references", f"{name}_as_good", ".npz"), chosen, bank, keypoints)


def torn_references(run, name):
    make_references(run, name)
    tear(place(run, "references", name, ".npz"))


def torn_choice(run, name):
    make_references(run, name)
    tear(place(run, "references", f"{name}_as_good", ".npz"))


def torn_facts(run, name):
    tear(place(run, "frames", name, ".json"))


def emptied_facts(run, name):
    place(run, "frames", name, ".json").write_text("{}\n")


def people(run, name):
    """One person, as laid out."""


def generator_path(run, name):
    return run / "results/models" / name / "generator.safetensors"


def torn_generator(run, name):
    tear(generator_path(run, name))


def pickle_generator(run, name):
    generator_path(run, name).write_bytes(pickle.dumps(Bomb()))


def large_generator(run, name):
    generator(run, name, 128, 96)


def own(run, name):
    folder = run / "own" / name
    folder.mkdir(parents=True)
    return folder


def no_keypoints(run, name):
    (own(run, name) / "notes.txt").write_text("nothing here")


def keypoints(run, name, bodies):
    folder = own(run, name)
    for frame, body in enumerate(bodies):
        content = {"people": [files.json_person(files.person(0), body, face=None)]}
        (folder / f"clip_{frame:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


def few_keypoints(run, name):
    keypoints(run, name, [files.BODY_25] * 2)


def broken_keypoints(run, name):
    tear(keypoints(run, name, [files.BODY_25] * 3) / "clip_000000000001_keypoints.json")


def other_order(run, name):
    keypoints(run, name, [range(23)] * 3)


def two_models(run, name):
    keypoints(run, name, [files.BODY_25, files.COCO_18, files.BODY_25])


# --- of the library


def train_on_one_frame(folder):
    pose = performer(1)
    frames = folder / "one.avi"
    clip = film(folder / "one.mp4", footage(pose))
    extract_frames([clip], [probe(clip)], 128, frames)
    save_pose(folder / "one.npz", pose)
    inputs = StageInputs(str(frames), str(folder / "one.npz"), perceptual="unread")
    network = tiny_training.SETTINGS["generator"] | {"background": False, "references": False}
    train_target(inputs, None, tiny_training.settings(generator=network), 0.0, 1)


def score_without_holdout(folder):
    heldout(POSE, 0.0)


# --- writers, for a disk that is full

NOISE = np.random.default_rng(0).integers(0, 256, (4, 128, 192, 3), dtype=np.uint8)


def write_frames(folder):
    flat = np.repeat(np.arange(60, dtype=np.uint8), 128 * 192 * 3).reshape(60, 128, 192, 3)
    clip = film(folder.parent / "flat.mp4", flat, "-crf 30")  # small itself, unlike its frames
    extract_frames([clip], [probe(clip)], 192, folder / "frames.avi")


def write_film(folder):
    encode(folder / "film.mp4", NOISE, Fraction(25), 192, 128)


def write_pose(folder):
    keypoints = np.random.default_rng(0).uniform(0.5, 1, (60, COUNT, 3)).astype(np.float32)
    save_pose(folder / "pose.npz", Pose(keypoints, Fraction(25), 192, 128, "mediapipe", "sha256:test"))


def write_camera(folder):
    camera = still_path(600, WIDTH, HEIGHT)
    camera.maps[:] += np.random.default_rng(0).uniform(0, 1e-3, camera.maps.shape)
    save_path(folder / "camera.npz", camera)


def write_view(folder):
    view = still_view(600, WIDTH, HEIGHT)
    view.maps[:] += np.random.default_rng(0).uniform(0, 1e-3, view.maps.shape)
    save_view(folder / "steady.npz", view)


def noisy_bank():
    noise = np.random.default_rng(0).integers(0, 255, (3, HEIGHT, WIDTH, 3), np.uint8)
    return make_bank(noise, POSE, whole_masks(), noise[0] * 0, 3)


def write_references(folder):
    save_bank(folder / "references.npz", noisy_bank(), POSE, 3)


def write_choice(folder):
    chosen = np.random.default_rng(0).integers(0, 900, (2000, 10, 3), np.int16)
    save_choice(folder / "choice.npz", Choice(chosen, np.float32(chosen)), noisy_bank(), POSE.keypoints)


def write_picture(folder):
    write_png(folder / "background.png", NOISE[0])


def write_facts(folder):
    write_json(folder / "facts.json", list(range(20000)))


def write_generator(folder):
    described = {"network": NETWORK}
    save_generator(folder / "generator.safetensors", Generator(**NETWORK).state_dict(), described, NOISE[0])
