"""A clip's measures against the limits, with the words for a person who can still film again."""

import numpy as np

from dancenow.keypoints import BODY, INVENTED, MISSING, REPAIRED
from dancenow.report.coverage import body_heights
from dancenow.report.footage import longest_run
from dancenow.report.verdict import BLURRED, SOURCE, TARGET, check, refusal, softened

STEADY_KNOWN = 0.1  # share of the steps in which the camera must be measurable, or nothing is said of it
USUAL_SECONDS = 60  # of footage: what the demo's target has


def footage_checks(footage, measures, plate):
    """The Checks of one clip. plate: whether the generator composites over a background plate."""
    checks = []
    if footage.refused:
        advice = "Film one person from head to feet, all the time, with room around the arms."
        checks.append(refusal(footage.refused, advice))
    if footage.pose is not None:
        checks += _person_checks(footage, measures)
        checks += _picture_checks(footage, measures["appearance"])
    return checks + _room_checks(footage, measures, plate)


def _person_checks(footage, measures):
    found, fps = measures["found"], float(footage.store.fps)
    share = {name: float(frames.mean()) for name, frames in found.items()}
    first, gap = longest_run(~found["person"])
    origin = footage.pose.origin[:, BODY]
    mended = float((origin >= REPAIRED).sum() / max(1, (origin != MISSING).sum()))
    invented = float((origin == INVENTED).sum() / max(1, (origin != MISSING).sum()))
    swapped = int(found["swapped"].sum())
    hands = {side: share[f"{side} hand"] for side in ("left", "right")}
    worse = min(hands, key=hands.get)
    others = float(measures["others"].mean())
    seconds = float(found["whole body"][: measures["training_frames"]].sum() / fps)
    return [
        check("whole body", share["whole body"], f"the whole body is seen in {share['whole body']:.0%} of the frames",
              "Step back from the camera, or turn it: head, hands and feet must stay in the picture."),
        check("person found", share["person"], f"the performer is found in {share['person']:.0%} of the frames",
              "Film against a plain background, in even light, with nobody and nothing in front of the person."),
        check("longest gap", gap / fps, f"longest stretch without the person: {gap / fps:.1f} s"
              + (f", from frame {first}" if gap else ""),
              f"Cut the clip before frame {first}, or after frame {first + gap - 1}: the figure vanishes there."),
        check("repaired", mended, f"{mended:.1%} of the body's keypoints are repaired or invented ({invented:.1%} invented)",
              "Look at the skeleton over the footage where the strip below is marked: limbs may be wrong there. "
              "Clothes that stand out from the background, and no arm hidden behind the body, help."),
        check("swaps", swapped, f"left and right change places in {swapped} frames",
              "Look at the skeleton over the footage there; a body that faces the camera is told apart best."),
        check("face found", share["face"], f"the face is found in {share['face']:.0%} of the frames",
              "Look towards the camera more of the time, in light that falls on the face: the face will be a blur.", ),
        check("hands found", hands[worse],
              f"the left hand is found in {hands['left']:.0%} of the frames, the right in {hands['right']:.0%}",
              f"Hands will smear, the {worse} one above all: slower movements, more light (a shorter exposure), "
              "sleeves that leave the hands free."),
        *_size_checks(footage),
        check("length", seconds, f"{seconds:.0f} s show the whole body and are trained on "
              f"({measures['training_frames']} of {footage.people.count} frames; the rest is kept for scores)",
              f"Film {_more_seconds(seconds)} more seconds: arms, legs, turns, everything a dance may ask for.",
              (TARGET,)),
        check("others", others, f"somebody else is found in {others:.0%} of the frames",
              "Film the performer alone: others end up in the background plate, and may be taken for the performer."),
    ]  # fmt: skip


def _size_checks(footage):
    if footage.stance is None:
        return []
    tall = float(np.median(body_heights(footage.pose, footage.stance)))
    share = tall / footage.pose.height
    text = f"the body is {tall:.0f} px tall, {share:.0%} of the frame's height (ankles to nose)"
    advice = "Film closer, or upright instead of across: a small figure has no face and no fingers."
    return [check("size", share, text, advice, (TARGET,))]


def _more_seconds(seconds):
    return max(10, int(-(-(USUAL_SECONDS - seconds) // 10) * 10))


def _picture_checks(footage, appearance):
    with np.errstate(invalid="ignore"):
        known = appearance["sharpness"][np.isfinite(appearance["sharpness"])]
    middle = float(np.median(known)) if len(known) else 0.0
    blurred = float((known < BLURRED * middle).mean()) if len(known) else 1.0
    dark, bright, light = (float(np.nanmedian(appearance[name])) for name in ("dark", "bright", "light"))
    fps, enlarged = float(footage.store.fps), footage.store.facts.get("fit", {}).get("scale", 1.0)
    checks = [
        check("frame rate", fps, f"{fps:.4g} frames per second", "Film with 25 or 30 frames per second."),
        check("enlarged", enlarged, f"the clip was enlarged {enlarged:.2f} times to the working size",
              "Use the original file, not a copy that was made small for sending; or lower frames.long_edge.",
              (TARGET,)),
        check("too dark", dark, f"{dark:.0%} of the person's pixels are black (mean brightness {light:.0f} of 255)",
              "More light from the front, or lighter clothes: folds and limbs disappear in black.", (TARGET,)),
        check("too bright", bright, f"{bright:.0%} of the person's pixels are white",
              "Less light, a lower exposure, or darker clothes: what is burnt out has no shape.", (TARGET,)),
    ]  # fmt: skip
    if len(known):
        checks += [
            check("sharpness", middle, f"sharpness of the person: {middle:.2f} (0 blurred, 1 sharp)",
                  "Clean the lens, set the focus on the person and lock it, use the original file.", (TARGET,)),
            check("blurred frames", blurred, f"{blurred:.0%} of the frames are blurred by movement",
                  "More light, so that the exposure is shorter, or slower movements.", (TARGET,)),
        ]  # fmt: skip
    return checks


def _room_checks(footage, measures, plate):
    appearance, checks = measures["appearance"], []
    room = appearance["room_light"][np.isfinite(appearance["room_light"])]
    if len(room):
        change = float(np.subtract(*np.quantile(room, [0.98, 0.02])))
        checks.append(
            check("light changes", change, f"the room's brightness changes by {change:.0f} levels of 255",
                  "Lock exposure and white balance, keep daylight and moving lamps out.", (TARGET,))
        )  # fmt: skip
    checks += _camera_checks(footage, measures["camera"], plate)
    moving = appearance["room_change"][np.isfinite(appearance["room_change"])]
    if plate and len(moving):
        share = float(np.median(moving))
        checks.append(
            check("moving room", share, f"{share:.1%} of the background's pixels change",
                  "Film where nothing else moves: curtains, trees, screens and people become a blur in the plate.",
                  (TARGET,))
        )  # fmt: skip
    cuts = footage.store.facts.get("cuts") or []
    if cuts:
        places = ", ".join(str(cut) for cut in cuts[:8])
        checks.append(
            check("cuts", len(cuts), f"{len(cuts)} cuts, at frame {places}",
                  "Use one uncut shot: start and end of the clip can be set in config.yaml.")
        )  # fmt: skip
    return checks


def _camera_checks(footage, camera, plate):
    """Camera checks; a target with a plate fails with a moving camera, everyone else's placement suffers."""
    known = np.isfinite(camera["step"])
    if len(known) == 0 or known.mean() < STEADY_KNOWN:
        return []
    store = footage.store
    travel = float(np.ptp(camera["shift"], axis=0).max() / max(store.width, store.height))
    zoom = float(np.ptp(camera["zoom"]))
    moved = f"the camera moves by {travel:.1%} of the picture's long edge"
    tripod = "put the camera on a tripod or a shelf and do not touch it"
    if plate:
        advice = (
            f"A moving camera is not supported for the background plate: {tripod}, or set "
            "train: {generator: {plate: false}}, which learns the background with the person and blurs it."
        )
    else:
        advice = f"Background and placement will swim: {tripod}."
    checks = [
        check("camera travel", travel, moved, advice, (TARGET,)),
        check("camera zoom", zoom, f"the camera zooms by {zoom:.1%}", advice, (TARGET,)),
    ]
    still = f"The figure's place and size are taken for the dancer's own movement: {tripod}."
    as_source = check("camera travel", travel, moved, still, (SOURCE,))
    return [*(softened(item) if not plate else item for item in checks), softened(as_source)]
