"""Preview a transfer: the moved pieces over the background, before any training."""

from pathlib import Path

import numpy as np

from dancenow.camera.replay import Replay
from dancenow.keypoints import Pose
from dancenow.references.bank import Bank
from dancenow.references.body_parts import PARTS, TRUNK_DEPTH, Figure, distances, enlarged, other_side
from dancenow.references.choice import Choice
from dancenow.video.media import encode

# radii: a part without a piece is shown as a flat shape up to this distance from its bones, fading over FADE
SHAPE, FADE = {"trunk": TRUNK_DEPTH + 0.4}, 0.3
USUAL_SHAPE = 1.0
FINER = 4  # times finer than the bank's grid, which would show as steps at the edge of a shape
SKIN = 0.012  # of the standing height: so near to the nose a face shows skin


def over(picture: np.ndarray, background: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: a premultiplied (H, W, 4) uint8 picture over a (H, W, 3) one."""
    through = 255 - picture[..., 3:].astype(np.uint16)
    return (picture[..., :3] + (background * through + 127) // 255).clip(0, 255).astype(np.uint8)


def flat_colours(bank: Bank) -> np.ndarray:
    """(parts, 3) float32 RGB: mean colour of each of the bank's parts.

    One that is never shown takes that of the other side's, else an arm or hand the skin's, and any other the
    mean of all.
    """
    totals = np.array(
        [
            sum((piece.reshape(-1, 4).sum(axis=0, dtype=np.float64) for _, _, piece in pieces), np.zeros(4))
            for pieces in bank.pieces
        ]
    )
    everything, skin = totals.sum(axis=0), _skin(bank)
    for number, part in enumerate(PARTS):
        if not len(bank.pieces[number]):
            side, _, limb = part.partition("_")
            other = totals[PARTS.index(f"{other_side(side)}_{limb}")] if limb else everything
            bare = skin if limb in ("arm", "hand") and skin[3] else everything
            totals[number] = other if other[3] else bare
    return (255 * totals[:, :3] / np.maximum(totals[:, 3:], 1)).astype(np.float32)


def _skin(bank: Bank) -> np.ndarray:
    """(4,) sum of the premultiplied RGBA around the noses of the bank's heads, 0 if none shows one."""
    head, reach, total = PARTS.index("head"), max(1, round(SKIN * bank.unit)), np.zeros(4)
    turns = bank.turns[head][: len(bank.rows[head])]  # of the mirrored ones follow
    for row, turn, (x, y, piece) in zip(bank.rows[head], turns, bank.pieces[head], strict=True):
        column, line = np.rint(bank.figures[row].joint("nose") - (x, y)).astype(int)
        if turn > 0 and min(line, column) >= reach:
            place = slice(line - reach, line + reach + 1), slice(column - reach, column + reach + 1)
            total += piece[place].reshape(-1, 4).sum(axis=0, dtype=np.float64)
    return total


def with_shapes(
    picture: np.ndarray, bank: Bank, colours: np.ndarray, keypoints: np.ndarray, chosen: np.ndarray
) -> np.ndarray:
    """A picture of the whole frame with a flat shape for each part that has a pose but no piece.

    picture: (H, W, 4) uint8 as from Bank.picture; colours: as from flat_colours; keypoints: (133, 3);
    chosen: (parts,) int. Returns the same picture if no part lacks a piece.
    """
    figure = Figure(keypoints, bank.unit)
    missing = np.flatnonzero(figure.visible & (chosen < 0))
    if not len(missing):
        return picture
    height, width = picture.shape[:2]
    step = max(1, bank.step // FINER)
    away = distances(figure, (0, 0, width, height), step)
    nearest = away.argmin(axis=0)
    result = picture.astype(np.float32)
    for number in missing:
        reach = SHAPE.get(PARTS[number], USUAL_SHAPE) - away[number]
        share = np.clip(reach / FADE, 0, 1) * (nearest == number)
        share = enlarged(share.astype(np.float32), step, width, height)[..., None]
        share *= 1 - result[..., 3:] / 255
        result += share * np.append(colours[number], 255)
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def write_preview(
    pose: Pose,
    bank: Bank,
    chosen: Choice,
    background: np.ndarray,
    video_path: str | Path,
    replay: Replay,
) -> None:
    """Write the dance as an H.264 video without sound; parts without a piece are flat shapes.

    pose: the skeleton in the target's frame; bank: the target's; chosen: as from Bank.choose;
    background: (H, W, 3) uint8.
    """
    canvas = replay.view.on_canvas(pose)
    window, colours = (0, 0, canvas.width, canvas.height), flat_colours(bank)
    frames = (
        over(
            with_shapes(bank.picture(points, own, window, shares), bank, colours, points, own[:, 0]),
            bank.shadows.on(background, points, window),
        )
        for points, own, shares in zip(canvas.keypoints, *chosen, strict=True)
    )
    frames = (replay(frame, index) for index, frame in enumerate(frames))
    encode(video_path, frames, pose.fps, pose.width, pose.height)
