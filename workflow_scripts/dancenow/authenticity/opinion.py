"""The opinion of the working folder's detector on any video, for verification; loads nothing without one."""

from pathlib import Path

from dancenow.files import read_json
from dancenow.video.media import probe

DETECTOR_FILE = Path("results/authenticity/detector.safetensors")  # in the working folder


def opinion(video: str | Path) -> dict[str, str] | None:
    """{"verdict": "real", "fake" or "undecided", "summary": a sentence}; None where there is no detector.

    Includes its accuracy if its report is there.
    """
    if not DETECTOR_FILE.exists():
        return None
    if probe(video)["frames"] < 2:
        return {"verdict": "undecided", "summary": "undecided: a single frame, and it goes by what changes"}
    from dancenow.authenticity.judge import find  # torch takes seconds to load

    report = DETECTOR_FILE.with_name("report.json")
    accuracy = read_json(report)["accuracy"] if report.exists() else None
    found = find(video, None, DETECTOR_FILE, accuracy, [], seed=0)
    return {key: found[key] for key in ("verdict", "summary")}
