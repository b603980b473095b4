"""A scene with a pattern, and a camera in somebody's hand that films it."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from dancenow.camera.view import SteadyView

WIDTH, HEIGHT, MARGIN = 128, 96, 32
CANVAS = WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN


class Store:
    """Frames in memory, with what else a FrameStore has."""

    path, fps, cuts = Path("a.avi"), Fraction(25), []

    def __init__(self, frames):
        self.frames = frames
        self.height, self.width = frames[0].shape[:2]
        self.facts = {"fps": "25", "frames": len(frames), "width": self.width, "height": self.height}

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, index):
        return self.frames[index]


def scene(seed=0):
    """A wall and a floor with a pattern that no interpolation loses, on the canvas."""
    noise = np.random.default_rng(seed).normal(0, 1, (CANVAS[1], CANVAS[0], 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    level = np.where(np.arange(CANVAS[1])[:, None, None] < 110, [190, 170, 150], [90, 80, 110])
    return np.clip(level + 25 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def handheld(count=40):
    """(T, 3, 3): a camera that sways, pans, rolls and zooms, from px of its frames to px of the canvas."""
    maps = np.tile(np.eye(3), (count, 1, 1))
    for index, moment in enumerate(np.linspace(0, 1, count)):
        turn, zoom = np.deg2rad(2) * np.sin(9 * moment), 1 - 0.2 * np.sin(3 * moment) ** 2
        linear = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
        there = middle + MARGIN + (18 * np.sin(5 * moment), 5 * np.cos(40 * moment))
        maps[index, :2, :2], maps[index, :2, 2] = linear, there - linear @ middle
    return maps


def filmed(room, maps, gains=None, offsets=None):
    """The frames of such a camera; gains, offsets: (T, 3) of its exposure."""
    frames = [
        cv2.warpAffine(room, there[:2], (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
        for there in maps
    ]
    if gains is not None:
        frames = np.clip(np.array(frames) * gains[:, None, None] + offsets[:, None, None], 0, 255)
    return np.rint(frames).astype(np.uint8)


def view_of(maps):
    ones, framing = np.ones((len(maps), 3), np.float32), np.array([MARGIN, MARGIN, WIDTH, HEIGHT])
    return SteadyView(np.arange(len(maps)), len(maps), maps, ones, 0 * ones, *CANVAS, framing)
