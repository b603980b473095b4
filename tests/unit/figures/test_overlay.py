"""The overlay video: every frame, the sound, and each kind of keypoint told apart."""

import numpy as np
import pytest

from clips import ffprobe, sounding_clip
from dancenow.errors import InputError
from dancenow.figures.overlay import DIMMED, DOTS, draw_frame, overlay_skeleton
from dancenow.keypoints import IMPUTED, INDEX, REPAIRED, save_pose
from dancenow.video import media
from dancenow.video.frames import extract_frames
from performers import performer

WIDTH, HEIGHT = 96, 64
WRIST = INDEX["left_wrist"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Folder with clip.mp4 (30 frames with sound), its FrameStore, its facts, poses of someone in it."""
    folder = tmp_path_factory.mktemp("clip")
    facts = media.probe(sounding_clip(folder))
    extract_frames([folder / "clip.mp4"], [facts], WIDTH, folder / "clip.avi")
    save_pose(folder / "pose.npz", performer(30, WIDTH, HEIGHT, tall=45))
    save_pose(folder / "short.npz", performer(29, WIDTH, HEIGHT, tall=45))
    return folder


def overlay(folder, pose, video):
    overlay_skeleton(folder / "clip.avi", folder / pose, [folder / "clip.mp4"], video)


def test_the_video_has_every_frame_and_the_sound(clip, tmp_path):
    video = tmp_path / "overlays" / "anna.mp4"
    overlay(clip, "pose.npz", video)
    report = ffprobe(video, "stream=codec_type,width,height,avg_frame_rate,duration:packet=stream_index")
    picture, sound = report["streams"]
    assert (picture["width"], picture["height"], picture["avg_frame_rate"]) == (WIDTH, HEIGHT, "25/1")
    assert sound["codec_type"] == "audio" and abs(float(sound["duration"]) - 1.2) < 0.03
    frames = list(media.decode(video, media.probe(video), WIDTH, HEIGHT))
    assert len(frames) == 30
    hips = performer(30, WIDTH, HEIGHT, tall=45).keypoints[:, INDEX["right_hip"], :2].round().astype(int)
    footage = DIMMED * (20 + 7 * np.arange(30))
    at_hips = [
        np.abs(frame[y, x].astype(float) - grey).max()
        for frame, (x, y), grey in zip(frames, hips, footage, strict=True)
    ]
    at_edge = [
        np.abs(frame[-3:, -3:].astype(float) - grey).max()
        for frame, grey in zip(frames, footage, strict=True)
    ]
    assert min(at_hips) > 30 and max(at_edge) < 6
    assert [path.name for path in video.parent.iterdir()] == ["anna.mp4"]


def test_a_pose_of_another_length_is_refused(clip, tmp_path):
    with pytest.raises(InputError, match=r"short\.npz: 29 frames.*30"):
        overlay(clip, "short.npz", tmp_path / "anna.mp4")
    assert not list(tmp_path.iterdir())


def drawn(change=lambda keypoints, origin: None, index=0, width=192, height=144):
    """The overlay on a black frame, with the performer's keypoints and origins changed in place."""
    pose = performer(3, width, height, tall=120)
    keypoints, origin = pose.keypoints.copy(), pose.origin.copy()
    change(keypoints, origin)
    pose = pose.replace(keypoints=keypoints, origin=origin)
    return draw_frame(np.zeros((height, width, 3), np.uint8), pose, index), pose.keypoints[index, WRIST, :2]


@pytest.mark.parametrize("kind", [REPAIRED, IMPUTED])
def test_repaired_and_imputed_keypoints_carry_dots_of_their_colour(kind):
    def change(keypoints, origin):
        origin[:, WRIST] = kind

    picture, (x, y) = drawn(change)
    assert tuple(picture[round(y), round(x)]) == DOTS[kind]
    assert tuple(drawn()[0][round(y), round(x)]) not in DOTS.values()


def test_a_limb_fades_with_its_confidence():
    def brightness(confidence):
        def change(keypoints, origin):
            keypoints[:, WRIST, 2] = confidence

        picture, wrist = drawn(change)
        elbow = performer(3, 192, 144, tall=120).keypoints[0, INDEX["left_elbow"], :2]
        x, y = ((wrist + elbow) / 2).round().astype(int)
        return int(picture[y, x].max())

    assert brightness(0.9) > brightness(0.5) + 40 > brightness(0.1) + 80 > 80


def test_frames_carry_their_number():
    first, second = (drawn(index=index)[0][:24, :24] for index in (0, 1))
    assert first.max() > 200 and second.max() > 200 and not np.array_equal(first, second)


def test_an_overlay_of_several_clips_is_silent_and_whole(clip, tmp_path):
    video = tmp_path / "several" / "anna.mp4"
    overlay_skeleton(clip / "clip.avi", clip / "pose.npz", [clip / "clip.mp4"] * 2, video)
    (picture,) = ffprobe(video, "stream=codec_type,nb_frames")["streams"]
    assert picture["codec_type"] == "video" and picture["nb_frames"] == "30"
    assert [path.name for path in video.parent.iterdir()] == ["anna.mp4"]
