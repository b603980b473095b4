"""Imported and exported places: the right pixels of the right clip, and back to the last bit."""

import json
from fractions import Fraction

import numpy as np
import pytest
from test_formats_read import FORMATS

import keypoint_files as files
from clips import film, one_line
from dancenow.errors import InputError
from dancenow.files import write_json
from dancenow.keypoints import INDEX, Pose, load_people, require_same_estimator, save_pose
from dancenow.pose.formats import exporting
from dancenow.pose.formats.clip_pixels import to_clip, to_working
from dancenow.pose.formats.exporting import export_openpose
from dancenow.pose.formats.importing import import_poses
from dancenow.video import media
from dancenow.video.frames import FrameStore, extract_frames
from performers import performer

SIZES = [
    (1920, 1080, 512),
    (1080, 1920, 512),
    (692, 1108, 512),
    (512, 512, 512),
    (173, 117, 64),
    (640, 360, 1024),
]


def imported(path, facts, folder):
    write_json(folder / "facts.json", facts)
    import_poses(path, folder / "facts.json", folder / "people.npz")
    return load_people(folder / "people.npz")


def exported(pose, facts, folder):
    write_json(folder / "facts.json", facts)
    save_pose(folder / "pose.npz", pose)
    export_openpose(folder / "pose.npz", folder / "facts.json", folder / "out")
    return folder / "out"


def random_pose(facts, count=4):
    """Places as an estimator gives them, some on the frame's edge, some missing."""
    generator = np.random.default_rng(3)
    size = np.array([facts["width"], facts["height"]])
    keypoints = np.empty((count, 133, 3), np.float32)
    keypoints[..., :2] = generator.uniform(-0.5, size - 0.5, (count, 133, 2))
    keypoints[..., 2] = generator.uniform(0.06, 1, (count, 133))
    keypoints[0, :4, :2] = [[0, 0], size - 1, [0.1, 1e-3], [-0.5, 7]]
    keypoints[0, :4, 2] = [1, 0.1, 1e-7, 0.5]
    keypoints[generator.random((count, 133)) < 0.2] = 0
    return Pose(keypoints, Fraction(facts["fps"]), *size.tolist(), "openpifpaf", "sha256:x")


@pytest.mark.parametrize(("width", "height", "long_edge"), SIZES)
def test_a_pose_goes_out_and_comes_back_to_the_last_bit(width, height, long_edge, tmp_path):
    facts = files.facts(width, height, long_edge, frames=4)
    pose = random_pose(facts)
    people = imported(exported(pose, facts, tmp_path), facts, tmp_path)
    assert people.frame.tolist() == [0, 1, 2, 3]
    assert np.array_equal(people.keypoints, pose.keypoints)
    assert (people.width, people.height, people.fps) == (pose.width, pose.height, pose.fps)
    assert (people.estimator, people.checkpoint) == ("openpose-body25", "imported")


def canonical_numbers(folder):
    """{frame: (133, 3)} as the JSON files have them, by the fixtures' own numbering."""
    orders = {"pose": files.BODY_25, "face": files.FACE_70}
    orders |= {"hand_left": files.LEFT_HAND, "hand_right": files.RIGHT_HAND}
    frames = {}
    for frame, path in enumerate(sorted(folder.iterdir())):
        for person in json.loads(path.read_text())["people"]:
            points = frames.setdefault(frame, np.zeros((133, 3)))
            for part, order in orders.items():
                numbers = np.reshape(person[f"{part}_keypoints_2d"], (-1, 3))
                for k, number in zip(order, numbers, strict=True):
                    if isinstance(k, int):
                        points[k] = number
    return frames


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("width", "height", "long_edge"), [(1920, 1080, 512), (1908, 1124, 320), (1920, 1088, 1920)]
)
def test_what_came_in_goes_out_with_the_same_numbers(name, width, height, long_edge, tmp_path):
    write, _, order = FORMATS[name]
    facts = files.facts(width, height, long_edge)
    people = imported(write(tmp_path / "given"), facts, tmp_path)
    keypoints = np.zeros((files.COUNT, 133, 3), np.float32)
    keypoints[people.frame[:2]] = people.keypoints[:2]
    pose = Pose(keypoints, people.fps, people.width, people.height, people.estimator, people.checkpoint)
    frames = canonical_numbers(exported(pose, facts, tmp_path))
    second = 2 if "wholebody" in name else 1  # that file holds the two people of frame 1 the other way round
    assert frames.keys() == {0, 1}
    for frame, number in ((0, 0), (1, second)):
        given = files.held(files.person(number), *order)
        if "yaml" not in name:
            assert np.array_equal(frames[frame], given)
        elif long_edge == width:
            assert np.array_equal(np.float32(frames[frame]), np.float32(given))
        else:  # nine digits are more than float32 holds of another number
            assert frames[frame] == pytest.approx(given, abs=2e-4)


def test_neck_and_hip_are_half_way_and_the_rest_is_as_openpose_writes_it(tmp_path):
    facts = files.facts(512, 512, 512, frames=2)
    pose = performer(2, 512, 512, tall=300)
    keypoints = pose.keypoints.copy()
    keypoints[1] = 0
    keypoints[0, INDEX["left_hip"]] = 0
    keypoints[0, INDEX["left_shoulder"], 2] = 0.25
    folder = exported(pose.replace(keypoints=keypoints), facts, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        "out_000000000000_keypoints.json", "out_000000000001_keypoints.json",
    ]  # fmt: skip
    first, second = (json.loads(path.read_text()) for path in sorted(folder.iterdir()))
    assert second == {"version": 1.3, "people": []}
    (person,) = first["people"]
    body = np.reshape(person["pose_keypoints_2d"], (25, 3))
    shoulders = keypoints[0, [INDEX["left_shoulder"], INDEX["right_shoulder"]]]
    assert body[1, :2] == pytest.approx(shoulders[:, :2].mean(axis=0), abs=1e-3) and body[1, 2] == 0.25
    assert body[8].tolist() == [0, 0, 0] and body[12].tolist() == [0, 0, 0]
    assert body[9, 2] > 0
    assert person["face_keypoints_2d"] == [0] * 210 and person["hand_left_keypoints_2d"] == [0] * 63


@pytest.mark.parametrize(("width", "height"), [(160, 90), (90, 160), (150, 150)])
def test_a_mark_in_the_clip_and_its_keypoint_meet_in_the_frame_store(width, height, tmp_path):
    frame = np.full((height, width, 3), 20, np.uint8)
    frame[30:40, 60:70] = 240  # pixel centres 60 to 69 and 30 to 39
    clip = film(tmp_path / "clip.mp4", [frame] * 3, "-vf pad=ceil(iw/2)*2:ceil(ih/2)*2")
    extract_frames([clip], [media.probe(clip)], 64, tmp_path / "store.avi")
    given = files.write_json(tmp_path / "given", cast=[[]] * 3)
    middle = [[64.5, 34.5, 1]] * 25
    for path in given.iterdir():
        path.write_text(json.dumps({"people": [{"pose_keypoints_2d": np.ravel(middle).tolist()}]}))
    import_poses(given, tmp_path / "store.json", tmp_path / "people.npz")
    place = load_people(tmp_path / "people.npz").keypoints[0, 0, :2]
    store = FrameStore(tmp_path / "store.avi")
    bright = store[0].mean(axis=2) - 20
    y, x = np.indices(bright.shape)
    weight = np.where(bright > 20, bright, 0)
    found = (weight * x).sum() / weight.sum(), (weight * y).sum() / weight.sum()
    assert place == pytest.approx(found, abs=0.15)


def test_a_keypoint_counts_from_the_corner_of_the_part_that_is_used():
    clip = {"width": 400, "height": 300, "crop": [200, 100, 400, 300]}
    clip["fit"] = {"scaled_width": 200, "scaled_height": 150, "crop_x": 4, "crop_y": 3}
    corner = to_working(np.array([[199.5, 99.5]]), {"clips": [clip]})
    np.testing.assert_allclose(corner, [[-0.5 - 4, -0.5 - 3]])
    np.testing.assert_allclose(to_clip(corner, {"clips": [clip]}), [[199.5, 99.5]])


def test_clip_places_have_as_few_decimals_as_they_need():
    facts = files.facts(1908, 1124, 320)
    given = np.array([[582.349, 1.5], [0, 1123], [1907.12, 0.125]])
    assert to_clip(to_working(given, facts), facts).tolist() == given.tolist()


def body_at(scale, shift=0.0):
    """A JSON folder's change: every place times `scale`, plus `shift`."""

    def change(folder):
        for path in folder.iterdir():
            content = json.loads(path.read_text())
            for person in content["people"]:
                body = np.reshape(person["pose_keypoints_2d"], (-1, 3))
                body[:, :2] = body[:, :2] * scale + shift
                person["pose_keypoints_2d"] = body.ravel().tolist()
            path.write_text(json.dumps(content))

    return change


@pytest.mark.parametrize(
    ("change", "facts", "words"),
    [
        (body_at(2.5), {}, ["1920 x 1080 px", "clip.mp4", "as displayed", "outside"]),
        (body_at(1), {"width": 640, "height": 360}, ["640 x 360 px", "outside", "run the estimator on this"]),
        (
            body_at(1),
            {"width": 608, "height": 1080},
            ["608 x 1080 px", "upright"],
        ),  # taken of the turned clip
        (
            body_at(1, -1500),
            {},
            ["1920 x 1080 px", "outside", "as far as (-"],
        ),  # of a part that begins elsewhere
        (body_at(1 / 2000), {}, ["between -1 and 1", "1920 x 1080", "--keypoint_scale 0"]),
        (body_at(1 / 1000, -1), {}, ["between -1 and 1", "--keypoint_scale 0"]),
    ],
)
def test_places_of_another_size_are_refused_with_the_size_that_was_assumed(change, facts, words, tmp_path):
    given = files.write_json(tmp_path / "given")
    change(given)
    with pytest.raises(InputError) as error:
        imported(given, files.facts(**facts), tmp_path)
    one_line(error, str(given), ";", *words)
    assert not (tmp_path / "people.npz").exists()


@pytest.mark.parametrize("part, name", [("pose", "body"), ("face", "face"), ("hand_right", "right hand")])
def test_a_part_in_some_frames_that_is_scaled_to_1_is_refused_with_its_frame(part, name, tmp_path):
    """As where half of a clip was done with another option, or the hands by another program."""
    given = files.write_json(tmp_path / "given", cast=[[0]] * 3)
    path = given / "clip_000000000002_keypoints.json"
    content = json.loads(path.read_text())
    points = np.reshape(content["people"][0][f"{part}_keypoints_2d"], (-1, 3)) / (1920, 1080, 1)
    content["people"][0][f"{part}_keypoints_2d"] = points.ravel().tolist()
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        imported(given, files.facts(), tmp_path)
    one_line(error, str(given), f"of a {name} in frame 2", "between -1 and 1", "--keypoint_scale 0")


def test_a_part_all_of_which_lies_in_the_corner_is_no_sign_of_a_scale(tmp_path):
    """Some programs write what they did not find as zeros with a confidence."""
    given = files.write_json(tmp_path / "given", cast=[[0]] * 3)
    path = given / "clip_000000000002_keypoints.json"
    content = json.loads(path.read_text())
    content["people"][0]["hand_left_keypoints_2d"] = [0.0, 0.0, 0.3] * 21
    path.write_text(json.dumps(content))
    assert len(imported(given, files.facts(), tmp_path).frame) == 3


def test_a_body_that_leaves_the_frame_a_little_is_taken_as_it_is(tmp_path):
    facts = files.facts(1920, 1080)
    given = files.write_json(tmp_path / "given", cast=[[0]] * 3)
    body_at(1, -160)(given)
    found = imported(given, facts, tmp_path).keypoints[0, INDEX["nose"], :2]
    assert found[1] < 0 and found == pytest.approx(to_working(files.person(0)[0, :2] - 160, facts))


def test_a_clip_whose_rate_varies_is_refused(tmp_path):
    given = files.write_json(tmp_path / "given")
    with pytest.raises(InputError) as error:
        imported(given, files.facts(variable_rate=True), tmp_path)
    one_line(error, str(given), "clip.mp4", "rate", "varies", "re-encode")


def test_keypoints_without_any_confident_body_are_refused(tmp_path):
    given = files.write_json(tmp_path / "given", cast=[[0]] * 3)
    for path in given.iterdir():
        content = json.loads(path.read_text())
        content["people"][0]["pose_keypoints_2d"] = [0] * 75
        path.write_text(json.dumps(content))
    with pytest.raises(InputError) as error:
        imported(given, files.facts(), tmp_path)
    one_line(error, str(given), ";", "no body keypoint")


def test_a_folder_that_cannot_be_finished_leaves_the_earlier_one(tmp_path, monkeypatch):
    facts = files.facts(512, 512, 512)
    pose = performer(3, 512, 512)
    earlier = {path.name: path.read_bytes() for path in exported(pose, facts, tmp_path).iterdir()}
    calls = []

    def full_disk(path, people):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        path.write_text("{}")

    monkeypatch.setattr(exporting, "write_frame", full_disk)
    with pytest.raises(OSError, match="No space"):
        exported(pose, facts, tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == earlier
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts.json", "out", "pose.npz"]


def test_imported_and_detected_keypoints_do_not_mix(tmp_path):
    detected = performer()
    body25 = detected.replace(estimator="openpose-body25", checkpoint="imported")
    require_same_estimator(body25, body25, "a.npz", "b.npz")
    for other in (detected, body25.replace(estimator="coco-wholebody")):
        with pytest.raises(InputError) as error:
            require_same_estimator(body25, other, "a.npz", "b.npz")
        one_line(error, "a.npz", "b.npz", "openpose-body25 (imported)", "`poses`", "both subjects")


def test_what_a_killed_export_left_is_replaced(tmp_path):
    facts = files.facts(512, 512, 256, frames=4)
    leftover = tmp_path / ".partial-out"
    leftover.mkdir()
    (leftover / "half.json").write_text("{")
    folder = exported(random_pose(facts), facts, tmp_path)
    assert len(list((tmp_path / "out").iterdir())) == 4 and not leftover.exists()
    assert folder.exists()
