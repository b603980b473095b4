"""All facts about a pair for the report: whether the target's footage covers the source's dance."""

from fractions import Fraction

import numpy as np

from dancenow.errors import InputError
from dancenow.evenly import evenly
from dancenow.keypoints import Pose, require_same_estimator
from dancenow.pages.report.coverage import (
    COMPARED_PARTS,
    MOST_FRAMES,
    POSE_KINDS,
    body_heights,
    body_shape,
    compare_part,
    pose_kinds,
)
from dancenow.pages.report.footage import Footage
from dancenow.pages.report.verdict import GOOD, LIMITS, SHOW, TARGET, Check, check, refusal
from dancenow.pose.normalize import outside_share
from dancenow.pose.normalize_files import PLAUSIBLE_SCALE
from dancenow.pose.shot_statistics import Transferred, transfer_clip
from dancenow.references.gaps import Gap, find_gaps

# descriptions of how a part was not shown
UNLIKE = {
    "side": "seen from a side that {} never showed",
    "larger": "larger, or nearer to the camera, than {} ever showed it",
    "smaller": "smaller, farther away or more end-on, than {} ever showed it",
    "position": "in positions that {} never showed",
}
WORST = 6  # frames shown
WORST_APART_SECONDS = 0.7  # frames nearer in time show the same pose
# advice: so many times as long as the source's unseen poses of a kind last, in steps of STEP_SECONDS
TIMES, STEP_SECONDS, MOST_SECONDS = 4, 10, 60
MOMENTS = 6  # of a gap that are named, the longest
LEAST_UNSEEN = 0.03  # of the source's frames: fewer unseen poses of one kind ask for no advice


def normalised(source: Footage, target: Footage, limbs: str) -> Transferred:
    """shot_statistics.Transferred of the source's Pose to the target's frame, as normalize_poses makes it.

    source, target: Footage, both with normalization statistics. InputError: their poses come from different
    estimators.
    """
    require_same_estimator(source.known_pose, target.known_pose, source.name, target.name)
    return transfer_clip(
        source.known_pose, source.path, source.known_statistics, target.known_statistics, limbs,
        source.max_gap,
    )  # fmt: skip


def compare_footage(target: Footage, pose: Pose, training_frames: int) -> dict:
    """How far the normalised poses of a source are from what the target showed.

    pose: from normalised; training_frames: how many of the target's frames count as shown. Returns a dict:
    asked, shown: (N,) and (M,) frame numbers that were compared, shown among the target's used ones; shapes:
    their body shapes; parts: {part: compare_part's dict}; kinds: {kind: {source, target, unseen}}, shares of
    the frames compared.
    """
    asked = evenly(len(pose.keypoints), MOST_FRAMES)
    shown = evenly(training_frames, MOST_FRAMES)
    shapes = (
        body_shape(pose, body_heights(pose, target.known_statistics))[asked],
        target.shape()[shown],
    )
    fps = float(target.store.fps) * len(shown) / training_frames
    parts = {part: compare_part(*shapes, part, fps) for part in COMPARED_PARTS}
    mine, theirs = (pose_kinds(shape) for shape in shapes)
    kinds = {
        kind: {
            "source": float(mine[kind].mean()),
            "target": float(theirs[kind].mean()),
            "unseen": float((mine[kind] & parts[part]["outside"]).mean()),
        }
        for kind, (part, _) in POSE_KINDS.items()
    }
    return {"asked": asked, "shown": shown, "shapes": shapes, "parts": parts, "kinds": kinds}


def worst_moments(comparison: dict, fps: Fraction | float) -> list[dict]:
    """At most WORST of {frame, part, distance, limit, nearest}, the farthest outside their limits first.

    frame: of the source; nearest: of the target's used frames, None where the part was never shown. Frames
    lie WORST_APART_SECONDS apart.
    """
    parts = comparison["parts"]
    ratios = np.stack(
        [np.nan_to_num(part["distance"] / part["limit"], posinf=1e6) for part in parts.values()]
    )
    chosen, worst = [], ratios.max(axis=0)
    for place in worst.argsort()[::-1]:
        frame = int(comparison["asked"][place])
        if worst[place] <= 1 or len(chosen) == WORST:
            break
        if all(abs(frame - other["frame"]) >= WORST_APART_SECONDS * float(fps) for other in chosen):
            name = list(parts)[int(ratios[:, place].argmax())]
            part = parts[name]
            distance, index = float(part["distance"][place]), int(part["index"][place])
            chosen.append({
                "frame": frame,
                "part": name,
                "distance": round(distance, 2) if np.isfinite(distance) else None,
                "limit": round(part["limit"], 2),
                "nearest": int(comparison["shown"][index]) if index >= 0 else None,
            })  # fmt: skip
    return chosen


def filming_advice(
    comparison: dict, seconds: float, names: tuple[str, str]
) -> list[tuple[tuple[str, ...], str]]:
    """[(parts, sentence)]: what to film, the most needed first.

    seconds: the source's length; names: (source, target). A kind of pose is requested where its part is not
    good and at least LEAST_UNSEEN of the source's frames are of this kind and outside; both arms become one
    sentence.
    """
    source, target = names
    needed = [
        part for part, share in outside_shares(comparison).items() if LIMITS["outside"].level(share) != GOOD
    ]
    wanted = {}
    for kind, (part, phrase) in POSE_KINDS.items():
        unseen = comparison["kinds"][kind]["unseen"]
        if part in needed and unseen >= LEAST_UNSEEN:
            both = phrase.replace("your left arm", "your arms").replace("your right arm", "your arms")
            parts, longest, _ = wanted.get(both, ((), 0.0, ""))
            wanted[both] = (*parts, part), max(longest, unseen), both if parts else phrase
    films = []
    for parts, unseen, phrase in sorted(wanted.values(), key=lambda entry: -entry[1]):
        held = unseen * seconds
        reason = f"{source} holds such poses for {held:.1f} s that {target} does not show"
        films.append((parts, f"film {advised_seconds(held)} more seconds with {phrase}: {reason}"))
    return films


def outside_shares(comparison: dict) -> dict[str, float]:
    """{part: share of the source's poses that lie outside what the target showed}."""
    return {part: float(result["outside"].mean()) for part, result in comparison["parts"].items()}


def advised_seconds(unseen: float) -> int:
    """Seconds to film, for poses that the source holds for `unseen` seconds."""
    steps = max(1, int(np.ceil(TIMES * unseen / STEP_SECONDS)))
    return min(MOST_SECONDS, steps * STEP_SECONDS)


def reference_checks(gaps: list[Gap], names: tuple[str, str]) -> list[Check]:
    """The Checks of what no piece of the target's footage shows.

    gaps: from find_gaps; names: (source, target).
    """
    source, target = names
    checks = []
    for gap in gaps:
        part, limit = gap.part.replace("_", " "), "never shown"
        if gap.part in ("front", "back"):
            found = f"{target}'s {part} was never shown"
            advice = (
                f"Film {target} from all sides: turn around slowly, in both directions, with moving arms."
            )
        elif gap.how == "part":
            found = f"{target}'s whole {part} was never shown"
            advice = f"Film so that the {part} is in the picture and nothing covers it."
        else:
            found, limit = f"{part}: {UNLIKE[gap.how].format(target)}", "unlike"
            moment = clock(max(gap.moments, key=_length)[0])
            advice = f"Film more of the {part}, as in {source} at {moment}."
        text = f"{found}, for {gap.share:.0%} of {source}: {told_moments(gap.moments)}"
        checks.append(check(limit, gap.share, text, advice, (TARGET,), name=f"{limit}, {part}"))
    return checks


def told_moments(moments: list[tuple[float, float]]) -> str:
    """The MOMENTS longest of [(start, stop)] s in words, in the order of time."""
    longest = sorted(sorted(moments, key=_length, reverse=True)[:MOMENTS])
    words = [" to ".join(dict.fromkeys((clock(start), clock(stop)))) for start, stop in longest]
    more = len(moments) - len(longest)
    return ", ".join(dict.fromkeys(words)) + (f" and {more} more" if more else "")


def clock(seconds: float) -> str:
    """Seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _length(moment: tuple[float, float]) -> float:
    return moment[1] - moment[0]


def pair_checks(
    source: Footage, target: Footage, limbs: str, training_frames: int, references: bool
) -> tuple[list[Check], dict | None, Pose | None]:
    """(Checks of the pair itself, comparison or None, the normalised Pose or None).

    references: whether the generator is shown pieces of the target's footage; the comparison then has
    `limits` and `gaps` as from find_gaps under "references", else None there.
    """
    refused = [item for item in (target, source) if item.refused]
    if refused:
        advice = "Replace this clip; nothing can be transferred until then. The clip's own report says more."
        return [refusal(item.refused, advice) for item in refused], None, None
    try:
        pose, scale, _, way = normalised(source, target, limbs)
    except InputError as error:
        return [refusal(str(error), "Use one estimator for both clips.")], None, None
    comparison = compare_footage(target, pose, training_frames) | {"references": None}
    names, seconds = (source.name, target.name), len(pose.keypoints) / float(pose.fps)
    films = filming_advice(comparison, seconds, names)
    checks = []
    for part, share in outside_shares(comparison).items():
        text = f"{part}: {share:.0%} of {source.name}'s poses lie outside those that {target.name} showed"
        advice = next((film for parts, film in films if part in parts), f"film more movement of the {part}")
        checks.append(check("outside", share, text, _sentence(advice), name=f"outside, {part}"))
    out = outside_share(pose)
    checks.append(
        check(
            "out of frame",
            out,
            f"{out:.1%} of the body lies outside the target's frame",
            "Film the target with more room around the body: parts outside the frame are cut off.",
        )
    )
    if way < 1:
        text = f"{source.name} reaches wider than {target.name}'s frame, in whose middle the figure stays"
        if way > 0:
            text = f"{source.name} travels {1 / way:.1f} times as far as fits into {target.name}'s frame"
        advice = "The sideways travel is shortened, and feet slide: film the target from farther away."
        checks.append(Check("way", way, SHOW, text, advice))
    if references:
        try:
            limits, gaps = find_gaps(
                pose, target.steady_pose().keypoints[:training_frames], target.known_pose.fps
            )
        except InputError as error:
            checks.append(refusal(str(error), "Film one person from head to feet in every frame.", (TARGET,)))
        else:
            comparison["references"] = {"limits": limits, "gaps": gaps}
            checks += reference_checks(gaps, names)
    low, high = float(scale.min()), float(scale.max())
    if low < PLAUSIBLE_SCALE[0] or high > PLAUSIBLE_SCALE[1]:
        text = f"the figure is scaled by {low:.2f} to {high:.2f}"
        checks.append(Check("scale", low, SHOW, text, "Use clips that show both people at similar sizes."))
    return checks, comparison, pose


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
