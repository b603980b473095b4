"""The two reports, from files to files."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.evenly import spread
from dancenow.files import write_json
from dancenow.keypoints import Pose, sides_of
from dancenow.pages.frame import write_page
from dancenow.pages.report import charts
from dancenow.pages.report.camera import Shot
from dancenow.pages.report.checks import footage_checks
from dancenow.pages.report.coverage import body_heights, pose_kinds
from dancenow.pages.report.footage import ClipFiles, Footage, load_footage, measure_footage
from dancenow.pages.report.page import clip_facts, section, thumbnail
from dancenow.pages.report.pair import clock, filming_advice, outside_shares, pair_checks, worst_moments
from dancenow.pages.report.verdict import FAIL, GOOD, LEVELS, SHOW, SOURCE, TARGET, Check, worst
from dancenow.pose.draw import draw_over
from dancenow.training.holdout import training_frame_count

log = logging.getLogger(__name__)

MOMENTS = 6  # pictures of a clip
UNDER_SKELETON = 0.75  # brightness of these
SELDOM_SHOWN = 0.01  # of the frames: a kind of pose shown less is named
CAMERA_CAPTION = (
    "camera: green still, yellow shaking, red moving, grey unknown; it shows: green the whole body, "
    "yellow no feet, grey nobody"
)
MOST_SHOTS = 12  # that are named
COVERAGE_CAPTION = "where wrists, elbows, knees and ankles were; orange: the performer's left, blue: right"

TEMPLATE = Path(__file__).with_name("page.html")
GAPS_CAPTION = (
    "red: the dance shows this part in a way that the target never showed; front and back: all parts"
)

SAYS = {
    GOOD: "No fault found.",
    SHOW: "It will work, but the faults listed below will be visible in the result.",
    FAIL: "It will not work as it is; the list below says why, and what to change.",
}


@dataclass(frozen=True)
class PlannedTraining:
    """What a target's training will be.

    holdout: share of the footage that it does not see; background, references: whether the generator has
    them.
    """

    holdout: float
    background: bool
    references: bool


def report_footage(
    clip: ClipFiles, holdout: float, background: bool, html_path: str | Path, json_path: str | Path
) -> None:
    """The report of one clip, as a target and as a source.

    holdout, background: as in PlannedTraining. Writes the page and a JSON of {subject, verdict {target,
    source}, refused, checks, coverage, shots [{first, stop: frames, camera, shows}], clip}. A clip that a
    later stage will refuse has a report too.
    """
    footage = load_footage(clip)
    measures = measure_footage(footage, holdout)
    checks = footage_checks(footage, measures, background)
    verdict = {role: worst(checks, role) for role in (TARGET, SOURCE)}
    kinds = _shown_kinds(footage)
    record = {
        "subject": clip.name,
        "verdict": verdict,
        "refused": footage.refused or None,
        "checks": [item.record() for item in checks],
        "coverage": {kind: round(share, 4) for kind, share in kinds.items()},
        "shots": [asdict(shot) for shot in measures["shots"]],
        "clip": footage.store.facts,
    }
    level = worst(checks)
    write_page(
        TEMPLATE,
        html_path,
        title=clip.name,
        verdicts=[(f"as a {role}", verdict[role]) for role in (TARGET, SOURCE)],
        summary=SAYS[level],
        films=[],
        checks=_worst_first(checks),
        sections=_footage_sections(footage, measures, kinds),
        facts=[clip_facts(footage)],
    )
    write_json(json_path, record)
    _log(checks)


def report_pair(
    target_clip: ClipFiles,
    source_clip: ClipFiles,
    limbs: str,
    training: PlannedTraining,
    html_path: str | Path,
    json_path: str | Path,
) -> None:
    """The report of a pair.

    limbs: whose limb lengths the figure keeps, as in normalize_pair. The verdict is the worst of the target
    as a target, the source as a source, and what the pair adds. The JSON holds {target, source, verdict,
    film, checks}, and where no clip is refused also {outside {part: share}, limits {part: % of the height},
    kinds, worst}, and references, None without them, else {limits {part: unlikeness}, gaps [{part, how,
    share, moments [[start, stop] s]}]} as from find_gaps.
    """
    target, source = load_footage(target_clip), load_footage(source_clip)
    used = target.people.count if target.view is None else len(target.view.used)
    count = training_frame_count(used, training.holdout)
    checks, comparison, pose = pair_checks(source, target, limbs, count, training.references)
    record: dict[str, Any] = {"target": target.name, "source": source.name}
    films, moments, sections = [], [], []
    if comparison is not None and pose is not None:
        seconds = len(pose.keypoints) / float(pose.fps)
        films = [film for _, film in filming_advice(comparison, seconds, (source.name, target.name))]
        moments = worst_moments(comparison, pose.fps)
        sections = _pair_sections(source, target, pose, comparison, moments)
        parts = comparison["parts"]
        record |= {
            "outside": {part: round(share, 4) for part, share in outside_shares(comparison).items()},
            "limits": {part: round(result["limit"], 2) for part, result in parts.items()},
            "kinds": comparison["kinds"],
            "worst": moments,
            "references": _references_record(comparison["references"]),
        }
    for footage, role in ((target, TARGET), (source, SOURCE)):
        if not footage.refused:
            own = footage_checks(footage, measure_footage(footage, training.holdout), training.background)
            checks += [_of(item, footage.name, role) for item in own if role in item.roles]
    level = worst(checks)
    record |= {"verdict": level, "film": films, "checks": [item.record() for item in checks]}
    write_page(
        TEMPLATE,
        html_path,
        title=f"{target.name} as {source.name}",
        verdicts=[("this pair", level)],
        summary=SAYS[level],
        films=films,
        checks=_worst_first(checks),
        sections=sections,
        facts=[clip_facts(target), clip_facts(source)],
    )
    write_json(json_path, record)
    _log(checks)


def _references_record(found: dict | None) -> dict | None:
    if found is None:
        return None
    gaps = [asdict(gap) for gap in found["gaps"]]
    for gap in gaps:
        gap["share"] = round(gap["share"], 4)
        gap["moments"] = [[round(start, 2), round(stop, 2)] for start, stop in gap["moments"]]
    limits = {part: limit and round(limit, 3) for part, limit in found["limits"].items()}
    return {"limits": limits, "gaps": gaps}


def _of(item: Check, name: str, role: str) -> Check:
    """A clip's Check inside a pair's report: whose it is, and for this role only."""
    return replace(item, name=f"{name}: {item.name}", text=f"{name}: {item.text}", roles=(role,))


def _worst_first(checks: Iterable[Check]) -> list[Check]:
    return sorted(checks, key=lambda item: -LEVELS.index(item.level))


def _log(checks: Iterable[Check]) -> None:
    for item in checks:
        log.info("%s: %s%s", item.level, item.text, f" ({item.advice})" if item.advice else "")


def _shown_kinds(footage: Footage) -> dict[str, float]:
    if footage.statistics is None:
        return {}
    return {kind: float(frames.mean()) for kind, frames in pose_kinds(footage.shape()).items()}


def _footage_sections(footage: Footage, measures: dict, kinds: dict[str, float]) -> list[dict]:
    fps, pose, appearance = float(footage.store.fps), footage.pose, measures["appearance"]
    moments = spread(len(footage.store), MOMENTS)
    sharpness = appearance["sharpness"]
    if np.isfinite(sharpness).any():
        moments.append(int(appearance["frame"][np.nanargmin(sharpness)]))
    captions = [f"frame {index}" for index in moments[:MOMENTS]] + [f"least sharp: frame {moments[-1]}"]
    shown = [footage.store[index] for index in moments]
    if pose is not None:
        shown = [
            draw_over(picture, pose.keypoints[index], UNDER_SKELETON)
            for index, picture in zip(moments, shown, strict=True)
        ]
    thumbnails = [(thumbnail([picture]), text) for picture, text in zip(shown, captions, strict=False)]
    found = charts.presence_chart(measures["found"], measures["others"], fps)
    look = charts.appearance_chart(appearance, fps)
    camera = charts.camera_chart(measures["camera"], measures["shots"], fps)
    sections = [
        section("What it shows", thumbnails, thumbnails=True),
        section("Who was found, and when", [(found, "mended: parts of the body are repaired or imputed")]),
        section("Sharpness, light", [(look, "")]),
        section("The camera", [(camera, CAMERA_CAPTION)], _told_shots(measures["shots"], fps)),
    ]
    if kinds:
        missing = [kind for kind, share in kinds.items() if share < SELDOM_SHOWN]
        text = (
            f"Hardly ever shown: {', '.join(missing)}. A dance with these poses will show faults."
            if missing
            else ""
        )
        pose = footage.steady_pose()
        feet = pose.keypoints[:, sides_of("ankle"), 0].mean(axis=1)
        seen = pose.present()[:, sides_of("ankle")].all(axis=1)
        heights = body_heights(pose, footage.known_statistics)
        pictures = [
            (charts.coverage_chart(footage.shape()), COVERAGE_CAPTION),
            (charts.kinds_chart({footage.name: kinds}), "how often each kind of pose is shown"),
        ]
        if seen.any():
            depth = charts.depth_chart(feet[seen], heights[seen], pose.width)
            pictures.append((depth, "where the performer stood, and how near"))
        sections.append(section("Poses it shows", pictures, text))
    return sections


def _told_shots(shots: list[Shot], fps: float) -> str:
    """The shots of a clip with cuts in words; of one shot nothing, for its check says it."""
    if len(shots) == 1:
        return ""
    parts = [
        f"{clock(shot.first / fps)} to {clock(shot.stop / fps)} {shot.camera}, {shot.shows}"
        for shot in shots[:MOST_SHOTS]
    ]
    more = [f"and {len(shots) - MOST_SHOTS} more"] if len(shots) > MOST_SHOTS else []
    return f"{len(shots)} shots: " + "; ".join(parts + more) + "."


def _pair_sections(
    source: Footage, target: Footage, pose: Pose, comparison: dict, moments: list[dict]
) -> list[dict]:
    asked, shown = comparison["shapes"]
    outside = {part: asked[result["outside"]] for part, result in comparison["parts"].items()}
    kinds = {
        f"{footage.name} ({role})": {kind: shares[role] for kind, shares in comparison["kinds"].items()}
        for footage, role in ((source, SOURCE), (target, TARGET))
    }
    thumbnails = []
    for moment in moments:
        frame, nearest = moment["frame"], moment["nearest"]
        plain = np.zeros((pose.height, pose.width, 3), np.uint8)
        pictures = [
            draw_over(source.store[frame], source.known_pose.keypoints[frame], 1.0),
            draw_over(plain, pose.keypoints[frame], 1.0),
        ]
        text = f"{source.name} frame {frame}, normalised"
        if nearest is not None:
            nearest = target.frame(nearest)
            pictures.append(draw_over(target.store[nearest], target.known_pose.keypoints[nearest], 1.0))
            text += f", and {target.name}'s nearest pose (frame {nearest})"
        way = (
            "never shown" if moment["distance"] is None else f"{moment['distance']:.1f} % of the height away"
        )
        thumbnails.append(
            (thumbnail(pictures), f"{text}: {moment['part']} {way}, limit {moment['limit']:.1f} %")
        )
    gaps = (comparison["references"] or {"gaps": []})["gaps"]
    strips = [(charts.gaps_chart(gaps, len(pose.keypoints) / float(pose.fps)), GAPS_CAPTION)] if gaps else []
    return [
        *([section("Parts that no piece of the footage shows", strips)] if strips else []),
        section("Where the dance leaves the footage", thumbnails,
                "" if thumbnails else f"{target.name} shows every pose of {source.name}.", True),
        section("Poses of the dance, and poses shown", [
            (charts.coverage_chart(shown, outside),
             f"colours: where {target.name}'s joints were; crosses: poses of {source.name} outside"),
            (charts.kinds_chart(kinds), "how often each kind of pose is danced, and how often it is shown"),
        ]),
        section("Distance to the nearest pose shown", [
            (charts.distance_chart(comparison, float(pose.fps)), "in % of the body height; red: the limit"),
        ]),
    ]  # fmt: skip
