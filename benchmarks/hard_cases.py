"""What moved pieces of the footage look like where they have it hard: strips for docs/references.md.

    python benchmarks/hard_cases.py RESULTS FOLDER [CASE ...]

RESULTS: the folder `results` of a run; FOLDER: where hard_CASE.jpg go. The run needs what previews are made
of, of these subjects: alice and brunomars of the demo; short, two seconds of alice; photo, one frame of her
for three seconds; twirl, a dance of whole turns, and turning, alice who turns round. Each strip has a row per
clip and result, and a column per moment.

Made when they are asked for by name: pirouette, which takes the result turning_as_twirl of a training;
skirt, mask and two, which take clips of real people, subjects skirt, moonwalk and two, whose licences keep
them out of this repository.
"""

import sys
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import cv2
import numpy as np

from dancenow.keypoints import INDEX, LEFT_HAND, RIGHT_HAND, load_pose
from dancenow.model.background import make_background, reach
from dancenow.model.performer_masks import difference
from dancenow.pictures import read_png
from dancenow.pose.masks import MaskPacker, load_masks
from dancenow.references.files import load_bank
from dancenow.references.making import make_bank
from dancenow.references.preview import flat_colours, over, with_shapes
from dancenow.training.holdout import training_frame_count
from dancenow.video.frames import FrameStore
from dancenow.video.media import decode, probe

HOLDOUT = 0.2
COLUMNS, HEIGHT = 5, 300  # px, of a picture
TURN_COLUMNS = 8
MARGIN = 0.15  # around the person, of its height
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 82]
SHIRT, FLOOR = (195, 60, 65), 387  # alice's; px from above, where the wall ends
WRONG = 3  # in one of so many frames the left hand is taken for the right one


class Run:
    """The files of a run that the cases read. results: its folder."""

    def __init__(self, results):
        self.results = Path(results)

    def pose(self, name):
        return load_pose(self.results / f"poses/{name}.npz")

    def frames(self, subject):
        return FrameStore(self.results / f"frames/{subject}.avi")

    def background(self, subject):
        return read_png(self.results / f"backgrounds/{subject}.png")

    def bank(self, subject):
        return load_bank(self.results / f"references/{subject}.npz")

    def masks(self, subject):
        return load_masks(self.results / f"masks/{subject}.npz")

    def made(self, subject, pose=None, masks=None):
        """A bank of the subject's footage with another pose or other masks than the run's."""
        pose = self.pose(subject) if pose is None else pose
        masks = self.masks(subject) if masks is None else masks
        frames = self.frames(subject)
        count = training_frame_count(len(frames), HOLDOUT)
        return make_bank(frames, pose, masks, self.background(subject), count)


def moments(pose, first=0.05, last=0.95):
    """COLUMNS frame numbers, evenly spread over a share of the dance."""
    return np.linspace(first * len(pose.keypoints), last * len(pose.keypoints) - 1, COLUMNS).astype(int)


def sources(run, source, when):
    """The source's frames, cut around the person of all of them."""
    frames, pose = run.frames(source), run.pose(source)
    return cropped([frames[int(index)] for index in when], pose.keypoints[when])


def results(background, pose, bank, when):
    """What the bank shows of these moments over the background, cut around the person of all of them."""
    (references, shares), colours, made = bank.choose(pose.keypoints), flat_colours(bank), []
    for index in when:
        points, window = pose.keypoints[index], (0, 0, pose.width, pose.height)
        picture = bank.picture(points, references[index], window, shares[index])
        shapes = with_shapes(picture, bank, colours, points, references[index, :, 0])
        made.append(over(shapes, bank.shadows.on(background, points, window)))
    return cropped(made, pose.keypoints[when])


def cropped(pictures, keypoints):
    """Pictures (H, W, 3) cut to one box around the people in all of them, each HEIGHT px tall."""
    height, width = pictures[0].shape[:2]
    points = keypoints[keypoints[..., 2] > 0][:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    around = MARGIN * (high[1] - low[1])
    left, top = np.clip(low - around, 0, None).astype(int)
    right, bottom = np.minimum(high + around, (width, height)).astype(int)
    scale = HEIGHT / (bottom - top)
    size = round(scale * (right - left)), HEIGHT
    return [
        cv2.resize(picture[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
        for picture in pictures
    ]


def few(run):
    """From 48 seconds of footage, and from two."""
    when, rows = None, []
    for target in ("alice", "short"):
        pose = run.pose(f"{target}_as_brunomars")
        when = moments(pose)
        rows.append(results(run.background(target), pose, run.bank(target), when))
    return [sources(run, "brunomars", when), *rows]


def one_pose(run):
    """From a single frame."""
    pose = run.pose("photo_as_brunomars")
    when = moments(pose)
    return [sources(run, "brunomars", when), results(run.background("photo"), pose, run.bank("photo"), when)]


def unseen(run):
    """Whole turns, from footage that never shows the back, and from footage that does."""
    rows, when = [], np.linspace(130, 185, COLUMNS).astype(int)  # a turn of the source
    for target in ("alice", "turning"):
        pose = run.pose(f"{target}_as_twirl")
        rows.append(results(run.background(target), pose, run.bank(target), when))
    return [sources(run, "twirl", when), *rows]


def wrong_point(run):
    """With right poses, and with a left hand that is taken for the right one in every third frame."""
    pose, own = run.pose("alice_as_brunomars"), run.pose("alice")
    points, when = own.keypoints.copy(), moments(pose)
    points[::WRONG, LEFT_HAND] = points[::WRONG, RIGHT_HAND]
    points[::WRONG, INDEX["left_wrist"]] = points[::WRONG, INDEX["right_wrist"]]
    damaged = run.made("alice", own.replace(keypoints=points))
    rows = [results(run.background("alice"), pose, bank, when) for bank in (run.bank("alice"), damaged)]
    return [sources(run, "brunomars", when), *rows]


class Recoloured:
    """Footage before another wall. frames, masks: sequences as in make_bank; wall: (H, W, 3) uint8."""

    def __init__(self, frames, masks, wall):
        self.frames, self.masks, self.wall = frames, masks, wall

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, index):
        share = self.masks[index][..., None].astype(np.float32) / 255
        return np.rint(share * self.frames[index] + (1 - share) * self.wall).astype(np.uint8)


def by_difference(frames, pose):
    """Masks as of frames in which MediaPipe's models do not find the performer."""
    background = make_background(frames, pose, training_frame_count(len(frames), HOLDOUT))
    packer = MaskPacker(pose.width, pose.height)
    for index, points in enumerate(pose.keypoints):
        packer.add(difference(frames[index], background) * reach(points, pose.width, pose.height))
    return packer.packed()


def wall(run):
    """Before a wall of the shirt's colour: with the estimator's masks, and by difference from the wall."""
    pose, own = run.pose("alice_as_brunomars"), run.pose("alice")
    masks, background = run.masks("alice"), run.background("alice")
    red = background.astype(np.float32)
    red[:FLOOR] *= SHIRT / background[:FLOOR].mean(axis=(0, 1))
    red = np.clip(red, 0, 255).astype(np.uint8)
    frames, when = Recoloured(run.frames("alice"), masks, red), moments(pose)
    count = training_frame_count(len(frames), HOLDOUT)
    banks = [make_bank(frames, own, each, red, count) for each in (masks, by_difference(frames, own))]
    shown = moments(own)
    footage = cropped([frames[int(index)] for index in shown], own.keypoints[shown])
    return [footage, *(results(red, pose, bank, when) for bank in banks)]


def mask(run):
    """Black clothes on a black stage: the estimator's masks, and the difference from the background."""
    pose, own, frames = run.pose("moonwalk_as_brunomars"), run.pose("moonwalk"), run.frames("moonwalk")
    when = moments(pose)
    banks = run.bank("moonwalk"), run.made("moonwalk", masks=by_difference(frames, own))
    shown = moments(own)
    footage = cropped([frames[int(index)] for index in shown], own.keypoints[shown])
    return [footage, *(results(run.background("moonwalk"), pose, bank, when) for bank in banks)]


def two(run):
    """Two people who touch: the footage, and the one on the right performing the dance."""
    pose, own, frames = run.pose("two_as_brunomars"), run.pose("two"), run.frames("two")
    shown = moments(own)
    footage = cropped([frames[int(index)] for index in shown], own.keypoints[shown])
    return [footage, results(run.background("two"), pose, run.bank("two"), moments(pose))]


def skirt(run):
    """A skirt, which hangs from no bone."""
    pose = run.pose("skirt_as_brunomars")
    when = moments(pose)
    return [sources(run, "brunomars", when), results(run.background("skirt"), pose, run.bank("skirt"), when)]


def pirouette(run):
    """A whole turn, by a trained generator."""
    when = np.linspace(25, 70, TURN_COLUMNS).astype(int)
    pose, video = run.pose("turning_as_twirl"), run.results / "turning_as_twirl.mp4"
    shown = list(islice(decode(video, probe(video), pose.width, pose.height), int(when[-1]) + 1))
    return [sources(run, "twirl", when), cropped([shown[index] for index in when], pose.keypoints[when])]


RENDERED = {case.__name__: case for case in (few, one_pose, unseen, wrong_point, wall)}
ASKED_FOR = {case.__name__: case for case in (pirouette, mask, two, skirt)}


def strip(rows):
    """One picture of rows of equally tall pictures, each row as wide as the widest."""
    rows = [np.hstack(row) for row in rows]
    width = min(row.shape[1] for row in rows)
    scaled = [
        cv2.resize(row, (width, round(row.shape[0] * width / row.shape[1])), interpolation=cv2.INTER_AREA)
        for row in rows
    ]
    return np.vstack(scaled)


def main():
    results_folder, folder, *names = sys.argv[1:]
    run = Run(results_folder)
    for name in names or RENDERED:
        picture = strip((RENDERED | ASKED_FOR)[name](run))
        cv2.imwrite(str(Path(folder) / f"hard_{name}.jpg"), picture[..., ::-1], JPEG)
        print(f"hard_{name}.jpg: {picture.shape[1]}x{picture.shape[0]} px", flush=True)


if __name__ == "__main__":
    main()
