import weakref
from dataclasses import replace

import numpy as np
import pytest

from dancenow.camera import exposure
from dancenow.camera.exposure import measure_exposure
from dancenow.camera.replay import STEADY, TARGET, Replay
from dancenow.camera.steady_frames import SteadyFrames, open_steady, open_target, valid_of
from dancenow.camera.view import load_view, save_view
from dancenow.errors import InputError
from dancenow.keypoints import save_pose
from dancenow.video.frames import write_frames
from handheld_scene import CANVAS, HEIGHT, MARGIN, WIDTH, Store, filmed, handheld, scene, view_of
from performers import performer
from tripod import still_view

NOBODY = np.full((40, 4), np.nan)


def stored(folder, count):
    """The paths of a frame store of `count` frames of noise."""
    frames = np.random.default_rng(0).integers(0, 256, (count, HEIGHT, WIDTH, 3), np.uint8)

    def describe(count):
        return {"width": WIDTH, "height": HEIGHT, "fps": "25", "frames": count, "cuts": [], "clips": []}

    write_frames(frames, "25", describe, folder / "a.avi")
    return frames, folder / "a.avi"


@pytest.mark.parametrize("frames, view, pose, told", [
    (3, (3, WIDTH, HEIGHT), (3, WIDTH, HEIGHT), None),
    (3, (4, WIDTH, HEIGHT), (4, WIDTH, HEIGHT), "a.avi holds 3 frames of .*view.npz 4 frames"),
    (3, (3, 32, HEIGHT), (3, 32, HEIGHT), f"a.avi holds 3 .*view.npz 3 frames of 32x{HEIGHT}"),
    (3, (3, WIDTH, HEIGHT), (2, WIDTH, HEIGHT), "a.npz holds 2 frames of .*view.npz 3 frames"),
    (3, (3, WIDTH, HEIGHT), (3, WIDTH, 32), f"a.npz holds 3 frames of {WIDTH}x32 px.*view.npz 3 frames"),
])  # fmt: skip
def test_files_of_two_runs_are_named(tmp_path, frames, view, pose, told):
    _, path = stored(tmp_path, frames)
    save_view(tmp_path / "view.npz", still_view(*view))
    save_pose(tmp_path / "a.npz", performer(*pose))
    files = path, tmp_path / "view.npz", tmp_path / "a.npz"
    if told is None:
        store, own, seen = open_target(*files)
        assert len(store) == len(own.keypoints) == seen.count == frames
    else:
        with pytest.raises(InputError, match=f"{told}.*; they are not of one run: delete both"):
            open_target(*files)


def test_a_still_camera_gives_the_store_itself_and_the_same_arrays(tmp_path):
    frames, path = stored(tmp_path, 3)
    view, pose, picture = still_view(3, WIDTH, HEIGHT), performer(3, WIDTH, HEIGHT), frames[0]
    assert type(open_steady(path, view, "unread")).__name__ == "FrameStore"
    assert view.still and view.framed() is view
    assert view.steady_pose(pose) is pose and view.on_canvas(pose) is pose
    assert view.warp(picture, 0) is picture and view.valid(0) is None and valid_of(frames, 0) is None
    assert np.shares_memory(Replay(view, TARGET)(picture, 7), picture)


def test_frames_of_a_moving_camera_come_to_lie_on_the_scene():
    room, maps = scene(), handheld()
    frames = SteadyFrames(Store(filmed(room, maps)), view_of(maps))
    assert (frames.width, frames.height, len(frames)) == (*CANVAS, 40)
    for index in (0, 17, 39):
        seen, frame = frames.valid(index), frames[index]
        assert 0.15 < seen.mean() < 0.5
        assert np.abs(frame[seen].astype(int) - room[seen]).mean() < 1.5
        assert not frame[0, 0].any() and not seen[0, 0]
    moved = SteadyFrames(Store(filmed(room, maps)), replace(view_of(maps), maps=np.roll(maps, 5, axis=0)))
    assert np.abs(moved[17][moved.valid(17)].astype(int) - room[moved.valid(17)]).mean() > 5
    with pytest.raises(IndexError):
        frames[40]


def test_what_is_shown_at_a_frames_border_is_not_mixed_with_the_black_outside():
    room = np.full_like(scene(), 200)
    for there in handheld():
        view = view_of(there[None])
        seen, frame = view.valid(0), view.warp(filmed(room, there[None])[0], 0)
        assert np.abs(frame[seen].astype(int) - 200).max() <= 1
        # and hardly more is lost than that
        scale = np.sqrt(np.linalg.det(there[:2, :2]))
        assert seen.sum() > scale**2 * (WIDTH - 6) * (HEIGHT - 6)


def test_the_framing_is_a_part_of_the_canvas():
    room, maps = scene(), handheld()
    view = view_of(maps)
    store = Store(filmed(room, maps))
    whole, part = SteadyFrames(store, view)[11], SteadyFrames(store, view.framed())[11]
    assert part.shape == (HEIGHT, WIDTH, 3)
    apart = np.abs(view.cut_framing(whole).astype(int) - part)
    assert apart.mean() < 0.1 and apart.max() < 8  # OpenCV's places are multiples of 1/32 px


def test_keypoints_go_where_their_pixels_go():
    pose, maps = performer(40), handheld()
    view = replace(view_of(maps[5:30]), used=np.arange(5, 30), count=40)
    steady = view.steady_pose(pose)
    assert (len(steady.keypoints), steady.width, steady.height) == (25, *CANVAS)
    there = maps[9] @ [*pose.keypoints[9, 5, :2], 1]
    assert np.allclose(steady.keypoints[4, 5, :2], there[:2], atol=1e-3)
    missing = pose.keypoints[5:30, :, 2] == 0
    assert missing.any() and not steady.keypoints[missing].any()
    framed = view.framed().steady_pose(pose)
    assert np.allclose(view.on_canvas(framed).keypoints, steady.keypoints, atol=1e-3)
    with pytest.raises(
        InputError, match=r"lies in \d+x\d+ px, the target's steady view shows .* not of one run"
    ):
        view.on_canvas(steady)


def test_cuts_are_those_between_used_frames():
    view = replace(still_view(10, WIDTH, HEIGHT), used=np.array([0, 1, 2, 6, 7, 8, 9]))
    assert not view.still
    assert view.cuts([]) == [3]
    assert view.cuts([2, 4, 8]) == [2, 3, 5]
    assert still_view(10, WIDTH, HEIGHT).cuts([4]) == [4]


def test_a_changing_exposure_is_taken_out():
    room, maps, moments = scene(), handheld(), np.linspace(0, 1, 40)
    gains = 1 + 0.12 * np.sin(4 * moments[:, None] + [0, 0.4, 0.8])
    offsets = 6 * np.cos(3 * moments[:, None] + [0, 0.2, 0.5])
    store, view = Store(filmed(room, maps, gains, offsets)), view_of(maps)
    for frame in store.frames:  # somebody all in white is no change of light
        frame[20:80, 50:80] = 250
    boxes = np.tile(np.array([[50, 20, 80, 80]], float), (40, 1)) + MARGIN
    found = measure_exposure(store, view, boxes)
    before = np.ptp(gains * 128 + offsets, axis=0).min()
    after = np.ptp(found[0] * (gains * 128 + offsets) + found[1], axis=0).max()
    assert before > 15 and after < 3
    even = SteadyFrames(store, replace(view, gains=found[0], offsets=found[1]))
    both = even.valid(0) & even.valid(39)
    both[:, 60:140] = False
    uneven = SteadyFrames(store, view)
    apart, raw = (np.abs(frames[0][both].astype(int) - frames[39][both]).mean() for frames in (even, uneven))
    assert apart < 2.5 < 8 < raw


def test_the_light_on_a_dancer_who_fills_the_picture_is_not_the_rooms():
    """A spotlight, or a jacket that opens, and the shadow beside: most of the picture gets brighter."""
    room, maps, lights = scene(), handheld(), np.linspace(0.8, 1.1, 40)
    store, boxes = Store(filmed(room, maps)), NOBODY.copy()
    for index, (frame, there) in enumerate(zip(store.frames, maps, strict=True)):
        frame[:, 24:] = np.rint(frame[:, 24:] * lights[index])
        boxes[index] = (there @ np.array([[36, 0, 1], [127, 95, 1]]).T)[:2].T.ravel()
    gains, offsets = measure_exposure(store, view_of(maps), boxes)
    assert np.ptp(gains * 128 + offsets, axis=0).max() < 3
    everywhere = measure_exposure(store, view_of(maps), NOBODY)
    assert np.ptp(everywhere[0] * 128 + everywhere[1], axis=0).min() > 15


def test_before_a_plain_wall_what_is_dark_is_not_guessed():
    """The wall's three levels of contrast say nothing about black: hair would get lighter and darker."""
    room, maps, moments = scene(), handheld(), np.linspace(0, 1, 40)
    plain = np.clip(190 + (room.astype(float) - room.mean()) * 3 / room.std(), 0, 255)
    noise = np.random.default_rng(0).normal(0, 1, (40, HEIGHT, WIDTH, 3))
    gains = 1 + 0.12 * np.sin(5 * moments[:, None] + [0, 0.1, 0.2])
    frames = np.array(filmed(plain.astype(np.uint8), maps, gains, np.zeros((40, 3)))) + noise
    store = Store(list(np.clip(frames, 0, 255).astype(np.uint8)))
    found = measure_exposure(store, view_of(maps), NOBODY)
    for level in (20, 90, 190):
        assert np.ptp(found[0] * gains * level + found[1], axis=0).max() < 3


def test_while_somebody_hides_the_scene_the_frames_around_tell_its_light():
    maps, gains = handheld(), 1 + 0.12 * np.sin(5 * np.linspace(0, 1, 40)[:, None] + [0, 0.1, 0.2])
    store, boxes = Store(filmed(scene(), maps, gains, np.zeros((40, 3)))), NOBODY.copy()
    boxes[9:16] = 0, 0, *CANVAS
    found = measure_exposure(store, view_of(maps), boxes)
    assert np.ptp(found[0] * gains * 128 + found[1], axis=0).max() < 4


def test_of_a_long_clip_no_more_than_the_anchors_are_held(monkeypatch):
    """Of 20 minutes twelve thousand frames are measured, 100 kB each."""
    alive, most = weakref.WeakSet(), []

    class Small(np.ndarray):
        __hash__ = object.__hash__

    def small(self, index):
        picture = np.full((60, 96, 3), 100 + index % 40, np.float32).view(Small)
        alive.add(picture)
        most.append(len(alive))
        return picture, np.ones((60, 96), bool)

    monkeypatch.setattr(exposure._SmallFrames, "__call__", small)
    monkeypatch.setattr(exposure, "_fit", lambda *given: (np.ones(3), np.zeros(3)))
    store, count = Store([scene()]), 2000
    measure_exposure(store, still_view(count, *CANVAS), np.full((count, 4), np.nan))
    assert len(most) > 600 and max(most) <= exposure.ANCHORS + 2


def test_an_exposure_that_stays_is_left_alone():
    maps = handheld()
    gains, offsets = measure_exposure(Store(filmed(scene(), maps)), view_of(maps), NOBODY)
    assert (gains == 1).all() and (offsets == 0).all() and gains.dtype == np.float32
    blank = Store(np.zeros((40, HEIGHT, WIDTH, 3), np.uint8))
    assert (measure_exposure(blank, view_of(maps), NOBODY)[0] == 1).all()


def test_a_result_shows_the_framing_or_goes_the_targets_way_there_and_back():
    room, maps = scene(), handheld()
    view = view_of(maps)
    steady = Replay(view, STEADY)
    assert np.array_equal(steady(room, 5), room[MARGIN : MARGIN + HEIGHT, MARGIN : MARGIN + WIDTH])
    own = Replay(view, TARGET, fps=25, target_fps=25)
    for index, shown in ((0, 0), (17, 17), (39, 39), (40, 38), (78, 0), (85, 7)):
        true = filmed(room, maps[shown : shown + 1])[0]
        assert np.abs(own(room, index).astype(int) - true).max() <= 2
    corner = np.array([0, 0, 1])
    way = np.array([own.map_at(index) @ corner for index in range(200)])
    fastest = np.linalg.norm(np.diff([there @ corner for there in maps], axis=0), axis=1).max()
    assert np.linalg.norm(np.diff(way, axis=0), axis=1).max() <= fastest + 1e-9
    slower = Replay(view, TARGET, fps=50, target_fps=25)
    assert np.allclose(slower.map_at(34), maps[17]) and np.allclose(
        slower.map_at(35), (maps[17] + maps[18]) / 2
    )


def test_a_view_is_read_as_it_was_written(tmp_path):
    view, path = view_of(handheld()), tmp_path / "view.npz"
    save_view(path, view)
    read = load_view(path)
    assert all(np.array_equal(value, getattr(read, name)) for name, value in vars(view).items())
    held = dict(np.load(path))
    for name in ("maps", "gains", "offsets", "framing", "used"):
        np.savez(path, **held | {name: held[name][:-1]})
        with pytest.raises(InputError, match=r"view\.npz: not a steady view file"):
            load_view(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"view\.npz: not a steady view file"):
        load_view(path)
