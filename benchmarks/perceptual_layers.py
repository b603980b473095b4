"""Which layers of EfficientNet-Lite serve a perceptual loss: rank correlation with known damage, and cost.

Frames of a clip are damaged in five ways at five rising strengths each. A layer is good if the L1 distance
between its features of the damaged and the undamaged frame rises with the strength, in all frames alike; if
it minds blur and ghosts more than the same pixel error by a shift; if descending it restores the damaged
frame, judged by SSIM and by another network; and if it takes little time. Prints Markdown tables.

    PYTHONPATH=workflow_scripts python benchmarks/perceptual_layers.py data/alice.mp4
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity
from torch.nn import functional as F

from dancenow.evaluation.lpips import evaluation_decision
from dancenow.model.perceptual import (
    VGG19_CHANNELS,
    build_lite,
    build_vgg19,
    load_perceptual,
    packaged_file,
    perceptual_distance,
    perceptual_loss,
)

SIDE = 352  # px of the square around the person: the whole body, little background
LAYERS = ("stem", *(f"stage {number}" for number in range(1, 8)))
# {layer: share}; the shares of one set add up to 1
SETS = {
    "stem": {0: 1.0},
    "stem, 1, 2": {0: 0.34, 1: 0.33, 2: 0.33},
    "stem, 1, 2, 3": {0: 0.25, 1: 0.25, 2: 0.25, 3: 0.25},
    "stem, 1, 2, 3, 5": {0: 0.2, 1: 0.2, 2: 0.2, 3: 0.2, 5: 0.2},
    "the same, shares .3 .3 .2 .1 .1": {0: 0.3, 1: 0.3, 2: 0.2, 3: 0.1, 5: 0.1},
    "stem, 2, 3, 5, 6": {0: 0.2, 2: 0.2, 3: 0.2, 5: 0.2, 6: 0.2},
    "all eight": dict.fromkeys(range(8), 0.125),
}
BLUR, SHIFT, GHOST = "blur (sigma px)", "shift of the person (px)", "ghost (share of another frame)"
LIMB, JPEG = "wrong limb (px)", "JPEG (100 - quality)"
STRENGTHS = {
    BLUR: (0.5, 1, 1.5, 2.5, 4),
    SHIFT: (1, 2, 3, 5, 8),
    GHOST: (0.05, 0.1, 0.2, 0.3, 0.5),
    LIMB: (1, 2, 3, 5, 8),  # frames away; the strength is how far the joints moved
    JPEG: (20, 40, 60, 80, 92),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", help="one of the demo's clips, with its .keypoints.npz beside it")
    parser.add_argument("--network", default="efficientnet-lite0")
    parser.add_argument("--frames", type=int, default=24, help="frames to damage")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    frames = read_clip(arguments.clip)
    background = np.median(frames[:: max(1, len(frames) // 60)], axis=0).astype(np.uint8)
    chosen = np.linspace(20, len(frames) - 20, arguments.frames).astype(int)
    network = build_lite(arguments.network, read_weights(arguments.network), SETS["all eight"])

    unlike = unlike_distances(network, frames, background, chosen)
    distances, strengths = {}, {}
    for kind, levels in STRENGTHS.items():
        rows = [
            [row_of(network, frames, background, index, kind, level) for level in levels] for index in chosen
        ]
        distances[kind] = np.array(rows)  # (frames, levels, layers + pixel L1)
        strengths[kind] = np.tile(levels, (len(chosen), 1))
    strengths[LIMB] = joint_shifts(arguments.clip, chosen)
    print_layers(distances, strengths, unlike, timings(arguments.network))
    examples = restoration_examples(frames, background, chosen)
    print_sets(arguments.network, distances, strengths, unlike, examples)
    lite = milliseconds(build_lite(arguments.network, read_weights(arguments.network)))
    print(f"the five chosen layers of {arguments.network}: {lite:.0f} ms; ", end="")
    print(f"VGG19, relu1_1 to relu5_1: {milliseconds(untrained_vgg19()):.0f} ms")


def read_clip(path):
    """(T, H, W, 3) uint8 RGB."""
    capture, frames = cv2.VideoCapture(path), []
    while True:
        going, frame = capture.read()
        if not going:
            return np.stack(frames)
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))


def joint_shifts(clip, chosen):
    """(frames, levels): mean way in px of the true joints to where they were `level` frames before."""
    with np.load(Path(clip).with_suffix(".keypoints.npz")) as stored:
        joints = stored["keypoints"][..., :2]
    ways = [joints[chosen] - joints[chosen - away] for away in STRENGTHS[LIMB]]
    return np.stack([np.linalg.norm(way, axis=2).mean(axis=1) for way in ways], axis=1)


def person_mask(frame, background):
    """(H, W) bool: what differs from the background, holes closed."""
    different = (np.abs(frame.astype(int) - background).max(axis=2) > 24).astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    opened = cv2.morphologyEx(different, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return cv2.morphologyEx(opened, cv2.MORPH_CLOSE, kernel).astype(bool)


def crop(image, mask):
    """The SIDE x SIDE square centred on the person, inside the frame."""
    centre = np.argwhere(mask).mean(axis=0)
    y, x = np.clip(centre - SIDE / 2, 0, np.array(mask.shape) - SIDE).astype(int)
    return image[y : y + SIDE, x : x + SIDE]


def damaged(frames, background, index, kind, level):
    """One frame, damaged: (H, W, 3) uint8."""
    frame = frames[index]
    if kind == BLUR:
        return cv2.GaussianBlur(frame, (0, 0), level)
    if kind == SHIFT:
        mask = np.roll(person_mask(frame, background), level, axis=1)
        return np.where(mask[..., None], np.roll(frame, level, axis=1), background)
    if kind == GHOST:
        return cv2.addWeighted(frame, 1 - level, frames[index - 10], level, 0)
    if kind == LIMB:
        return frames[index - level]
    jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 100 - level])[1]
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR)


def as_tensor(image):
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 127.5 - 1


@torch.no_grad()
def layer_distances(network, a, b):
    """(layers + 1,): the L1 distance in each layer, and last between the pixels."""
    a, b = as_tensor(a), as_tensor(b)
    pairs = [*zip(network(a), network(b), strict=True), (a, b)]
    return np.array([float(F.l1_loss(x, y)) for x, y in pairs])


def row_of(network, frames, background, index, kind, level):
    mask = person_mask(frames[index], background)
    original = frames[index]
    if kind == SHIFT:  # pasted at shift 0 too, so that the paste itself costs nothing
        original = np.where(mask[..., None], original, background)
    changed = damaged(frames, background, index, kind, level)
    return layer_distances(network, crop(original, mask), crop(changed, mask))


def unlike_distances(network, frames, background, chosen):
    """(layers + 1,): mean distance between frames far apart in time, each cropped around its own person."""
    crops = [crop(frames[index], person_mask(frames[index], background)) for index in chosen]
    half = len(crops) // 2
    pairs = zip(crops[:half], crops[half : 2 * half], strict=True)
    return np.mean([layer_distances(network, a, b) for a, b in pairs], axis=0)


def read_weights(name):
    """The state dict of a packaged network."""
    return torch.load(packaged_file(name), map_location="cpu", weights_only=True)


def timings(name):
    """ms for one 256 x 256 image, forward and backward to the image, up to and including each layer."""
    state = read_weights(name)
    return [milliseconds(build_lite(name, state, {last: 1.0})) for last in range(8)]


def milliseconds(network, rounds=7):
    """Median time of one forward and backward pass of one 256 x 256 image."""
    network.to(memory_format=torch.channels_last)
    fake = torch.zeros(1, 3, 256, 256).to(memory_format=torch.channels_last).requires_grad_()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        sum(feature.mean() for feature in network(fake)).backward()
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.median(seconds))


def untrained_vgg19():
    """VGG19 with arbitrary weights: as fast as the real one, which not every machine has."""
    state, index, width_in = {}, 0, 3
    for width in VGG19_CHANNELS:
        if width != "M":
            state[f"features.{index}.weight"] = torch.full((width, width_in, 3, 3), 0.1 / width_in)
            state[f"features.{index}.bias"] = torch.zeros(width)
            width_in = width
        index += 1 if width == "M" else 2
    return build_vgg19(state)


def correlations(distances, strengths):
    """Per kind of damage: Spearman's rank correlation over all frames and strengths pooled."""
    return [spearmanr(distances[kind].ravel(), strengths[kind].ravel()).statistic for kind in STRENGTHS]


def severity(distances, kind):
    """Distance per pixel L1 for one kind of damage, over the same for a shift: above 1 minds it more."""
    slopes = [distances[k][..., 0].sum() / distances[k][..., 1].sum() for k in (kind, SHIFT)]
    return slopes[0] / slopes[1]


def judge_cells(distances, strengths, pixels):
    """Table cells for one distance: rank correlations, their mean, severities of blur and ghost."""
    ranks = correlations(distances, strengths)
    paired = {kind: np.stack([values, pixels[kind]], axis=-1) for kind, values in distances.items()}
    severities = [severity(paired, kind) for kind in (BLUR, GHOST)]
    return [f"{rank:.3f}" for rank in (*ranks, np.mean(ranks))] + [f"{value:.2f}" for value in severities]


def print_table(first, last, rows):
    kinds = [kind.split(" (")[0] for kind in STRENGTHS]
    header = [first, *kinds, "mean", "blur : shift", "ghost : shift", *last]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def print_layers(distances, strengths, unlike, milliseconds):
    rows = []
    pixels = {kind: values[..., -1] for kind, values in distances.items()}
    for layer, name in enumerate((*LAYERS, "pixel L1")):
        one = {kind: values[..., layer] for kind, values in distances.items()}
        cost = f"{milliseconds[layer]:.1f}" if layer < len(LAYERS) else "0"
        rows.append([name, *judge_cells(one, strengths, pixels), f"{unlike[layer]:.4f}", cost])
    print_table("layer", ["unlike frames", "ms up to here"], rows)


def print_sets(name, distances, strengths, unlike, examples):
    rows = []
    pixels = {kind: values[..., -1] for kind, values in distances.items()}
    state, judge = read_weights(name), load_perceptual(evaluation_decision())
    for title, shares in SETS.items():
        weights = {layer: share / unlike[layer] for layer, share in shares.items()}
        pooled = {
            kind: values[..., list(weights)] @ [*weights.values()] for kind, values in distances.items()
        }
        network = build_lite(name, state, weights)
        cells = [cell for pairs in examples.values() for cell in restoration(network, judge, pairs)]
        rows.append([title, *judge_cells(pooled, strengths, pixels), *cells])
    last = [f"{kind.split(' (')[0]}: {what}" for kind in examples for what in ("SSIM", "distance left")]
    print_table("layers, each over its distance of unlike frames", last, rows)


def restoration_examples(frames, background, chosen):
    """{kind: [(undamaged, damaged) 192 x 192 crops]} to descend from."""
    examples = {}
    for kind, level in ((BLUR, 2), (GHOST, 0.4)):
        pairs = []
        for index in chosen[:: len(chosen) // 3][:3]:
            mask = person_mask(frames[index], background)
            changed = damaged(frames, background, index, kind, level)
            pairs.append([crop(image, mask)[60:252, 80:272] for image in (frames[index], changed)])
        examples[kind] = pairs
    return examples


def restoration(network, judge, pairs, steps=80):
    """Cells: SSIM after descending the loss from the damaged crop; the judge's distance over that before."""
    similarity, left = [], []
    for wanted, start in pairs:
        wanted, start = as_tensor(wanted), as_tensor(start)
        image = start.clone().requires_grad_()
        adam = torch.optim.Adam([image], lr=0.004)
        decay = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 0.0, steps)
        for _ in range(steps):
            adam.zero_grad()
            perceptual_loss(network, image, wanted).backward()
            adam.step()
            decay.step()
        image = image.detach().clamp(-1, 1)
        arrays = [x[0].permute(1, 2, 0).numpy() for x in (image, wanted)]
        similarity.append(structural_similarity(*arrays, channel_axis=2, data_range=2))
        left.append(
            float(perceptual_distance(judge, image, wanted) / perceptual_distance(judge, start, wanted))
        )
    return [f"{np.mean(similarity):.3f}", f"{np.mean(left):.2f}"]


if __name__ == "__main__":
    main()
