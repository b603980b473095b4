"""Compare a clip's measures with the limits, with advice for a person who can still film again."""

import numpy as np

from dancenow.camera.path import UNKNOWN
from dancenow.keypoints import BODY, IMPUTED, MISSING, REPAIRED, Pose, standing_height
from dancenow.pages.report.camera import greatest, told_camera
from dancenow.pages.report.coverage import body_heights
from dancenow.pages.report.footage import Footage, longest_run
from dancenow.pages.report.verdict import BLURRED_SHARE, GOOD, SOURCE, TARGET, Check, check, refusal
from dancenow.pose.facing import LEANING, lean
from dancenow.pose.partial_bodies import imputed_legs
from dancenow.pose.shot_statistics import whole_bodies
from dancenow.pose.upper_bodies import UPPER_BODY

# how ffmpeg turns a picture upright in which bodies lean a quarter, half, three quarters of a turn clockwise
TURNED_UPRIGHT = "transpose=2", "hflip,vflip", "transpose=1"
USUAL_SECONDS = 60  # of footage: what the demo's target has


def footage_checks(footage: Footage, measures: dict, background: bool) -> list[Check]:
    """The Checks of one clip. measures: from measure_footage; background: whether the generator needs one."""
    checks = []
    if footage.refused:
        advice = "Film one person from head to feet in every frame, with room around the arms."
        checks.append(refusal(footage.refused, advice))
    if footage.pose is not None:
        checks += _found_checks(measures["found"], float(footage.store.fps))
        checks += track_checks(footage, measures)
        checks += _leg_checks(footage)
        checks += _size_checks(footage)
        checks += _length_checks(footage, measures)
        checks += _pose_checks(measures)
        checks += _light_checks(measures["appearance"])
        checks += _sharpness_checks(measures["appearance"]["sharpness"])
    checks += _clip_checks(footage)
    checks += _scene_checks(measures["appearance"], background)
    if background:
        checks += _background_checks(measures)
    return checks + _camera_checks(footage, measures)


def _found_checks(found: dict[str, np.ndarray], fps: float) -> list[Check]:
    share = {name: float(frames.mean()) for name, frames in found.items()}
    first, gap = longest_run(~found["person"])
    left, right = share["left hand"], share["right hand"]
    place = f", from frame {first} to {first + gap - 1}" if gap else ""
    return [
        check(
            "whole body",
            share["whole body"],
            f"the whole body is seen in {share['whole body']:.0%} of the frames",
            "Step back from the camera, or rotate it: head, hands and feet must stay in the picture.",
        ),
        check(
            "person found",
            share["person"],
            f"the performer is found in {share['person']:.0%} of the frames",
            "Film against a plain background in even light, with nothing in front of the person.",
        ),
        check(
            "longest gap",
            gap / fps,
            f"longest stretch without the person: {gap / fps:.1f} s{place}",
            "Cut the clip there, or film again: the figure will disappear in this stretch.",
        ),
        check(
            "face found",
            share["face"],
            f"the face is found in {share['face']:.0%} of the frames",
            "The face will be blurred: look towards the camera more, with light on the face.",
        ),
        check(
            "hands found",
            min(left, right),
            f"the left hand is found in {left:.0%} of the frames, the right in {right:.0%}",
            "The hands will be blurred: move more slowly, use more light, keep sleeves off the hands.",
        ),
    ]


def track_checks(footage: Footage, measures: dict) -> list[Check]:
    """The Checks of a found performer: what was repaired or swapped, who else is there; as footage_checks."""
    found, origin = measures["found"], footage.known_pose.origin[:, BODY]
    there = max(1, int((origin != MISSING).sum()))
    mended, imputed = ((origin >= least).sum() / there for least in (REPAIRED, IMPUTED))
    swapped, others = int(found["swapped"].sum()), float(measures["others"].mean())
    minutes = len(found["swapped"]) / float(footage.store.fps) / 60
    return [
        check(
            "repaired",
            mended,
            f"{mended:.1%} of the body keypoints are repaired or imputed, {imputed:.1%} imputed",
            "Limbs may be wrong where the strip below is marked. Wear clothes that contrast with the "
            "background.",
        ),
        check(
            "swaps",
            swapped / minutes,
            f"left and right are swapped in {swapped} frames, {swapped / minutes:.1f} per minute",
            "Limbs will jump where the strip below is marked: face the camera more often.",
        ),
        check(
            "others",
            others,
            f"somebody else is found in {others:.0%} of the frames",
            "Film the performer alone: others end up in the background, or are mistaken for the performer.",
        ),
        *_upright_checks(footage.known_pose),
    ]


def _upright_checks(pose: Pose) -> list[Check]:
    """How often a body that is seen stands upright: hardly ever where a clip lost its rotation."""
    unit = standing_height(pose.keypoints)
    angles, sure = lean(pose.keypoints, unit)
    angles = angles[sure > 0.5]
    if not len(angles):
        return []
    share = float((np.abs(angles) <= LEANING).mean())
    middle = np.arctan2(np.median(np.sin(angles)), np.median(np.cos(angles)))
    turn = TURNED_UPRIGHT[round(middle / (np.pi / 2)) % 4 - 1]
    text = f"the body is upright in {share:.0%} of the frames"
    advice = (
        "Fine for a dance on the floor or the hands. If a player shows the clip turned, turn it first: "
        f"ffmpeg -i CLIP -vf {turn} UPRIGHT.mp4"
    )
    return [check("upright", share, text, advice)]


def _leg_checks(footage: Footage) -> list[Check]:
    """For a source: how long its legs are imputed, as in normalize_poses."""
    if footage.statistics is None:
        return []
    legs = imputed_legs(whole_bodies(footage.known_pose, footage.path, footage.max_gap)[0])
    seconds = float(legs.sum() / footage.store.fps)
    text = f"for {seconds:.1f} s the legs are out of the picture and held still"
    advice = "Film from head to feet: the upper body will dance above legs that stand still."
    return [check("imputed legs", seconds, text, advice, (SOURCE,))]


def _size_checks(footage: Footage) -> list[Check]:
    if footage.statistics is None:
        return []
    tall = float(np.median(body_heights(footage.steady_pose(), footage.statistics)))
    share = tall / footage.known_pose.height
    text = f"the body is {tall:.0f} px tall (ankles to nose), {share:.0%} of the frame height"
    advice = "Film from closer, or in portrait format: a small figure loses its face and fingers."
    return [check("size", share, text, advice, (TARGET,))]


def _length_checks(footage: Footage, measures: dict) -> list[Check]:
    steady = footage.known_view.used
    used = steady[: measures["training_frames"]]
    shows = "person" if footage.statistics and footage.statistics["far_rule"] == UPPER_BODY else "whole body"
    seconds = float(measures["found"][shows][used].sum() / footage.store.fps)
    other = len(footage.known_pose.keypoints) - len(steady)
    scenes = f"; {other} belong to other scenes" if other else ""
    more = max(10, int(np.ceil((USUAL_SECONDS - seconds) / 10)) * 10)
    text = (
        f"{seconds:.0f} s show the {shows} and are used for training ({measures['training_frames']} of "
        f"{footage.people.count} frames; the rest is held out{scenes})"
    )
    advice = f"Film {more} more seconds: arms, legs, turns, every movement that a dance may contain."
    return [check("length", seconds, text, advice, (TARGET,))]


def _pose_checks(measures: dict) -> list[Check]:
    if measures["poses"] is None:
        return []
    shown = "a single pose" if measures["poses"] == 1 else f"{measures['poses']} clearly different poses"
    text = f"the footage shows {shown}"
    advice = (
        "Film a person who moves: arms up, to the side and crossed, steps, bent knees, turns. The generator "
        "cannot learn movement from a photo or from somebody who only stands still."
    )
    return [check("poses", measures["poses"], text, advice, (TARGET,))]


def _light_checks(appearance: dict[str, np.ndarray]) -> list[Check]:
    dark, bright, light = (_median(appearance[name]) for name in ("dark", "bright", "light"))
    if np.isnan(light):
        return []
    return [
        check(
            "too dark",
            dark,
            f"{dark:.0%} of the person's pixels are black (mean brightness {light:.0f} of 255)",
            "Use more light from the front, or lighter clothes: folds and limbs disappear in black.",
            (TARGET,),
        ),
        check(
            "too bright",
            bright,
            f"{bright:.0%} of the person's pixels are white",
            "Use a lower exposure, or darker clothes: overexposed areas have no detail.",
            (TARGET,),
        ),
    ]


def _sharpness_checks(sharpness: np.ndarray) -> list[Check]:
    known = sharpness[np.isfinite(sharpness)]
    if not len(known):
        return []
    middle = float(np.median(known))
    blurred = float((known < BLURRED_SHARE * middle).mean())
    return [
        check(
            "sharpness",
            middle,
            f"sharpness of the person: {middle:.2f} (0 blurred, 1 sharp)",
            "Clean the lens, lock the focus on the person, and use the original file.",
            (TARGET,),
        ),
        check(
            "blurred frames",
            blurred,
            f"{blurred:.0%} of the frames are blurred by movement",
            "Use more light, which shortens the exposure, or move more slowly.",
            (TARGET,),
        ),
    ]


def _clip_checks(footage: Footage) -> list[Check]:
    clips, fps = footage.store.facts["clips"], float(footage.store.fps)
    enlarged = max(clip["fit"]["scale"] for clip in clips)
    begun = {clip["first"] for clip in clips}
    cuts = [cut for cut in footage.store.cuts if cut not in begun]
    places = f", at frame {', '.join(map(str, cuts[:8]))}" if cuts else ""
    return [
        check(
            "frame rate",
            fps,
            f"{fps:.4g} frames per second",
            "Film at 25 or 30 frames per second.",
        ),
        check(
            "enlarged",
            enlarged,
            f"the clip is scaled by {enlarged:.2f} to the working size",
            "Use the original file, not a reduced copy, or lower frames.long_edge.",
            (TARGET,),
        ),
        check("cuts", len(cuts), f"{len(cuts)} cuts inside the clip{places}", "Use one uncut shot."),
    ]


def _scene_checks(appearance: dict[str, np.ndarray], background: bool) -> list[Check]:
    checks = []
    light = appearance["background_light"][np.isfinite(appearance["background_light"])]
    if len(light):
        change = float(np.subtract(*np.quantile(light, [0.98, 0.02])))
        text = f"the brightness of the scene changes by {change:.0f} levels of 255"
        advice = "Lock exposure and white balance; keep daylight and moving lamps out."
        checks.append(check("light changes", change, text, advice, (TARGET,)))
    moving = _median(appearance["background_change"])
    if background and np.isfinite(moving):
        text = f"{moving:.1%} of the background's pixels change"
        advice = (
            "Film where nothing else moves: moving curtains, trees, screens and people blur the background."
        )
        checks.append(check("moving background", moving, text, advice, (TARGET,)))
    return checks


def _background_checks(measures: dict) -> list[Check]:
    if not measures["hidden"]:
        return []
    share = measures["unseen"] / measures["hidden"]
    text = (
        f"{share:.0%} of the background behind the person is never visible: {measures['unseen']:.0%} of the "
        "picture is guessed from its surroundings"
    )
    advice = (
        "Step to both sides, so that each place is visible for a twentieth of the time, or set train: "
        "{generator: {background: false, references: false}}, which learns person and background together, "
        "less sharp."
    )
    if share > 1:  # more than anybody hides
        text = f"{measures['unseen']:.0%} of the picture shows no scene, as bars, and is guessed"
        advice = "Crop the clip to the scene (crop)."
    return [check("unseen background", share, text, advice, (TARGET,))]


def _camera_checks(footage: Footage, measures: dict) -> list[Check]:
    """The camera's movement is removed from a target's frames and a source's poses; some remains visible."""
    checks = [Check("camera", None, GOOD, told_camera(measures["shots"], float(footage.store.fps)), "")]
    if all(kind == UNKNOWN for kind in footage.path.kinds):
        return checks
    edge = max(footage.store.width, footage.store.height)
    travel = greatest(footage.path, measures["camera"]["shift"]) / edge
    zoom = greatest(footage.path, measures["camera"]["zoom"])
    moved = f"the camera moves by {travel:.1%} of the picture's long edge"
    tripod = "put the camera on a tripod or a shelf and do not touch it"
    advice = (
        "The footage is stabilized into one steady view, but the camera's movement blurs it, and places that "
        f"it shows only briefly are guessed: {tripod}."
    )
    checks += [
        check("camera travel", travel, moved, advice, (TARGET,)),
        check("camera zoom", zoom, f"the camera zooms by {zoom:.1%}", advice, (TARGET,)),
    ]
    advice = (
        "The camera's movement is measured from the static parts of the scene and removed from the poses; "
        f"where few parts are static, some movement remains: {tripod}."
    )
    return [*checks, check("camera travel", travel, moved, advice, (SOURCE,))]


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan
