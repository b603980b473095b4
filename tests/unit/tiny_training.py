"""A real training of some seconds in a folder: frames, pose, background and perceptual network, all tiny.

As a program it starts the processes that the tests kill: it imports torch once and forks one child for each
attempt, which runs the rule's code.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

STEPS = 8
SETTINGS = {
    "init_from": None, "seed": 3, "steps": STEPS, "epochs": None, "batch": 2,
    "temporal": True, "single_frame_share": 0.4,
    "last_frame_corruption": 0.5, "learning_rate": 1e-3, "lr_decay_share": 0.5, "ema": 0.9,
    "weights": {"gan": 1.0, "feature_matching": 10.0, "perceptual": 1.0, "l1": 10.0},
    "generator": {"channels": 4, "n_downsample": 2, "n_blocks": 1, "unshuffle": 2,
    "skips": True, "background": True,
                  "references": True},
    "discriminator": {"scales": 2, "channels": 4, "layers": 2},
}  # fmt: skip
FIRST = {"channels": 8, "n_downsample": 2, "n_blocks": 1}
DISCRIMINATOR = {"scales": 1, "channels": 4, "layers": 2}
SHARED = ("seed", "epochs", "batch", "learning_rate", "lr_decay_share", "ema")
LATER = {key: SETTINGS[key] for key in SHARED}
LATER |= {"steps": 5, "single_frame_share": 0.0}
# the rule's settings, by stage
STAGES = {
    "first": SETTINGS,
    "enhancer": LATER | {
        "last_frame_corruption": 0.5, "weights": SETTINGS["weights"],
        "enhancer": {"channels": 4, "n_blocks": 1},
    },
    "face": LATER | {
        "weights": {"gan": 1.0, "perceptual": 10.0, "l1": 0.0}, "face": {"size": 32},
        "generator": {"channels": 4, "n_downsample": 2, "n_blocks": 1},
        "discriminator": {"channels": 4, "layers": 2},
    },
}  # fmt: skip
HOLDOUT = 0.25
INPUTS = {
    "frames": "a.avi", "pose": "a.npz", "background": "background.png", "perceptual": "perceptual.json",
    "references": "references.npz", "masks": "masks.npz",
}  # fmt: skip
BEFORE = {"generator": "before.safetensors", "discriminator": "discriminator.safetensors"}
OUTPUTS = {
    "generator": "model/generator.safetensors", "discriminator": "model/discriminator.safetensors",
    "best": "model/best.safetensors", "losses": "model/losses.jsonl",
    "settings": "model/settings.json", "training": "model/training.json", "progress": "model/progress.png",
    "video": "model/progress.mp4",
}  # fmt: skip


def settings(stage="first", **changes):
    """The typed settings of a stage, with other values for some of its keys."""
    from dancenow.training.settings import read_settings

    return read_settings(STAGES[stage] | changes)


def write_inputs(folder):
    """Everything that the rule train_generator takes, in `folder`."""
    import numpy as np

    from clips import film
    from dancenow.files import write_json
    from dancenow.keypoints import save_pose
    from dancenow.model.perceptual import choose
    from dancenow.pictures import write_png
    from dancenow.pose.masks import MaskPacker, save_masks
    from dancenow.references.files import save_bank
    from dancenow.references.making import make_bank
    from dancenow.video.frames import extract_frames
    from dancenow.video.media import probe
    from performers import footage, performer

    pose = performer(16)
    frames = footage(pose)
    clip = film(folder / "a.mp4", frames)
    extract_frames([clip], [probe(clip)], 128, folder / "a.avi")
    save_pose(folder / "a.npz", pose)
    background = footage(pose.replace(keypoints=pose.keypoints * 0))[0]
    write_png(folder / "background.png", background)
    masks = MaskPacker(pose.width, pose.height)
    for _ in frames:
        masks.add(np.full((pose.height, pose.width), 255, np.uint8))
    save_masks(folder / "masks.npz", masks.packed())
    save_bank(folder / "references.npz", make_bank(frames, pose, masks.packed(), background, 12), pose, 12)
    write_json(folder / "perceptual.json", choose("efficientnet-lite0"))


def write_stage_before(folder):
    """What the later stages start from, in `folder`: networks of the first that have learned nothing."""
    import torch

    from dancenow.model.checkpoint import save_discriminator, save_generator
    from dancenow.model.networks import Discriminator, Generator

    torch.manual_seed(0)
    generator, discriminator = Generator(**FIRST).state_dict(), Discriminator(**DISCRIMINATOR).state_dict()
    save_generator(folder / BEFORE["generator"], generator, {"network": FIRST})
    save_discriminator(folder / BEFORE["discriminator"], discriminator, DISCRIMINATOR)


def train(inputs, folder, devices=1, stage="first", nodes=1, check_memory=True):
    """What the rule's script does; ends the process on an error, as there."""
    from dancenow.job import job
    from dancenow.training.launch import Placement, train_on_devices
    from dancenow.training.paths import StageInputs, StageOutputs

    files, made = (INPUTS, OUTPUTS) if stage == "first" else (INPUTS | BEFORE, dict(OUTPUTS))
    if stage != "first":
        del made["discriminator"]
    given = StageInputs.of({name: inputs / file for name, file in files.items()})
    wanted = StageOutputs.of({name: folder / file for name, file in made.items()})
    log = folder / "train.log"
    with job(log, 1) as threads:
        placement = Placement(threads, devices, nodes, check_memory)
        train_on_devices(given, wanted, settings(stage), HOLDOUT, placement, log)


def send_at(place, count, number):
    """Send this process the signal `number` when it comes to `place` for the `count`th time."""
    import torch

    from dancenow.training import train_target, trainer

    left = [count]

    def reached():
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), number)

    if place == "step":
        average = trainer.Trainer._update_average

        def update(trainer):  # the networks have learned, their average and the optimisers' step have not
            if trainer.device.type != "meta":  # as when its memory is counted
                reached()
            average(trainer)

        trainer.Trainer._update_average = update
    elif place == "save":  # half of the bytes are written
        write = torch.save

        def save(state, file):
            write(state, file)
            file.flush()
            os.truncate(file.name, os.path.getsize(file.name) // 2)
            reached()
            file.seek(0)
            write(state, file)

        torch.save = save
    elif place == "rename":  # between last -> previous and new -> last
        replace = os.replace
        os.replace = lambda *given: (replace(*given), str(given[1]).endswith("previous.pt") and reached())[0]
    elif place == "end":  # trained, but nothing written
        train_target.save_generator = lambda *given: reached()
    else:
        raise ValueError(place)


def attempt(inputs, folder, devices=1, stage="first", place=None, count=0, number=0, after=None):
    """Train in a forked process, sent a signal on the way or killed `after` s; returns its wait status."""
    folder.mkdir(exist_ok=True)
    child = os.fork()
    if not child:
        os.dup2(os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        from dancenow.training import loop, previews

        previews.MOMENTS = 1
        loop.SAVE_SECONDS, loop.OVERHEAD_SHARE = 0, 1e9  # a checkpoint after every step
        if place:
            send_at(place, count, number)
        if after:
            signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            signal.setitimer(signal.ITIMER_REAL, after)
        code = 0
        try:
            train(inputs, folder, devices, stage)
        except SystemExit as ended:
            code = ended.code
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


if __name__ == "__main__":
    # before the forks, so that each costs nothing; torch imports its compiler with the first optimiser
    import torch._dynamo  # noqa: F401

    import dancenow.training.launch  # noqa: F401

    base, script = Path(sys.argv[1]), json.loads(sys.argv[2])
    first, *others = script
    began = time.monotonic()
    statuses = [attempt(base, base / first.pop("folder"), **first)]
    duration = time.monotonic() - began
    for line in others:
        if "after" in line:  # in the script a share of the first one's time
            line["after"] *= duration
        statuses.append(attempt(base, base / line.pop("folder"), **line))
    sys.stdout.write(json.dumps(list(map(os.waitstatus_to_exitcode, statuses))))
