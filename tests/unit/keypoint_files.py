"""Small keypoint files of every format, written apart from the code under test.

Every number is known: `person(i)` has a different place and confidence at each of the 133 canonical
keypoints, and the writers take them by the numbers below, not by name.
"""

import json

import numpy as np

COUNT = 3  # frames: one person, two people, nobody
CAST = [[0], [1, 2], []]

# the canonical keypoint at each place of the other skeleton; None has none
NECK, MID_HIP = (5, 6), (11, 12)  # half-way between two
BODY_25 = [0, NECK, 6, 8, 10, 5, 7, 9, MID_HIP, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3, 17, 18, 19, 20, 21, 22]
COCO_18 = [0, NECK, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
# as the facts on the authors' data have it: BODY_25's places in another order, without the heels
BODY_23 = [
    BODY_25[i] for i in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 22, 23, 12, 13, 14, 19, 20, 0, 15, 17, 16, 18)
]
COCO_24 = [*COCO_18, *range(17, 23)]
FACE_70 = [*range(23, 91), None, None]
LEFT_HAND, RIGHT_HAND = range(91, 112), range(112, 133)


def person(number):
    """(133, 3) float64 in a clip of 1920 x 1080: three decimals, as six digits of OpenPose allow."""
    k = np.arange(133)
    x, y = 600 + 300 * number + 1.25 * k + 0.123, 150 + 5 * k + 0.007 * number + 0.001
    return np.stack([x, y, 0.3 + 0.005 * k], axis=-1).round(3)


def held(points, *order):
    """The person with zeros wherever none of the `order`s holds the keypoint."""
    kept = [k for part in order for k in part if isinstance(k, int)]
    result = np.zeros_like(points)
    result[kept] = points[kept]
    return result


def taken(points, order, extra=(7.5, 8.5, 0.9)):
    """(K, 3): the person's keypoints in another order; what the person lacks is at `extra`, or half-way."""
    known = {None: extra} | {pair: [*points[list(pair), :2].mean(axis=0), 0.9] for pair in (NECK, MID_HIP)}
    return np.array([points[k] if isinstance(k, int) else known[k] for k in order])


def json_person(points, body=BODY_25, face=FACE_70):
    def flat(order):
        return taken(points, order).ravel().tolist()

    return {
        "person_id": [-1],
        "pose_keypoints_2d": flat(body),
        "face_keypoints_2d": flat(face) if face else [],
        "hand_left_keypoints_2d": flat(LEFT_HAND) if face else [],
        "hand_right_keypoints_2d": flat(RIGHT_HAND) if face else [],
        "pose_keypoints_3d": [],
    }


def write_json(folder, body=BODY_25, face=FACE_70, cast=CAST, first=0):
    """A folder as of OpenPose's --write_json; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for frame, people in enumerate(cast):
        content = {"version": 1.3, "people": [json_person(person(i), body, face) for i in people]}
        (folder / f"clip_{first + frame:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


def yaml_matrix(name, people, points, kind="opencv-nd-matrix"):
    """The text of one matrix (P, K, 3) as OpenCV writes it: nine digits, a few numbers on a line."""
    numbers = [f"{np.float32(value):.8e}" if value else "0." for value in np.ravel(people)]
    lines = [", ".join(numbers[i : i + 4]) for i in range(0, len(numbers), 4)]
    size = f"sizes: [ {len(people)}, {points}, 3 ]\n   dt: f"
    if kind == "opencv-matrix":
        size = f'rows: {len(people)}\n   cols: {points}\n   dt: "3f"'
    data = ",\n       ".join(lines)
    return f"%YAML:1.0\n{name}_0: !!{kind}\n   {size}\n   data: [ {data} ]\n"


NOBODY = "%YAML:1.0\n---\npose_0: !!opencv-matrix\n   rows: 0\n   cols: 0\n   dt: u\n   data: []\n"


def write_yaml(folder, body=BODY_23, kind="opencv-nd-matrix"):
    """A folder as of OpenPose's --write_keypoint, named as the authors' data; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"pose": body, "face": FACE_70, "hand_left": LEFT_HAND, "hand_right": RIGHT_HAND}
    for frame, people in enumerate(CAST):
        for part, order in parts.items():
            found = [taken(person(i), order) for i in people]
            text = yaml_matrix(part, found, len(order), kind) if people else NOBODY.replace("pose", part)
            (folder / f"frame{20001 + frame:06d}_{part}.yml").write_text(text)
    return folder


def wholebody_entry(frame, number, split=True):
    flat = person(number)
    if not split:
        return {"image_id": frame, "category_id": 1, "keypoints": flat.ravel().tolist(), "score": 0.9}
    bounds = {"keypoints": (0, 17), "foot_kpts": (17, 23), "face_kpts": (23, 91)}
    bounds |= {"lefthand_kpts": (91, 112), "righthand_kpts": (112, 133)}
    parts = {key: flat[first:stop].ravel().tolist() for key, (first, stop) in bounds.items()}
    return {"image_id": frame, "category_id": 1, **parts, "score": 0.9}


def write_wholebody(path, split=True):
    """A COCO-WholeBody results file, not in the order of its frames; returns it."""
    entries = [wholebody_entry(frame, i, split) for frame, people in enumerate(CAST) for i in people]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries[::-1]))
    return path


def facts(width=1920, height=1080, long_edge=512, frames=COUNT, **clip):
    """The facts of a frame store of such a clip."""
    from dancenow.video import media

    clip = {"file": "clip.mp4", "width": width, "height": height, "variable_rate": False, "crop": None} | clip
    size = media.working_size(width, height, long_edge)
    return {
        "width": size[0],
        "height": size[1],
        "fps": "30000/1001",
        "frames": frames,
        "clips": [clip | {"first": 0, "fit": media.framing(clip, *size)}],
    }
