"""A contact sheet of everyone in a clip, with the numbers that `performer` in the configuration accepts."""

import colorsys
import logging
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from dancenow.errors import InputError
from dancenow.keypoints import People, boxes, load_people
from dancenow.pictures import write_png
from dancenow.pose.draw import draw_skeleton
from dancenow.pose.tracks import Person, find_persons
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

LEAST_PICTURES = 4  # pictures, if the clip has so many frames
SHEET_WIDTH = 1800  # px of the sheet, about
CELL = 600  # px, height of a picture
DIMMED = 0.6
PAD = 0.1  # the box is wider than the joints by this share of its height


def plot_people(frames_path: str | Path, people_path: str | Path, figure_path: str | Path) -> None:
    """Write a PNG of a few frames of the FrameStore with box, number and skeleton of everyone in them.

    The numbers are those of find_persons, for the cuts that the FrameStore's facts name. InputError when
    nobody is found.
    """
    store, people = FrameStore(frames_path), load_people(people_path)
    persons = find_persons(people, store.cuts)
    if not persons:
        raise InputError(
            f"{people_path}: nobody with a body in any frame; use a clip that shows a whole person"
        )
    shown = shown_in(people, persons)
    moments = choose_moments(shown)
    cells = [draw_everyone(store[moment], people, shown[:, moment]) for moment in moments]
    for cell, moment in zip(cells, moments, strict=True):
        _write(cell, f"frame {moment}", (10, CELL - 14), (255, 255, 255))
    log.info("%d people on frames %s", len(persons), ", ".join(map(str, moments)))
    write_png(figure_path, _sheet(cells))


def shown_in(people: People, persons: Sequence[Person]) -> np.ndarray:
    """(P, T) int: which row of `people` shows person p in frame t; -1 where none does."""
    shown = np.full((len(persons), people.count), -1)
    for row, person in zip(shown, persons, strict=True):
        row[people.frame[person.rows]] = person.rows
    return shown


def choose_moments(shown: np.ndarray) -> list[int]:
    """Ascending frame numbers that together show everyone; shown: (people, T) int as from shown_in.

    Each next frame is the one that shows most of those not shown yet, the earliest of several; then frames
    far from the chosen ones are added until there are LEAST_PICTURES.
    """
    present, chosen = shown >= 0, []
    missing = np.ones(len(shown), bool)
    while missing.any():
        chosen.append(int(present[missing].sum(axis=0).argmax()))
        missing &= ~present[:, chosen[-1]]
    frames = np.flatnonzero(present.any(axis=0))
    while len(chosen) < min(LEAST_PICTURES, len(frames)):
        chosen.append(int(frames[np.abs(frames[:, None] - chosen).min(axis=1).argmax()]))
    return sorted(chosen)


def draw_everyone(frame: np.ndarray, people: People, rows: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB with everyone in it, CELL px high; rows: (P,) of each person in `people`, or -1."""
    scale = CELL / frame.shape[0]
    size = round(frame.shape[1] * scale), CELL
    picture = (cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR) * DIMMED).astype(np.uint8)
    for number, row in enumerate(rows.tolist(), 1):
        if row < 0:
            continue
        keypoints = people.keypoints[row].copy()
        keypoints[:, :2] *= scale
        draw_skeleton(keypoints, *size, line=2, onto=picture)
        box = boxes(keypoints)
        pad = PAD * (box[3] - box[1])
        low, high = np.rint(box[:2] - pad).astype(int), np.rint(box[2:] + pad).astype(int)
        low = np.maximum(low, 2)
        cv2.rectangle(picture, low.tolist(), high.tolist(), colour_of(number), 2, cv2.LINE_AA)
        _write(picture, str(number), (int(low[0]) + 6, int(low[1]) + 34), colour_of(number))
    return picture


def colour_of(number: int) -> tuple[int, ...]:
    """(r, g, b) 0..255 for a person; neighbouring numbers have distant hues."""
    return tuple(round(255 * channel) for channel in colorsys.hsv_to_rgb(number * 0.618 % 1, 0.6, 1))


def _sheet(cells: list[np.ndarray]) -> np.ndarray:
    """(H, W, 3) uint8: pictures of one size in rows, black where the last row is not full."""
    across = min(len(cells), max(1, round(SHEET_WIDTH / cells[0].shape[1])))
    cells = cells + [np.zeros_like(cells[0])] * (-len(cells) % across)
    rows = [np.concatenate(cells[first : first + across], axis=1) for first in range(0, len(cells), across)]
    return np.concatenate(rows)


def _write(picture: np.ndarray, text: str, place: tuple[int, int], colour: tuple[int, ...]) -> None:
    for ink, thick in (((0, 0, 0), 6), (colour, 2)):
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 1, ink, thick, cv2.LINE_AA)
