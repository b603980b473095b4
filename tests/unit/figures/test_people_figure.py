"""The contact sheet: everyone on it, with the number that the configuration takes."""

import numpy as np
import pytest

from clips import film
from crowds import crowd, walker
from dancenow.errors import InputError
from dancenow.figures.people_figure import (
    CELL,
    choose_moments,
    colour_of,
    draw_everyone,
    plot_people,
    shown_in,
)
from dancenow.keypoints import save_people
from dancenow.pictures import read_png
from dancenow.pose.tracks import find_persons
from dancenow.video import media
from dancenow.video.frames import FrameStore, extract_frames

COUNT = 40


def comers_and_goers():
    """Three people: one is always there, one leaves at frame 15, one comes at frame 25."""
    stays, leaves, comes = walker(0, 0, 200), walker(-200, -200, 170), walker(200, 200, 150)
    leaves[15:], comes[:25] = 0, 0
    return crowd(stays, leaves, comes)


def test_the_chosen_frames_show_everyone():
    people = comers_and_goers()
    shown = shown_in(people, find_persons(people))
    moments = choose_moments(shown)
    assert len(moments) == 4 and moments == sorted(set(moments))
    assert (shown[:, moments] >= 0).any(axis=1).all()


def test_a_clip_of_one_frame_has_a_sheet_of_one():
    people = crowd(walker(0, 0, 200)[:1])
    assert choose_moments(shown_in(people, find_persons(people))) == [0]


def test_everyone_in_a_frame_has_a_box_of_the_colour_of_the_number():
    people = comers_and_goers()
    shown = shown_in(people, find_persons(people))
    picture = draw_everyone(np.zeros((480, 640, 3), np.uint8), people, shown[:, 5])
    assert picture.shape == (CELL, 800, 3)
    counts = [(picture == colour_of(number)).all(axis=-1).sum() for number in (1, 2, 3)]
    assert counts[0] > 500 and counts[1] > 500 and counts[2] == 0
    columns = [np.flatnonzero((picture == colour_of(number)).all(axis=-1).any(axis=0)) for number in (1, 2)]
    assert abs(np.median(columns[0]) - 400) < 40 and abs(np.median(columns[1]) - 150) < 40


def test_the_sheet_is_a_picture_of_several_frames(tmp_path):
    clip = film(tmp_path / "clip.mp4", np.full((COUNT, 480, 640, 3), 90, np.uint8))
    store = tmp_path / "anna.avi"
    extract_frames([clip], [media.probe(clip)], 640, store)
    save_people(tmp_path / "anna.people.npz", comers_and_goers())
    plot_people(store, tmp_path / "anna.people.npz", tmp_path / "anna.png")
    sheet = read_png(tmp_path / "anna.png")
    assert sheet.shape == (2 * CELL, 2 * 800, 3)
    # also who is not there in the first frame
    assert all((sheet == colour_of(number)).all(axis=-1).sum() > 500 for number in (1, 2, 3))
    assert len(FrameStore(store)) == COUNT

    nobody = comers_and_goers()
    nobody.keypoints[:, :17] = 0
    save_people(tmp_path / "none.people.npz", nobody)
    with pytest.raises(InputError, match=r"none\.people\.npz: nobody"):
        plot_people(store, tmp_path / "none.people.npz", tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
