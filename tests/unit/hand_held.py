"""A camera held in a hand, made of footage of a tripod: its frames, and the truth about its path."""

import cv2
import numpy as np


def hand_held_maps(count, fps, size, share=0.68, pan=0.2, zoom=1.3, roll=2.0, shake=0.006, seed=0):
    """(T, 3, 3) float64: from px of each view, of `size` (width, height) px, to px of the whole picture.

    The picture has that size too, and a view shows `share` of its edges, so that the path finds room. In
    shares of a view's edges: pan is its way to the side over the clip, shake the standard deviation of its
    unrest. zoom is the scale that it reaches in the middle, roll the degrees that it leans to each side.
    """
    width, height = size
    moment = np.linspace(0, 1, count)
    random = np.random.default_rng(seed)
    seconds = np.arange(count) / fps
    unrest = np.zeros((count, 2))
    for hertz in (0.7, 1.6, 2.9, 5.3):
        phases = random.uniform(0, 2 * np.pi, 2)
        unrest += np.sin(2 * np.pi * hertz * seconds[:, None] + phases) / np.sqrt(2)
    unrest *= shake * share * max(size) / np.sqrt(2)
    scale = share / (1 + (zoom - 1) * np.sin(np.pi * moment))
    angle = np.deg2rad(roll) * np.sin(2 * np.pi * 1.3 * moment)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    maps = np.tile(np.eye(3), (count, 1, 1))
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    maps[:, :2, :2] = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)
    way = np.stack([(moment - 0.5) * pan * share * width, np.zeros(count)], axis=1)
    maps[:, :2, 2] = way + unrest - maps[:, :2, :2] @ middle
    return maps


def centred(maps, size, picture):
    """The same maps about the middle of a picture of (width, height) px; ValueError if a view leaves it."""
    maps = maps.copy()
    maps[:, :2, 2] += (np.array(picture) - 1) / 2
    width, height = size
    edges = np.array([(x, y, 1) for x in (0, width - 1) for y in (0, height - 1)], float)
    places = (maps @ edges.T)[:, :2]
    if places.min() < 0 or (places.max(axis=(0, 2)) > np.array(picture) - 1).any():
        raise ValueError(f"views reach {places.min():.0f} to {places.max(axis=(0, 2))} px of {picture}")
    return maps


def film_view(picture, there, size, gain=1.0):
    """What the view of one map shows of a (H, W, 3) uint8 picture, brighter by `gain`."""
    view = cv2.warpAffine(
        picture,
        there[:2],
        size,
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.clip(view.astype(np.float32) * gain, 0, 255).round().astype(np.uint8)


def path_error(found, truth, size):
    """(T,) px: how far (T, 3, 3) found maps put the picture's grid from where the true ones do, RMS.

    Each is given in the px of its own scene; what takes the one scene to the other is fitted, for which view
    counts as usual is free.
    """
    width, height = size
    grid = np.array([(x, y) for x in np.linspace(0, width - 1, 7) for y in np.linspace(0, height - 1, 5)])
    ones = np.column_stack([grid, np.ones(len(grid))])
    moved = [(maps @ ones.T).transpose(0, 2, 1) for maps in (found, truth)]
    here, there = (each[..., :2] / each[..., 2:] for each in moved)
    every = np.concatenate([here, np.ones_like(here[..., :1])], axis=2).reshape(-1, 3)
    solution = np.linalg.lstsq(every, there.reshape(-1, 2), rcond=None)[0]
    rest = (every @ solution).reshape(there.shape) - there
    # the truth's px are those of the whole picture; of a view they are fewer or more
    zoom = np.sqrt(np.linalg.det(truth[:, :2, :2]))
    return np.sqrt((rest**2).sum(axis=2).mean(axis=1)) / zoom
