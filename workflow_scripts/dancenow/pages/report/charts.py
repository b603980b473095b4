"""The report's charts, as SVG."""

import base64
import io

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dancenow.camera.path import MOVING, SHAKING, STILL, UNKNOWN
from dancenow.keypoints import BODY, INDEX, SIDES, sides_of
from dancenow.pages.report.camera import NO_FEET, NOBODY, WHOLE_BODY, Shot
from dancenow.pages.report.coverage import COMPARED_PARTS, LIMIT_RANGE, POSE_KINDS
from dancenow.references.gaps import Gap
from dancenow.stretches import stretches_of

GREEN, AMBER, RED, GREY = "#2e7d32", "#ef8f00", "#c62828", "#9e9e9e"
WARM, COOL = "#d84315", "#1565c0"  # the performer's left and right
CLOUDS = {
    "left_wrist": WARM, "left_elbow": WARM, "right_wrist": COOL, "right_elbow": COOL,
    "left_ankle": WARM, "left_knee": WARM, "right_ankle": COOL, "right_knee": COOL,
}  # fmt: skip
DRAWN_BONES = [
    ("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"),
    *((f"{side}_{a}", f"{side}_{b}") for side in SIDES for a, b in
      (("shoulder", "hip"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))),
]  # fmt: skip
CAMERAS = {STILL: GREEN, SHAKING: AMBER, MOVING: WARM, UNKNOWN: GREY}
SHOWN = {WHOLE_BODY: GREEN, NO_FEET: AMBER, NOBODY: GREY}
CELLS = 60  # of the coverage picture, along one side


def svg(figure: Figure) -> str:
    """A Figure as a data URI of an SVG, the same bytes for the same figure."""
    with matplotlib.rc_context({"svg.hashsalt": "dancenow", "font.size": 9}):
        text = io.BytesIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(text.getvalue()).decode()


def presence_chart(found: dict[str, np.ndarray], others: np.ndarray, fps: float) -> str:
    """Strips over time: when who was found. found: from found_parts; others: (T,) bool."""
    rows = [
        (name, found[name], GREEN) for name in ("person", "whole body", "face", "left hand", "right hand")
    ]
    rows += [("mended", found["mended"], AMBER), ("swapped", found["swapped"], RED), ("others", others, RED)]
    figure = Figure(figsize=(8, 2.2), layout="constrained")
    axis = figure.subplots()
    for row, (_, frames, colour) in enumerate(rows):
        spans = [(start / fps, (stop - start) / fps) for start, stop in stretches_of(frames)]
        axis.broken_barh([(0, len(frames) / fps)], (row - 0.35, 0.7), facecolor="#eeeeee")
        axis.broken_barh(spans, (row - 0.35, 0.7), facecolor=colour)
    axis.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axis.invert_yaxis()
    axis.set_xlim(0, len(others) / fps)
    axis.set_xlabel("seconds")
    return svg(figure)


def gaps_chart(gaps: list[Gap], seconds: float) -> str:
    """Strips over time: when the dance needs a part that was never shown.

    gaps: from find_gaps; seconds: of the dance.
    """
    figure = Figure(figsize=(8, 0.7 + 0.22 * len(gaps)), layout="constrained")
    axis = figure.subplots()
    for row, gap in enumerate(gaps):
        axis.broken_barh([(0, seconds)], (row - 0.35, 0.7), facecolor="#eeeeee")
        spans = [(start, stop - start) for start, stop in gap.moments]
        axis.broken_barh(spans, (row - 0.35, 0.7), facecolor=RED)
    axis.set_yticks(range(len(gaps)), [gap.part.replace("_", " ") for gap in gaps])
    axis.invert_yaxis()
    axis.set_xlim(0, seconds)
    axis.set_xlabel("seconds of the dance")
    return svg(figure)


def appearance_chart(appearance: dict[str, np.ndarray], fps: float) -> str:
    """Sharpness and light, over time."""
    figure = Figure(figsize=(8, 2.9), layout="constrained")
    sharp, light = figure.subplots(2, 1, sharex=True)
    seconds = appearance["frame"] / fps
    sharp.plot(seconds, appearance["sharpness"], color=GREEN)
    sharp.set_ylim(0, 1)
    sharp.set_ylabel("sharpness\nof the person")
    light.plot(seconds, appearance["light"], color=AMBER, label="person")
    light.plot(seconds, appearance["background_light"], color=GREY, label="background")
    light.set_ylim(0, 255)
    light.set_ylabel("brightness")
    light.legend(loc="lower right", fontsize=8)
    light.set_xlabel("seconds")
    return svg(figure)


def camera_chart(motion: dict[str, np.ndarray], shots: list[Shot], fps: float) -> str:
    """The camera's path over time, and its shots: what the camera does and what it shows.

    motion: from camera.camera_motion; shots: from camera.shots. Lines are broken at cuts.
    """
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    strip, way, zoom, roll = figure.subplots(4, 1, sharex=True, height_ratios=(0.8, 2, 1, 1))
    for number, shot in enumerate(shots):
        span = [(shot.first / fps, (shot.stop - shot.first) / fps)]
        strip.broken_barh(span, (0.55, 0.4), facecolor=CAMERAS[shot.camera], edgecolor="white")
        strip.broken_barh(span, (0.05, 0.4), facecolor=SHOWN[shot.shows], edgecolor="white")
        seconds = np.arange(shot.first, shot.stop) / fps
        own = slice(shot.first, shot.stop)
        labels = ("to the side", "up and down") if number == 0 else (None, None)
        for axis, colour, label in zip((0, 1), (WARM, COOL), labels, strict=True):
            way.plot(seconds, motion["shift"][own, axis], color=colour, label=label, linewidth=1)
        zoom.plot(seconds, motion["zoom"][own], color=GREEN, linewidth=1)
        roll.plot(seconds, motion["roll"][own], color=AMBER, linewidth=1)
    strip.set_yticks([0.25, 0.75], ["it shows", "camera"])
    strip.set_ylim(0, 1)
    reach = max(4, 1.1 * np.abs(motion["shift"]).max())
    way.set_ylim(-reach, reach)
    way.set_ylabel("place, px")
    way.legend(loc="lower right", fontsize=8)
    # at least the range of a moving camera, so that noise looks like noise
    far = max(0.05, 1.1 * np.abs(motion["zoom"] - 1).max())
    zoom.set_ylim(1 - far, 1 + far)
    zoom.set_ylabel("zoom")
    turned = max(1, 1.1 * np.abs(motion["roll"]).max())
    roll.set_ylim(-turned, turned)
    roll.set_ylabel("roll, degrees")
    roll.set_xlabel("seconds")
    roll.set_xlim(0, shots[-1].stop / fps)
    return svg(figure)


def coverage_chart(shape: np.ndarray, outside: dict[str, np.ndarray] | None = None) -> str:
    """Where wrists, elbows, ankles and knees were, around a figure in its mean pose.

    shape: (T, 17, 2) body shapes of the footage; outside: {part of COMPARED_PARTS: (N, 17, 2)}, the source's
    poses whose part lies outside it, drawn as crosses. The middle of the hips is the origin.
    """
    shape = _centred(shape)
    figure = Figure(figsize=(4.2, 4.4), layout="constrained")
    axis = figure.subplots()
    with np.errstate(invalid="ignore"):
        mean = np.nanmean(np.where(np.isfinite(shape).any(axis=0), shape, 0), axis=0)
    for start, end in DRAWN_BONES:
        axis.plot(*mean[[INDEX[start], INDEX[end]]].T, color="#bdbdbd", linewidth=5, solid_capstyle="round")
    axis.plot(*mean[INDEX["nose"]], "o", color="#bdbdbd", markersize=20)
    for name, colour in CLOUDS.items():
        places = shape[:, INDEX[name]]
        places = places[np.isfinite(places).all(axis=1)]
        if not len(places):
            continue
        counts, x, y = np.histogram2d(
            places[:, 0], places[:, 1], bins=CELLS, range=[(-0.9, 0.9), (-0.9, 0.9)]
        )
        column, row = np.nonzero(counts)
        share = counts[column, row] / max(1, counts.max())
        x, y = (edges[:-1] + np.diff(edges) / 2 for edges in (x, y))
        style = {"s": 16, "marker": "s", "linewidths": 0, "color": colour}
        axis.scatter(x[column], y[row], alpha=0.15 + 0.6 * share, **style)
    for part, shapes in (outside or {}).items():
        if part not in ("left arm", "right arm", "legs"):
            continue
        for name in COMPARED_PARTS[part][1]:
            axis.plot(*_centred(shapes)[:, INDEX[name]].T, "x", color="black", markersize=3, alpha=0.35)
    axis.set_xlim(-0.9, 0.9)
    axis.set_ylim(0.75, -0.95)
    axis.set_aspect("equal")
    axis.set_axis_off()
    return svg(figure)


def kinds_chart(shares: dict[str, dict[str, float]]) -> str:
    """Bars of the kinds of poses. shares: {label: {kind: share}}, one or two clips."""
    figure = Figure(figsize=(5, 4.4), layout="constrained")
    axis = figure.subplots()
    height = 0.8 / len(shares)
    for number, ((label, values), colour) in enumerate(zip(shares.items(), (GREEN, GREY), strict=False)):
        places = np.arange(len(POSE_KINDS)) + (number - (len(shares) - 1) / 2) * height
        axis.barh(places, [100 * values[kind] for kind in POSE_KINDS], height, color=colour, label=label)
    axis.set_yticks(range(len(POSE_KINDS)), list(POSE_KINDS))
    axis.invert_yaxis()
    axis.set_xlabel("% of the frames")
    if len(shares) > 1:
        axis.legend(loc="lower right", fontsize=8)
    return svg(figure)


def depth_chart(x: np.ndarray, heights: np.ndarray, width: int) -> str:
    """Where the performer stood: x px, and how tall the figure looked there, px: the nearer, the taller."""
    figure = Figure(figsize=(8, 1.6), layout="constrained")
    axis = figure.subplots()
    axis.plot(x, heights, ".", color=COOL, alpha=0.3, markersize=4)
    axis.set_xlim(0, width)
    axis.set_ylim(0.9 * heights.min(), 1.1 * heights.max())
    axis.set_xlabel("feet, px from the frame's left edge")
    axis.set_ylabel("body height, px")
    return svg(figure)


def distance_chart(comparison: dict, fps: float) -> str:
    """How far each of the source's poses is from the nearest one shown, part by part, with the limit."""
    parts = comparison["parts"]
    figure = Figure(figsize=(8, 5.2), layout="constrained")
    seconds = comparison["asked"] / fps
    for axis, (name, part) in zip(figure.subplots(len(parts), 1, sharex=True), parts.items(), strict=True):
        distance = np.where(np.isfinite(part["distance"]), part["distance"], np.nan)
        axis.plot(seconds, distance, color=COOL, linewidth=1)
        axis.axhline(part["limit"], color=RED, linewidth=1)
        axis.fill_between(seconds, part["limit"], distance, where=part["outside"], color=RED, alpha=0.3)
        axis.set_ylim(0, max(2 * LIMIT_RANGE[1], 1.1 * np.nanmax(distance, initial=0)))
        axis.set_ylabel(f"{name}, %")
    axis.set_xlabel("seconds of the dance")
    return svg(figure)


def _centred(shape: np.ndarray) -> np.ndarray:
    hips = shape[:, sides_of("hip")].mean(axis=1, keepdims=True)
    return shape[:, BODY] - hips
