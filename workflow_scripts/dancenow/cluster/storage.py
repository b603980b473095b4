"""What can be deleted once the videos are made, and made again without training."""

import shutil
from collections.abc import Iterable
from pathlib import Path


def removable(folder: str | Path, stay: Iterable[str]) -> dict[str, list[Path]]:
    """{description: paths} of everything that can be deleted and made again without training.

    stay: subjects whose frames stay, beside those that have a model, and pairs whose synthesized frames stay:
    a training reads them, and Snakemake would train again once they are newer than what came of it. A
    source's frames can go once its pose is there, synthesized frames once the video or the scores are,
    previews once the generator is.
    """
    results = Path(folder) / "results"
    trained = {path.name.split(".")[0] for path in results.glob("models/*/")}
    stay = trained | set(stay)
    return {
        "frames of sources": [
            path
            for path in sorted(results.glob("frames/*.avi"))
            if path.name.split(".")[0] not in stay and (results / f"poses/{path.stem}.npz").exists()
        ],
        "synthesized frames": [
            path
            for path in sorted(results.glob("synthesis/*.mp4"))
            if path.stem not in stay
            and ((results / path.name).exists() or (results / f"metrics/{path.stem}.json").exists())
        ],
        "previews of trainings": [
            path
            for path in sorted(results.glob("models/**/run"))
            if (path.parent / "generator.safetensors").exists()
        ],
    }


def clean(folder: str | Path, stay: Iterable[str]) -> list[str]:
    """Delete what `removable` finds and return what was freed as lines of text, the sum last."""
    lines, total = [], 0
    for what, paths in removable(folder, stay).items():
        freed = sum(map(_size, paths))
        for path in paths:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        lines.append(f"{what}: {len(paths)} deleted, {freed / 1e6:.1f} MB")
        total += freed
    return [*lines, f"freed: {total / 1e6:.1f} MB"]


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
