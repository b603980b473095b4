"""Limb lengths against dancing stick figures, whose true lengths are known."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dancenow.camera.path import save_path
from dancenow.files import read_json
from dancenow.keypoints import BODY, FACE, INDEX, LEFT_HAND, RIGHT_HAND, Pose, load_pose, save_pose
from dancenow.pose.normalize import (
    measure_normalization,
    normalize_pose,
    transfer_pose,
)
from dancenow.pose.normalize_files import PairFiles, measure_normalization_file, normalize_pair
from dancenow.pose.retarget import (
    BONES,
    FACE_SHAPE_POINTS,
    FACTORS_ALIKE,
    FREE_BONES,
    LEAST_HEAD,
    PLAUSIBLE_RATIO,
    PLAUSIBLE_SHIFT,
    face_shift,
    limb_ratios,
    retarget,
    toe_shift,
    towards_camera,
)
from tripod import still_path
from walkers import leap, without

DATA = Path(__file__).parents[3] / "data"
FRAMES = 300
# px, of someone about 190 px tall
LENGTHS = {
    "trunk": 60, "hips": 12, "thigh": 48, "shank": 45, "foot": 14, "shoulders": 22,
    "upper_arm": 32, "forearm": 28, "neck": 26, "head": 9,
}  # fmt: skip
ANKLES = [INDEX["left_ankle"], INDEX["right_ankle"]]
LEGS = [
    INDEX[f"{side}_{joint}"]
    for side in ("left", "right")
    for joint in ("hip", "knee", "ankle", "big_toe", "small_toe", "heel")
]


def dancer(lengths=None, rise=0.0):
    """A Pose: every limb swings and is foreshortened; the ankles' middle stays, but for `rise` px."""
    lengths = LENGTHS | (lengths or {})
    time = np.linspace(0, 12, FRAMES)

    def bone(name, angle, swing, speed, sign=1, depth=0.5):
        """(T, 2): the bone around `angle` (0 is down), as it looks when it also swings out of the plane."""
        angle = np.deg2rad(sign * (angle + swing * np.sin(speed * time + sign)))
        out_of_plane = np.cos(depth * np.sin(1.3 * speed * time + angle[0]))
        return lengths[name] * out_of_plane[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=-1)

    p = np.zeros((FRAMES, 133, 2))
    trunk = bone("trunk", 180, 8, 1.1)
    ears = trunk + bone("neck", 180, 12, 1.7)
    face = np.random.default_rng(1).normal(0, 0.3, (68, 2)) * lengths["head"]
    for side, sign in (("left", 1), ("right", -1)):
        at = {name[len(side) + 1 :]: index for name, index in INDEX.items() if name.startswith(side)}
        p[:, at["hip"]] = bone("hips", 90, 4, 1.0, sign, 0.3)
        p[:, at["knee"]] = p[:, at["hip"]] + bone("thigh", 10, 8, 1.9, sign)
        p[:, at["ankle"]] = p[:, at["knee"]] + bone("shank", 0, 8, 1.4, sign)
        for toe, angle in (("big_toe", 50), ("small_toe", 70), ("heel", -10)):
            p[:, at[toe]] = p[:, at["ankle"]] + bone("foot", angle, 3, 1.2, sign)
        p[:, at["shoulder"]] = trunk + bone("shoulders", 90, 4, 1.0, sign, 0.3)
        p[:, at["elbow"]] = p[:, at["shoulder"]] + bone("upper_arm", 60, 60, 2.3, sign, 1.0)
        p[:, at["wrist"]] = p[:, at["elbow"]] + bone("forearm", 90, 80, 3.1, sign, 1.0)
        p[:, at["ear"]] = ears + bone("head", 90, 6, 1.0, sign, 0.3)
        p[:, at["eye"]] = ears + [0.4 * sign * lengths["head"], -2]
    p[:, INDEX["nose"]] = ears + [0, 3]
    p[:, FACE] = ears[:, None] + face
    for part, wrist in ((LEFT_HAND, "left_wrist"), (RIGHT_HAND, "right_wrist")):
        p[:, part] = p[:, INDEX[wrist], None] + np.random.default_rng(2).normal(0, 4, (21, 2))
    p += [256, 400] - p[:, ANKLES].mean(axis=1, keepdims=True)
    p[..., 1] -= np.broadcast_to(rise, FRAMES)[:, None]
    keypoints = np.concatenate([p, np.ones((FRAMES, 133, 1))], axis=-1)
    return Pose(keypoints.astype(np.float32), Fraction(25), 512, 512, "test", "sha256:0")


def rendered(name):
    """The Pose of a demo clip from its true joints: body only."""
    with np.load(DATA / f"{name}.keypoints.npz") as stored:
        joints = stored["keypoints"][:, : BODY.stop]
    keypoints = np.zeros((len(joints), 133, 3), np.float32)
    keypoints[:, BODY, :2], keypoints[:, BODY, 2] = joints[..., :2], 1
    return Pose(keypoints, Fraction(25), 512, 512, "rendered", "sha256:0")


def only(**ratios):
    return dict.fromkeys(BONES, 1.0) | ratios


def placed(source, target):
    """Paper's placement, then limbs; also the ratios."""
    statistics = measure_normalization(source), measure_normalization(target)
    ratios = limb_ratios(statistics[0]["limbs"], statistics[1]["limbs"])
    return retarget(normalize_pose(source, *statistics)[0], ratios), ratios


def vector(pose, start, end):
    return pose.keypoints[:, INDEX[end], :2] - pose.keypoints[:, INDEX[start], :2]


def roughness(pose):
    return np.linalg.norm(np.diff(pose.keypoints[:, BODY, :2], 2, axis=0), axis=-1).mean()


LIMBS = {
    "upper_arm": ("left_shoulder", "left_elbow"), "forearm": ("right_elbow", "right_wrist"),
    "thigh": ("right_hip", "right_knee"), "shank": ("left_knee", "left_ankle"),
    "shoulders": ("left_shoulder", "right_shoulder"), "hips": ("left_hip", "right_hip"),
    "head": ("left_ear", "right_ear"), "foot": ("left_ankle", "left_big_toe"),
}  # fmt: skip


def test_the_targets_lengths_come_out():
    other = {
        "trunk": 66,
        "upper_arm": 27,
        "forearm": 34,
        "thigh": 43,
        "shank": 50,
        "shoulders": 18,
        "head": 11,
    }
    source, target = dancer(), dancer(other)
    result, _ = placed(source, target)
    full = {bone: other.get(bone, length) / length for bone, length in LENGTHS.items()}
    mean = np.prod([full[bone] for bone in FREE_BONES]) ** (1 / len(FREE_BONES))
    for bone, ends in LIMBS.items():
        lengths = [np.linalg.norm(vector(pose, *ends), axis=-1) for pose in (result, source)]
        wanted = full[bone] ** (1 - FACTORS_ALIKE) * mean**FACTORS_ALIKE if bone in FREE_BONES else full[bone]
        assert np.allclose(lengths[0], wanted * lengths[1], rtol=0.02), bone
    # the placement alone is further off
    alone, _ = normalize_pose(source, measure_normalization(source), measure_normalization(target))
    errors = [
        np.linalg.norm((pose.keypoints - target.keypoints)[:, BODY, :2], axis=-1).mean()
        for pose in (alone, result)
    ]
    assert errors[1] < errors[0] / 2


def test_same_proportions_are_left_alone():
    pose = dancer()
    keypoints = pose.keypoints.copy()
    keypoints[..., :2] = 0.7 * keypoints[..., :2] + (30, 100)
    result, ratios = placed(pose, pose.replace(keypoints=keypoints))
    assert np.allclose(list(ratios.values()), 1, atol=2e-3)
    assert np.abs(result.keypoints - keypoints).max() < 0.2
    assert np.array_equal(retarget(pose, only()).keypoints, pose.keypoints)


@pytest.mark.parametrize("bone", LIMBS)
def test_one_bone_changes_alone_and_keeps_its_direction(bone):
    pose = dancer()
    result = retarget(pose, only(**{bone: 1.3}))
    for name, (start, end) in LIMBS.items():
        expected = (1.3 if name == bone else 1) * vector(pose, start, end)
        assert np.allclose(vector(result, start, end), expected, atol=1e-3), name


def test_face_feet_and_hands_hang_on_their_joints():
    pose = dancer()
    result = retarget(pose, only(forearm=0.7, head=1.2, foot=1.1, trunk=1.2))

    def around(pose, points, *joints):
        return pose.keypoints[:, points, :2] - pose.keypoints[:, [INDEX[j] for j in joints], :2].mean(
            axis=1, keepdims=True
        )

    ears = "left_ear", "right_ear"
    hangers = (
        (FACE, ears, 1.2),
        ([INDEX["nose"], INDEX["left_eye"]], ears, 1.2),
        (LEFT_HAND, ["left_wrist"], 1),
        (RIGHT_HAND, ["right_wrist"], 1),
        ([INDEX["left_heel"], INDEX["left_small_toe"]], ["left_ankle"], 1.1),
    )
    for points, joints, ratio in hangers:
        assert np.allclose(around(result, points, *joints), ratio * around(pose, points, *joints), atol=1e-3)


def test_feet_stay_on_the_ground_and_jumps_keep_their_height():
    pose = dancer(rise=leap(60, 40).repeat(2)[:FRAMES])
    result = retarget(pose, only(thigh=1.3, shank=0.8, hips=1.2))
    middles = [p.keypoints[:, ANKLES, :2].mean(axis=1) for p in (pose, result)]
    assert np.allclose(*middles, atol=1e-3)


@pytest.mark.parametrize("joint", ["left_elbow", "right_hip", "left_shoulder", "left_ankle", "right_ear"])
def test_a_missing_joint_does_not_break_what_hangs_on_it(joint):
    pose = dancer()
    ratios = only(trunk=1.2, thigh=0.8, shank=1.1, upper_arm=0.8, forearm=1.3, neck=1.1, head=1.2)
    gap = slice(100, 106)
    holed = without(pose, gap, joint)
    result, whole = retarget(holed, ratios), retarget(pose, ratios)
    missing = holed.keypoints[..., 2] == 0
    assert np.all(result.keypoints[missing] == 0)
    assert np.array_equal(result.keypoints[..., 2], holed.keypoints[..., 2])
    assert np.abs(result.keypoints - whole.keypoints)[~missing].max() < 1


def test_a_joint_that_is_never_seen():
    everywhere = slice(None)
    pose = without(dancer(), everywhere, "left_elbow", "right_elbow", "left_ear")
    limbs = measure_normalization(pose)["limbs"]
    assert limbs["upper_arm"] is limbs["forearm"] is limbs["head"] is None
    ratios = limb_ratios(limbs, measure_normalization(dancer())["limbs"])
    assert ratios["head"] == 1 and ratios["upper_arm"] == pytest.approx(1, abs=0.01)
    result = retarget(pose, only(upper_arm=1.3, forearm=0.8, shoulders=0.8))
    assert np.isfinite(result.keypoints).all()
    # the wrist, though nothing links it to the shoulder, moves with it
    assert np.allclose(
        vector(result, "left_shoulder", "left_wrist"), vector(pose, "left_shoulder", "left_wrist"), atol=1e-3
    )


def test_wild_measurements_are_bounded():
    limbs = measure_normalization(dancer())["limbs"]
    low, high = PLAUSIBLE_RATIO
    assert limb_ratios(limbs, limbs | {"hips": 10.0})["hips"] == high
    assert limb_ratios(limbs, limbs | {"hips": 1e-4})["hips"] == low


@pytest.mark.parametrize(("bone", "seen"), [("thigh", 14), ("forearm", 8)])
def test_a_bone_that_always_points_at_the_camera_is_not_taken_for_a_short_one(bone, seen):
    """As thighs of who sits before it: sitting people half rose, and standing ones lost their thighs."""
    foreshortened, free = dancer({bone: seen}), dancer()
    for source, target in ((foreshortened, free), (free, foreshortened)):
        result, _ = placed(source, target)
        for start, end in LIMBS.values():
            own, wanted = (np.linalg.norm(vector(pose, start, end), axis=1) for pose in (result, source))
            assert own == pytest.approx(wanted, rel=0.03)


def test_a_head_that_never_faces_the_camera_is_not_taken_for_a_narrow_one():
    facing = dancer()
    aside = facing.replace(keypoints=facing.keypoints.copy())
    ears = [INDEX["left_ear"], INDEX["right_ear"]]
    middle = aside.keypoints[:, ears, :2].mean(axis=1, keepdims=True)
    aside.keypoints[:, ears, :2] = middle + 0.3 * (aside.keypoints[:, ears, :2] - middle)
    wide = measure_normalization(facing)["limbs"]["head"] / LEAST_HEAD
    for source, target, ratio in ((aside, facing, wide), (facing, aside, 1 / wide), (aside, aside, 1)):
        assert placed(source, target)[1]["head"] == pytest.approx(ratio, rel=0.01)


def seen_by(pose, turn, drop):
    """The Pose with feet turned by `turn` rad (0: at the camera), with toes `drop` px lower."""
    keypoints = pose.keypoints.copy()
    for side in ("left", "right"):
        ankle = keypoints[:, INDEX[f"{side}_ankle"], :2]
        way = np.stack([20 * np.sin(turn), 5 + drop * np.cos(turn)], axis=-1)
        for toe in ("big_toe", "small_toe"):
            keypoints[:, INDEX[f"{side}_{toe}"], :2] = ankle + way
    return pose.replace(keypoints=keypoints.astype(np.float32))


def test_feet_are_as_long_as_the_body_and_look_as_the_targets_camera_sees_them():
    """However seldom one of the two turns the feet to the side."""
    turns = np.abs(np.linspace(-1.5, 1.5, FRAMES))
    source = seen_by(dancer(), turns, 8)
    target = seen_by(dancer(), np.zeros(FRAMES), 14)
    statistics = measure_normalization(source), measure_normalization(target)
    assert statistics[1]["toes"] > statistics[0]["toes"]
    result, _ = transfer_pose(source, *statistics)
    toes = vector(result, "left_ankle", "left_big_toe")
    wanted = vector(seen_by(dancer(), turns, 14), "left_ankle", "left_big_toe")
    assert np.abs(toes - wanted).max() < 2.5  # of 6 that the cameras differ by
    # seen from behind, toes that a higher camera sees lie higher
    mirrored = {f"left_{joint}": f"right_{joint}" for joint in ("shoulder", "ear", "hip")}
    keypoints = source.keypoints.copy()
    for left, right in mirrored.items():
        keypoints[:, [INDEX[left], INDEX[right]]] = keypoints[:, [INDEX[right], INDEX[left]]]
    behind = source.replace(keypoints=keypoints)
    result, _ = transfer_pose(behind, *statistics)
    down = (vector(result, "left_ankle", "left_big_toe") - vector(behind, "left_ankle", "left_big_toe"))[:, 1]
    assert down[turns < 0.5].max() < -3


def test_toes_in_the_air_move_as_those_of_feet_that_point_the_other_way():
    """In a handstand with the back to the camera feet point away from it, in a bow they do not."""
    source, target = (seen_by(dancer(), np.zeros(FRAMES), drop) for drop in (8, 14))
    statistics = measure_normalization(source), measure_normalization(target)
    handstand, bow = source.keypoints.copy(), source.keypoints.copy()
    handstand[..., 1] = 600 - handstand[..., 1]
    above = [point for point in range(133) if point not in LEGS]
    hips = bow[:, [INDEX["left_hip"], INDEX["right_hip"]], 1].mean(axis=1, keepdims=True)
    bow[:, above, 1] = 2 * hips - bow[:, above, 1]
    for keypoints, way in ((handstand, -1), (bow, 1)):
        pose = source.replace(keypoints=keypoints)
        result, _ = transfer_pose(pose, *statistics)
        ends = "left_ankle", "left_big_toe"
        assert (way * (vector(result, *ends) - vector(pose, *ends))[:, 1]).min() > 3


def test_a_foot_that_is_not_seen_points_as_it_did_before_and_after():
    pose, heights = seen_by(dancer(), np.full(FRAMES, 0.4), 8), np.full(FRAMES, 190.0)
    hidden = without(pose, slice(100, 110), "left_big_toe")
    whole, gappy = (towards_camera(each.keypoints, each.present(), heights) for each in (pose, hidden))
    np.testing.assert_allclose(gappy[100:110, 0], whole[100:110, 0], atol=0.15)


def test_feet_that_never_point_at_the_camera_tell_nothing_of_it():
    sideways = measure_normalization(seen_by(dancer(), np.full(FRAMES, 1.5), 8))
    assert sideways["toes"] is None
    assert toe_shift(None, 0.1, 1.0) == toe_shift(0.1, None, 1.0) == 0
    assert toe_shift(0.05, 0.5, 1.0) == PLAUSIBLE_SHIFT


def test_noise_and_gaps_do_not_shake_the_figure():
    generator = np.random.default_rng(3)
    clean = dancer()
    keypoints = clean.keypoints.copy()
    keypoints[..., :2] += generator.normal(0, 1, keypoints[..., :2].shape)
    noisy = clean.replace(keypoints=keypoints.astype(np.float32))
    ratios = only(trunk=0.9, thigh=1.05, shank=0.95, forearm=0.85, shoulders=0.9)
    assert roughness(retarget(noisy, ratios)) < 1.02 * roughness(noisy)
    keypoints = noisy.keypoints.copy()
    keypoints[generator.random(keypoints.shape[:2]) < 0.1] = 0
    holed = noisy.replace(keypoints=keypoints)
    first, second = retarget(holed, ratios), retarget(holed, ratios)
    assert np.array_equal(first.keypoints, second.keypoints)
    seen = keypoints[..., 2] > 0
    steady = np.abs(first.keypoints - retarget(noisy, ratios).keypoints)[seen]
    assert steady.max() < 3


def with_face(pose, up):
    """The Pose with all points of the face `up` px higher along the neck."""
    ears, shoulders = (
        pose.keypoints[:, [INDEX[f"left_{joint}"], INDEX[f"right_{joint}"]], :2].mean(axis=1)
        for joint in ("ear", "shoulder")
    )
    neck = ears - shoulders
    keypoints = pose.keypoints.copy()
    keypoints[:, FACE_SHAPE_POINTS, :2] += (up * neck / np.linalg.norm(neck, axis=-1, keepdims=True))[:, None]
    return pose.replace(keypoints=keypoints)


def test_the_targets_face_comes_out():
    """A face lies where the target's does between its ears, whichever way the head leans."""
    source, target = dancer(), with_face(dancer({"thigh": 44}), 4)
    statistics = measure_normalization(source), measure_normalization(target)
    result, _ = transfer_pose(source, *statistics)
    assert np.abs(result.keypoints - target.keypoints)[:, FACE_SHAPE_POINTS].mean() < 0.5
    untouched, _ = transfer_pose(source, *statistics, limbs="source")
    assert np.abs(vector(untouched, "left_ear", "nose") - vector(target, "left_ear", "nose")).mean() > 1.5


def test_a_face_that_is_not_seen_or_not_plausible():
    face = measure_normalization(dancer())["face"]
    assert np.allclose(face_shift(face, face, 1.0), 0)
    higher = [share + 0.01 for share in face]
    assert np.allclose(face_shift(face, [None, *higher[1:]], 1.0), 0.01)  # as its neighbours
    assert np.allclose(face_shift(face, [None] * len(face), 1.0), 0)
    assert np.allclose(face_shift(face, [share + 1 for share in face], 1.0), PLAUSIBLE_SHIFT)
    turned_away = without(dancer(), slice(None), "left_ear")
    assert measure_normalization(turned_away)["face"] == [None] * len(FACE_SHAPE_POINTS)


@pytest.mark.parametrize("limbs", ["source", "target"])
def test_files_and_the_choice_of_limbs(tmp_path, limbs):
    source, target = dancer(), dancer({"forearm": 36, "shank": 40})
    files = [tmp_path / name for name in ("a.npz", "camera.npz", "a.json", "b.npz", "b.json", "out.npz")]
    save_path(files[1], still_path(len(source.keypoints), source.width, source.height))
    for pose, path, statistics in ((source, files[0], files[2]), (target, *files[3:5])):
        save_pose(path, pose)
        measure_normalization_file(path, files[1], statistics)
    normalize_pair(PairFiles(*files[:5]), files[5], limbs)
    statistics = read_json(files[2]), read_json(files[4])
    expected, _ = transfer_pose(source, *statistics, limbs)
    assert np.array_equal(load_pose(files[5]).keypoints, expected.keypoints)


def test_against_the_rendered_truth():
    """True joints of the demo: docs/lab/results.md has the numbers, without and with limb lengths."""
    source, target, truth = (rendered(name) for name in ("brunomars", "alice", "alice_as_brunomars.truth"))
    alone, _ = normalize_pose(source, measure_normalization(source), measure_normalization(target))
    result, _ = placed(source, target)
    errors = [
        np.linalg.norm((pose.keypoints - truth.keypoints)[:, BODY, :2], axis=-1).mean()
        for pose in (alone, result)
    ]
    assert errors[0] > 5 and errors[1] < 3.8
    assert roughness(result) < 1.02 * roughness(alone)
