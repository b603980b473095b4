"""A training on hand-held footage against one on the same footage of a tripod, judged by the ground truth.

    PYTHONPATH=workflow_scripts:tests/unit python benchmarks/hand_held_training.py film
    snakemake ... results/hand_as_brunomars.mp4 results/alice_as_brunomars.mp4
    ... hand_held_training.py lean, the same snakemake, ... hand_held_training.py compare [--frames 100]

In the folder of a run of the demo. `film` makes frames, detections and masks of the subject `hand` (in the
configuration another name for alice's clip): alice's footage filmed by hand, out of a larger view with her
still background mirrored around it, with a pan of a fifth, a zoom of 1.3, 2 degrees of roll, shake and 12 %
of exposure. Detections move exactly. Where a camera leans on average, nothing tells it from the scene, and
the dancer stands upright in its view; `lean` turns the driving pose with the scene. `compare` brings the
tripod's result and the truth into the view and the light of the hand-held clip, and prints SSIM, PSNR and
LPIPS of both in the person's box, every fifth frame.
"""

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from dancenow.camera.path import moved_points
from dancenow.camera.view import load_view
from dancenow.evaluation.lpips import choose_lpips, load_judges
from dancenow.evaluation.metrics import perceptual_in_box, person_box, psnr_in_box, ssim_in_box
from dancenow.files import read_json
from dancenow.keypoints import load_people, load_pose, save_people, save_pose
from dancenow.pictures import read_png
from dancenow.pose.masks import MaskPacker, load_masks, save_masks
from dancenow.video.frames import FrameStore, write_frames
from dancenow.video.media import decode, probe
from hand_held import centred, film_view, hand_held_maps

RESULTS, TARGET, HAND, SOURCE = Path("results"), "alice", "hand", "brunomars"
LEFT, ABOVE, BELOW = 80, 50, 118  # px around a frame: a view that zooms still shows the feet
EXPOSURE, EVERY, ALIKE = 0.12, 5, 8  # share; frames; levels between backgrounds that differ by their light


def way(store):
    """(T, 3, 3) maps from px of the hand-held frames to px of the tripod's."""
    size = store.width, store.height
    whole = size[0] + 2 * LEFT, size[1] + ABOVE + BELOW
    maps = centred(hand_held_maps(len(store), float(store.fps), size, share=1.0), size, whole)
    return np.array([[1, 0, -LEFT], [0, 1, -ABOVE], [0, 0, 1]], float) @ maps


def film():
    store = FrameStore(RESULTS / f"frames/{TARGET}.avi")
    size, maps = (store.width, store.height), way(store)
    still = read_png(RESULTS / f"backgrounds/{TARGET}.png")
    wide = cv2.copyMakeBorder(still, ABOVE, BELOW, LEFT, LEFT, cv2.BORDER_REFLECT)
    inside = np.s_[ABOVE : ABOVE + store.height, LEFT : LEFT + store.width]
    to_wide = np.array([[1, 0, LEFT], [0, 1, ABOVE], [0, 0, 1]], float)
    gains = 1 + EXPOSURE * np.sin(np.linspace(0, 5, len(store)))

    def frames():
        for index, gain in enumerate(gains):
            picture = wide.copy()
            picture[inside] = store[index]
            yield film_view(picture, to_wide @ maps[index], size, gain)

    facts = read_json(RESULTS / f"frames/{TARGET}.json")
    shutil.copy(RESULTS / f"clips/{TARGET}.json", RESULTS / f"clips/{HAND}.json")
    frames_path = RESULTS / f"frames/{HAND}.avi"
    write_frames(frames(), str(store.fps), lambda count: facts | {"frames": count}, frames_path)
    people = load_people(RESULTS / f"poses/{TARGET}.people.npz")
    keypoints = people.keypoints.copy()
    there = moved_points(np.linalg.inv(maps)[people.frame], keypoints[..., :2].astype(float))
    keypoints[..., :2] = there
    gone = (there < 0).any(axis=2) | (there > np.array(size) - 1).any(axis=2)
    keypoints[gone | (people.keypoints[..., 2] == 0)] = 0
    save_people(RESULTS / f"poses/{HAND}.people.npz", replace(people, keypoints=keypoints))
    found, packer = load_masks(RESULTS / f"masks/{TARGET}.found.npz"), MaskPacker(*size)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for index in range(len(store)):
        packer.add(cv2.warpAffine(found[index], maps[index][:2], size, flags=flags))
    save_masks(RESULTS / f"masks/{HAND}.found.npz", packer.packed())


def to_framing(store):
    """(2, 3) similarity from the tripod's px to px of the hand-held clip's usual framing."""
    view = load_view(RESULTS / f"steady/{HAND}.npz").framed()
    grid = np.stack(np.meshgrid(np.linspace(0, store.width - 1, 5), np.linspace(0, store.height - 1, 5)), -1)
    grid = np.tile(grid.reshape(1, -1, 2), (len(view.used), 1, 1))
    there, here = (moved_points(maps, grid).reshape(-1, 2) for maps in (way(store)[view.used], view.maps))
    fitted, _ = cv2.estimateAffinePartial2D(there, here, method=cv2.LMEDS)
    left = np.sqrt(((there @ fitted[:, :2].T + fitted[:, 2] - here) ** 2).sum(axis=1).mean())
    turn = np.degrees(np.arctan2(fitted[1, 0], fitted[0, 0]))
    scale = np.hypot(fitted[0, 0], fitted[1, 0])
    print(f"framing: {scale:.3f} times as large, turned by {turn:.2f} degrees, path {left:.2f} px RMS")
    return fitted


def lean():
    fitted = to_framing(FrameStore(RESULTS / f"frames/{TARGET}.avi"))
    path = RESULTS / f"poses/{HAND}_as_{SOURCE}.npz"
    pose, place = load_pose(path), read_json(RESULTS / f"normalization/{HAND}.json")
    turn, middle = (
        fitted[:, :2] / np.sqrt(np.linalg.det(fitted[:, :2])),
        (place["x_median"], place["s_median"]),
    )
    keypoints = pose.keypoints.copy()
    turned = (keypoints[..., :2] - middle) @ turn.T + middle
    keypoints[..., :2] = np.where(keypoints[..., 2:] > 0, turned, 0)
    save_pose(path, pose.replace(keypoints=keypoints))


def compare(count):
    store = FrameStore(RESULTS / f"frames/{TARGET}.avi")
    size, fitted = (store.width, store.height), to_framing(store)
    x, y, w, h = load_view(RESULTS / f"steady/{HAND}.npz").framing.tolist()
    light, own = [], read_png(RESULTS / f"backgrounds/{HAND}.png")[y : y + h, x : x + w]

    def moved(picture):
        return cv2.warpAffine(picture, fitted, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    other = moved(read_png(RESULTS / f"backgrounds/{TARGET}.png"))
    for given, wanted in zip(other.reshape(-1, 3).T.astype(float), own.reshape(-1, 3).T, strict=True):
        alike, line = np.ones(len(given), bool), None
        for _ in range(3):
            line = np.polyfit(given[alike], wanted[alike], 1)
            alike = abs(np.polyval(line, given) - wanted) < ALIKE
        light.append(np.polyval(line, np.arange(256)).clip(0, 255).round().astype(np.uint8))
    table = np.stack(light, axis=-1)[:, None]
    clips = "data/alice_as_brunomars.truth.mp4", *(f"results/{n}_as_{SOURCE}.mp4" for n in (TARGET, HAND))
    truth, tripod, hand = (decode(Path(clip), probe(Path(clip)), *size) for clip in clips)
    keypoints = load_pose(RESULTS / f"poses/{TARGET}_as_{SOURCE}.npz").keypoints
    judges, rows = load_judges(choose_lpips()), {"tripod": [], "hand-held": []}
    for index, (true, still, held) in enumerate(zip(truth, tripod, hand, strict=False)):
        if index >= count:
            break
        if index % EVERY:
            continue
        wanted, still = (cv2.LUT(moved(picture), table) for picture in (true, still))
        there = keypoints[index].copy()
        there[:, :2] = there[:, :2] @ fitted[:, :2].T + fitted[:, 2]
        there[keypoints[index, :, 2] == 0] = 0
        box = person_box(there, *size)
        far = {name: perceptual_in_box(judge, [still, held], wanted, box) for name, judge in judges.items()}
        for number, (name, shown) in enumerate(zip(rows, (still, held), strict=True)):
            near = ssim_in_box(shown, wanted, box), psnr_in_box(shown, wanted, box)
            rows[name].append([*near, *(distances[number] for distances in far.values())])
    for name, values in rows.items():
        mean = np.mean(values, axis=0)
        judged = ", ".join(f"{judge} {value:.4f}" for judge, value in zip(judges, mean[2:], strict=True))
        print(f"{name}: SSIM {mean[0]:.4f}, PSNR {mean[1]:.2f}, {judged}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["film", "lean", "compare"])
    parser.add_argument("--frames", type=int, default=100)
    given = parser.parse_args()
    {"film": film, "lean": lean, "compare": lambda: compare(given.frames)}[given.what]()


if __name__ == "__main__":
    main()
