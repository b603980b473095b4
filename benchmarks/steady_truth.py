"""How near the steadied footage of a hand-held target comes to the tripod's.

From the results of a run on a tripod's clip a hand-held one is cut: shake, a slow pan over a fifth of the
picture, a zoom of 1.3, a roll of 2 degrees, an exposure that drifts. It then goes the way of a target's
clip, and what comes out is compared with the tripod's own frames: the way of the camera in px, background
and frames in dB, without and with the exposure taken out. One scale, place and light for the whole clip are
free, for nothing tells them.

    python benchmarks/steady_truth.py results alice [--frames 300] [--known] [--pictures folder]

--known takes the true way of the camera: what is lost then is lost by interpolation and by the exposure.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.camera.find import find_path
from dancenow.camera.path import MOVING, CameraPath
from dancenow.camera.scene import place_view, steady_view
from dancenow.camera.steady_frames import SteadyFrames
from dancenow.keypoints import People, load_pose
from dancenow.model.background import make_background
from dancenow.pictures import write_png
from dancenow.pose.masks import load_masks
from dancenow.video.frames import FrameStore, write_frames

PAN, ZOOM, ROLL, SHAKE = 0.2, 1.3, 2.0, 2.0  # of the picture, times, degrees, px
LIGHT, BLACK = 0.12, 6.0  # of the gain, levels
LOOKED_AT = 12  # frames
BLOCK = 32


def handheld(count, size, seed=0):
    """(T, 3, 3) from px of a hand-held frame to px of the tripod's, whose frames are of this size."""
    moments, (width, height), (own_width, own_height) = np.linspace(0, 1, count), size, inside(size)
    shake = gaussian_filter1d(np.random.default_rng(seed).normal(size=(count, 2)), 2, axis=0)
    shake *= SHAKE / shake.std()
    zoom = 1 + (ZOOM - 1) * np.sin(np.pi * moments) ** 2
    maps = np.tile(np.eye(3), (count, 1, 1))
    for index, moment in enumerate(moments):
        turn = np.deg2rad(ROLL) * np.sin(3 * np.pi * moment)
        linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) / zoom[index] * 1.1
        pan = PAN / 2 * own_width * np.sin(2 * np.pi * moment)
        middle = np.array([(width - 1) / 2 + pan, (height - 1) / 2]) + shake[index]
        maps[index, :2, :2] = linear
        maps[index, :2, 2] = middle - linear @ [(own_width - 1) / 2, (own_height - 1) / 2]
    return maps


def inside(size):
    """(width, height) of the hand-held frames that are cut from a tripod's of this size."""
    return tuple(side * 3 // 4 // BLOCK * BLOCK for side in size)


def exposures(count):
    """(gains, offsets), each (T, 3), of an exposure and a white balance that drift."""
    moments = np.linspace(0, 1, count)[:, None]
    gains = 1 + LIGHT * np.sin(2 * np.pi * 1.3 * moments + [0, 0.4, 0.8])
    return gains, BLACK * np.sin(2 * np.pi * 0.9 * moments + [0, 0.2, 0.5])


def film(tripod, chosen, maps, folder):
    """The FrameStore of the hand-held clip."""
    size = inside((tripod.width, tripod.height))
    gains, offsets = exposures(len(chosen))

    def frames():
        for index, there, gain, offset in zip(chosen.tolist(), maps, gains, offsets, strict=True):
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            frame = cv2.warpAffine(tripod[index], there[:2], size, flags=flags, borderMode=cv2.BORDER_REFLECT)
            yield np.rint(np.clip(frame * gain + offset, 0, 255)).astype(np.uint8)

    def describe(count):
        facts = {"width": size[0], "height": size[1], "frames": count}
        return facts | {"fps": str(tripod.fps), "cuts": [], "clips": []}

    write_frames(frames(), str(tripod.fps), describe, folder / "hand.avi")
    return FrameStore(folder / "hand.avi")


def moved(keypoints, maps):
    """(T, 133, 3) keypoints moved by (T, 3, 3) maps, missing ones left."""
    flat = np.concatenate([keypoints[..., :2], np.ones_like(keypoints[..., :1])], axis=2)
    places = np.einsum("tij,tkj->tki", maps, flat)
    result = keypoints.copy()
    result[..., :2] = np.where(keypoints[..., 2:] > 0, places[..., :2] / places[..., 2:], 0)
    return result.astype(np.float32)


def true_path(maps, size):
    """The CameraPath of the true way, in the view of one of the frames."""
    own = np.linalg.inv(maps[len(maps) // 8]) @ maps
    count, kind, extent = len(own), (MOVING,), np.zeros((1, 4))
    return CameraPath(own, np.ones(count), np.zeros(count, int), kind, extent, *size)


def alone(pose):
    """The People of a clip in which nobody but the performer is found."""
    names = "keypoints", "fps", "width", "height", "estimator", "checkpoint"
    given = {name: getattr(pose, name) for name in names}
    return People(**given, frame=np.arange(len(pose.keypoints), dtype=np.int32), count=len(pose.keypoints))


def to_canvas(view, maps, size):
    """(3, 3) from the tripod's px to the canvas', by a similarity, and the px that are left of the way."""
    across, down = np.meshgrid(np.linspace(0, size[0] - 1, 5), np.linspace(0, size[1] - 1, 5))
    points = np.stack([across.ravel(), down.ravel(), np.ones(across.size)])
    there, here = (
        np.concatenate([(m @ points)[:2].T / (m @ points)[2:].T for m in way]) for way in (maps, view.maps)
    )
    fitted, _ = cv2.estimateAffinePartial2D(there, here, method=cv2.LMEDS)
    whole = np.vstack([fitted, [0, 0, 1]])
    apart = (whole @ np.c_[there, np.ones(len(there))].T)[:2].T - here
    return whole, float(np.sqrt((apart**2).sum(axis=1).mean()))


def decibels(picture, truth, where):
    """PSNR over the px `where`, after the one gain and offset a channel that fit best."""
    error = []
    for channel in range(3):
        given, wanted = picture[where, channel].astype(float), truth[where, channel].astype(float)
        slope, offset = np.polyfit(given, wanted, 1)
        error.append(np.square(slope * given + offset - wanted).mean())
    return 10 * np.log10(255**2 / np.mean(error))


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("target")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    tripod = FrameStore(options.results / f"frames/{options.target}.avi")
    pose = load_pose(options.results / f"poses/{options.target}.npz")
    masks = load_masks(options.results / f"masks/{options.target}.npz")
    chosen = np.arange(min(options.frames, len(tripod)))
    maps = handheld(len(chosen), (tripod.width, tripod.height))
    size = inside((tripod.width, tripod.height))
    own = pose.replace(
        keypoints=moved(pose.keypoints[chosen], np.linalg.inv(maps)),
        origin=pose.origin[chosen],
        width=size[0],
        height=size[1],
    )
    with tempfile.TemporaryDirectory() as folder:
        store = film(tripod, chosen, maps, Path(folder))
        path = true_path(maps, size) if options.known else find_path(store, alone(own), [])
        uneven, even = place_view(path, own), steady_view(path, store, own)
        whole, residual = to_canvas(even, maps, size)
        print(f"way of the camera: {residual:.2f} px RMS on a canvas of {even.width}x{even.height}")
        tripod_masks = [masks[index] for index in chosen.tolist()]
        at_rest = pose.part(chosen)
        filmed = [tripod[index] for index in chosen.tolist()]
        true = make_background(filmed, at_rest, len(chosen), tripod_masks)

        def on_canvas(picture, flags=cv2.INTER_CUBIC):
            return cv2.warpPerspective(picture, whole, (even.width, even.height), flags=flags)

        for name, view in (("as filmed", uneven), ("exposure taken out", even)):
            frames = SteadyFrames(store, view)
            own_masks = [on_canvas(mask, cv2.INTER_LINEAR) for mask in tripod_masks]
            background = make_background(frames, view.steady_pose(own), len(chosen), own_masks)
            shown = np.mean([frames.valid(index) for index in range(0, len(chosen), 10)], axis=0) > 0.1
            told = [f"background {decibels(background, on_canvas(true), shown):.1f} dB"]
            values = []
            for index in np.linspace(0, len(chosen) - 1, LOOKED_AT).astype(int).tolist():
                wanted = on_canvas(tripod[int(chosen[index])])
                seen = frames.valid(index)
                apart = frames[index][seen].astype(float) - wanted[seen]
                light = np.median(apart, axis=0) if view is even else 0
                values.append(10 * np.log10(255**2 / np.square(apart - light).mean()))
            told.append(f"frames {np.mean(values):.1f} dB (least {min(values):.1f})")
            print(f"{name}: {', '.join(told)}")
            if options.pictures:
                options.pictures.mkdir(parents=True, exist_ok=True)
                both = np.concatenate([background, on_canvas(true)], axis=1)
                write_png(options.pictures / f"{name.split()[0]}.png", both)


if __name__ == "__main__":
    main()
