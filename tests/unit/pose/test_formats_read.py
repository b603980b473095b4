"""Every format, read: each number at its place, and every kind of damage told in one line."""

import gzip
import json
import os
import re

import numpy as np
import pytest

import keypoint_files as files
from clips import one_line
from dancenow.errors import InputError
from dancenow.keypoints import INDEX
from dancenow.pose.formats.openpose import read_folder
from dancenow.pose.formats.skeletons import BODIES, off_halfway
from dancenow.pose.formats.wholebody import read_results
from performers import performer
from running import ROOT

HANDS = (files.LEFT_HAND, files.RIGHT_HAND)
FULL = (files.FACE_70, *HANDS)
FORMATS = {
    "json body25": (lambda p: files.write_json(p), "openpose-body25", (files.BODY_25, *FULL)),
    "json coco18": (lambda p: files.write_json(p, files.COCO_18), "openpose-coco18", (files.COCO_18, *FULL)),
    "json coco24": (lambda p: files.write_json(p, files.COCO_24), "openpose-coco24", (files.COCO_24, *FULL)),
    "json without pupils": (
        lambda p: files.write_json(p, files.COCO_18, files.FACE_70[:68]),
        "openpose-coco18",
        (files.COCO_18, *FULL),
    ),
    "json body only": (lambda p: files.write_json(p, face=None), "openpose-body25", (files.BODY_25,)),
    "yaml body23": (lambda p: files.write_yaml(p), "openpose-body23", (files.BODY_23, *FULL)),
    "yaml body25": (lambda p: files.write_yaml(p, files.BODY_25), "openpose-body25", (files.BODY_25, *FULL)),
    "yaml coco18": (
        lambda p: files.write_yaml(p, files.COCO_18, "opencv-matrix"),
        "openpose-coco18",
        (files.COCO_18, *FULL),
    ),
    "wholebody in parts": (lambda p: files.write_wholebody(p), "coco-wholebody", (range(133),)),
    "wholebody as one": (lambda p: files.write_wholebody(p, split=False), "coco-wholebody", (range(133),)),
}


def read(path, count=files.COUNT):
    return read_folder(path, count, (1920, 1080)) if path.is_dir() else read_results(path, count)


@pytest.mark.parametrize("name", FORMATS)
def test_every_number_arrives_at_its_keypoint(name, tmp_path):
    write, origin, order = FORMATS[name]
    found = read(write(tmp_path / "given"))
    assert found.origin == origin
    assert found.frame.tolist() == [0, 1, 1] and found.frame.dtype == np.int32
    wanted = [files.held(files.person(i), *order) for i in (0, 1, 2)]
    if origin == "coco-wholebody":
        wanted = [wanted[0], wanted[2], wanted[1]]  # the file's own order within a frame
    if "yaml" in name:
        wanted = np.float32(wanted)
    assert np.array_equal(found.keypoints, wanted)


def test_missing_keypoints_stay_missing_and_sure_ones_are_at_most_sure(tmp_path):
    folder = files.write_json(tmp_path, cast=[[0]])
    (path,) = folder.iterdir()
    content = json.loads(path.read_text())
    body = content["people"][0]["pose_keypoints_2d"]
    body[0:3], body[6:9] = [12.5, 13.5, 0], [600.5, 190.5, 1.02]
    content["people"].append({"pose_keypoints_2d": [0] * 75})  # nobody, though there is an entry
    path.write_text(json.dumps(content))
    (found,) = read(folder, 1).keypoints
    assert found[0].tolist() == [0, 0, 0]
    assert found[6].tolist() == [600.5, 190.5, 1]


def test_frames_are_ordered_by_number_and_other_files_do_not_matter(tmp_path):
    folder = files.write_json(tmp_path, cast=[[0]] * 3, first=9)
    for path in list(folder.iterdir()):
        number = int(path.name.split("_")[1])
        content = json.loads(path.read_text())
        content["people"][0]["pose_keypoints_2d"][0] = number
        path.unlink()
        path.with_name(f"clip{number}_keypoints.json").write_text(json.dumps(content))
    (folder / "clip9_rendered.png").touch()
    (folder / "notes.json").write_text("{}")
    (folder / "._clip9_keypoints.json").write_bytes(b"\0\5\x16\7")  # a Mac's, on a disk of another system
    assert read(folder).keypoints[:, 0, 0].tolist() == [9, 10, 11]


def test_a_yaml_folder_without_faces_and_hands(tmp_path):
    folder = files.write_yaml(tmp_path)
    for path in folder.iterdir():
        if not path.name.endswith("_pose.yml"):
            path.unlink()
    assert np.array_equal(read(folder).keypoints[0], np.float32(files.held(files.person(0), files.BODY_23)))


def test_points_in_another_order_are_not_read_as_a_body_of_as_many(tmp_path):
    # COCO's body with its feet has as many points as BODY_23
    shown = performer(3).keypoints[0].astype(float)
    for body, name in ((list(range(23)), "coco"), (files.BODY_23, "body23")):
        people = {"people": [files.json_person(shown, body)]}
        (tmp_path / name).mkdir()
        for frame in range(3):
            (tmp_path / name / f"clip_{frame:012d}_keypoints.json").write_text(json.dumps(people))
    assert read(tmp_path / "body23").origin == "openpose-body23"
    with pytest.raises(InputError) as error:
        read(tmp_path / "coco")
    one_line(error, "coco: its 23 points of a body are in another order than those of body23")


def test_the_order_of_points_is_not_judged_by_a_small_part_of_a_body():
    body = files.taken(performer(1).keypoints[0].astype(float), files.COCO_18)
    assert off_halfway(body) < 0.01
    body[1, :2] += 30
    assert off_halfway(body) > 0.3
    body[6:, 2] = 0
    assert np.isnan(off_halfway(body))


def test_one_more_person_in_some_frames_is_one_more_row(tmp_path):
    found = read(files.write_json(tmp_path / "given", cast=[[0], [0, 1], [0]]))
    assert found.frame.tolist() == [0, 1, 1, 2]


def test_the_page_has_the_table_of_the_code():
    columns = [list(INDEX), BODIES["body25"], BODIES["coco18"], BODIES["coco24"], BODIES["body23"]]
    told = [[] for _ in columns]
    for line in (ROOT / "docs" / "architecture.md").read_text().splitlines():
        first, *cells = [cell.strip() for cell in line.split("|")[1:-1]] or [""]
        sides = re.fullmatch("left, right (.*)", first)
        names = [f"{side}_{sides[1]}" for side in ("left", "right")] if sides else [first]
        names = [re.sub("[ -]", "_", name) for name in names]
        if names[0] not in {*INDEX, "neck", "mid_hip"}:
            continue
        for column, cell in zip(told, cells, strict=True):
            if cell != "-":
                column += zip(map(int, cell.split(", ")), names, strict=True)
    assert [sorted(column) for column in told] == [list(enumerate(names)) for names in columns]


def edit(name, change):
    """A change to the parsed content of one JSON file of the folder."""

    def damage(folder):
        content = json.loads((folder / name).read_text())
        change(content)
        (folder / name).write_text(json.dumps(content))

    return damage


def put(name, text):
    return lambda folder: (folder / name).write_text(text)


def swap(name, old, new):
    def damage(folder):
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return damage


FIRST, SECOND, THIRD = (f"clip_{i:012d}_keypoints.json" for i in range(3))


def body_of(content):
    return content["people"][0]["pose_keypoints_2d"]


JSON_DAMAGE = {
    "not json": (put(SECOND, "{people:"), [SECOND, "not JSON"]),
    "cut": (put(SECOND, '{"version": 1.3, "people": [{"pose'), [SECOND, "not JSON"]),
    "a folder": (
        lambda folder: [(folder / SECOND).unlink(), (folder / SECOND).mkdir()],
        [SECOND, "cannot be read"],
    ),
    "a pipe, which never ends": (
        lambda folder: [(folder / SECOND).unlink(), os.mkfifo(folder / SECOND)],
        [SECOND, "cannot be read (a pipe or a device, not a file)"],
    ),
    "packed": (
        lambda folder: (folder / SECOND).write_bytes(gzip.compress((folder / SECOND).read_bytes())),
        [SECOND, "a packed file; unpack it"],
    ),
    "not text": (lambda folder: (folder / SECOND).write_bytes(b"\xff\xfe\x00\x80"), [SECOND, "not JSON"]),
    "empty file": (put(SECOND, ""), [SECOND, "not JSON"]),
    "nested without end": (put(SECOND, "[" * 100_000), [SECOND, "not JSON"]),
    "NaN": (edit(FIRST, lambda c: body_of(c).__setitem__(4, float("nan"))), [FIRST, "NaN"]),
    "infinite": (swap(FIRST, "0.3,", "1e999,"), [FIRST, "people[0].pose_keypoints_2d[2]", "inf"]),
    "text": (edit(FIRST, lambda c: body_of(c).__setitem__(4, "7")), [FIRST, "pose_keypoints_2d[4]", '"7"']),
    "endless": (edit(FIRST, lambda c: body_of(c).__setitem__(4, 10**400)), [FIRST, f"is 1{'0' * 39}, not"]),
    "true": (edit(FIRST, lambda c: body_of(c).__setitem__(4, True)), [FIRST, "[4]", "true"]),
    "null": (edit(FIRST, lambda c: body_of(c).__setitem__(4, None)), [FIRST, "[4] is null, not"]),
    "a number short": (
        edit(FIRST, lambda c: body_of(c).pop()),
        [FIRST, "74 numbers", "75 or 69 or 54 or"],
    ),
    "face short": (
        edit(FIRST, lambda c: c["people"][0]["face_keypoints_2d"].pop()),
        [FIRST, "people[0].face_keypoints_2d", "209 numbers", "210 or 204"],
    ),
    "hand no list": (
        edit(FIRST, lambda c: c["people"][0].update(hand_left_keypoints_2d="x")),
        [FIRST, "people[0].hand_left_keypoints_2d", "str"],
    ),
    "no people": (edit(SECOND, lambda c: c.pop("people")), [SECOND, "`people`", "--write_json"]),
    "people no list": (edit(SECOND, lambda c: c.update(people={"a": 1})), [SECOND, "`people`"]),
    "a person no object": (edit(SECOND, lambda c: c.update(people=[3])), [SECOND, "`people`"]),
    "a list": (put(SECOND, "[]"), [SECOND, "`people`"]),
    "no body": (
        edit(SECOND, lambda c: c["people"][1].pop("pose_keypoints_2d")),
        [SECOND, "people[1]", "no pose_keypoints_2d"],
    ),
    "two body models": (
        edit(SECOND, lambda c: c["people"].append(files.json_person(files.person(0), files.COCO_18))),
        [SECOND, "coco18", "body25", FIRST],
    ),
    "a frame missing": (
        lambda folder: (folder / SECOND).unlink(),
        ["2 frames", "clip of 3", f"first missing is {SECOND}"],
    ),
    "the last missing": (
        lambda folder: (folder / THIRD).unlink(),
        ["2 frames", "clip of 3", f"first missing is {THIRD}"],
    ),
    "one too many": (
        put("clip_000000000003_keypoints.json", "{}"),
        ["4 frames", "clip of 3", "first extra file is clip_000000000003_keypoints.json"],
    ),
    "a frame twice": (put("clip_1_keypoints.json", "{}"), ["clip_1_keypoints.json", SECOND, "same frame"]),
    "no number": (put("clip_keypoints.json", "{}"), ["clip_keypoints.json", "no frame number"]),
    "two clips": (put("other_000000000003_keypoints.json", "{}"), ["two kinds or clips", "other_", "clip_"]),
    "two kinds": (put("clip_3_pose.yml", ""), ["two kinds or clips", "clip_3_pose.yml"]),
    "empty folder": (
        lambda folder: [path.unlink() for path in folder.iterdir()],
        ["no keypoint files", "clip}_000000000000_keypoints.json"],
    ),
    "of a smaller copy": (
        edit(SECOND, lambda c: c.update(canvas_width=512, canvas_height=288)),
        [SECOND, "512 x 288 px (canvas_width, canvas_height)", "1920 x 1080 px", "on the clip itself"],
    ),
    "nobody anywhere": (
        lambda folder: [edit(name, lambda c: c.update(people=[]))(folder) for name in (FIRST, SECOND)],
        ["no person", "3 frames"],
    ),
}


def test_the_size_that_controlnet_tells_is_that_of_the_clip(tmp_path):
    folder = files.write_json(tmp_path / "given")
    edit(FIRST, lambda c: c.update(canvas_width=1920, canvas_height=1080))(folder)
    assert len(read(folder).frame) == 3


@pytest.mark.parametrize("name", JSON_DAMAGE)
def test_damaged_json_is_told_in_one_line(name, tmp_path):
    damage, words = JSON_DAMAGE[name]
    folder = files.write_json(tmp_path / "given")
    damage(folder)
    with pytest.raises(InputError) as error:
        read(folder)
    one_line(error, str(folder), ";", *words)


ONES = np.ones((70, 3))
POSE, FACE = "frame020001_pose.yml", "frame020001_face.yml"
YAML_DAMAGE = {
    "cut": (lambda folder: put(POSE, (folder / POSE).read_text()[:300])(folder), [POSE,
        "no complete matrix"
    ]),
    "not yaml": (put(POSE, "hello"), [POSE, "no complete matrix"]),
    "empty": (put(POSE, ""), [POSE, "no complete matrix"]),
    "bytes": (lambda folder: (folder / POSE).write_bytes(b"\xff\x00\xfe"), [POSE, "no complete matrix"]),
    "no matrix": (put(POSE, "%YAML:1.0\n---\npose_0: 3\n"), [POSE, "no complete matrix"]),
    "two matrices": (
        lambda folder: put(POSE, (folder / POSE).read_text() + (
            "b: 3\n"
        ))(folder), [POSE,
            "no complete matrix"
        ],
    ),
    "larger than its data": (swap(POSE, "[ 1, 23, 3 ]", "[ 99999999, 23, 3 ]"), [POSE, "no complete matrix"]),
    "text in it": (swap(POSE, "6.06997986e+02", "abc"), [POSE, "no complete matrix"]),
    "NaN": (swap(POSE, "6.06997986e+02", ".Nan"), [POSE, "pose_0", "not finite"]),
    "other points": (put(POSE, files.yaml_matrix("pose", [ONES[:15]], 15)), [POSE, "[1, 15, 3]", "23"]),
    "face short": (put(FACE, files.yaml_matrix("face", [ONES[:67]], 67)), [FACE, "[1, 67, 3]", "70"]),
    "face of nobody": (put(FACE, files.NOBODY), [FACE, "0 people", POSE]),
    "frame missing": (lambda folder: (folder / POSE).unlink(), ["2 frames", "clip of 3"]),
}  # fmt: skip


@pytest.mark.parametrize("name", YAML_DAMAGE)
def test_damaged_yaml_is_told_in_one_line(name, tmp_path):
    damage, words = YAML_DAMAGE[name]
    folder = files.write_yaml(tmp_path / "given")
    damage(folder)
    with pytest.raises(InputError) as error:
        read(folder)
    one_line(error, str(folder), ";", *words)


WHOLEBODY_DAMAGE = {
    "annotations": (lambda entries: {"annotations": entries}, ["not a list of people"]),
    "one frame of OpenPose": (lambda entries: {"version": 1.3, "people": []}, ["folder of OpenPose files"]),
    "frames of OpenPose in one file": (
        lambda entries: [{"people": [], "canvas_width": 512}],
        ["a list of frames as of OpenPose", "_keypoints.json"],
    ),
    "no objects": (lambda entries: [3], ["not a list of people"]),
    "empty": (lambda entries: [], ["empty list"]),
    "no frame": (lambda entries: [{"keypoints": []}], ["[0].image_id is None", "0 to 2"]),
    "a name": (lambda entries: [entries[0] | {"image_id": "a.png"}], ["[0].image_id is 'a.png'"]),
    "counted from 1": (lambda entries: [e | {"image_id": 3} for e in entries], ["image_id is 3", "from 0"]),
    "no keypoints": (lambda entries: [{"image_id": 0}], ["[0].keypoints", "NoneType", "51 or 399"]),
    "body short": (lambda entries: [entries[0] | {"keypoints": [1.0] * 50}], ["[0].keypoints", "50 numbers"]),
    "feet short": (lambda entries: [entries[0] | {"foot_kpts": [1.0] * 17}], ["[0].foot_kpts", "18"]),
}


@pytest.mark.parametrize("name", WHOLEBODY_DAMAGE)
def test_damaged_wholebody_is_told_in_one_line(name, tmp_path):
    change, words = WHOLEBODY_DAMAGE[name]
    path = files.write_wholebody(tmp_path / "given.json")
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(InputError) as error:
        read(path)
    one_line(error, str(path), ";", *words)
