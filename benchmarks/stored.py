"""How large what a run keeps is, by kind: what benchmarks/cost_model.py multiplies."""

from dataclasses import dataclass
from pathlib import Path

from dancenow.errors import InputError
from dancenow.files import read_json

# of every stage of a target's training
MODELS = [f"results/models/{{}}{stage}" for stage in ("", "/enhancer", "/face")]
INDEX_HEADER, INDEX_ENTRY = 128, 16  # bytes of results/frames/{subject}.index.npy, and of a frame in it


@dataclass(frozen=True)
class Kind:
    """Files of one kind. per: clip, target or pair; paths: globs, {} stands for its name.

    goes: whether clean_intermediate deletes them; of frames, those of a source.
    """

    name: str
    per: str
    paths: tuple
    goes: bool = False


KINDS = (
    Kind("frames", "clip", ("results/frames/{}.avi",), goes=True),
    Kind(
        "facts and index of the frames",
        "clip",
        ("results/clips/{}.json", "results/frames/{}.json", "results/frames/{}.index.npy"),
    ),
    Kind("everyone found", "clip", ("results/poses/{}.people.npz", "results/masks/{}.found.npz")),
    Kind(
        "the performer's pose, camera, normalization statistics",
        "clip",
        ("results/poses/{}.npz", "results/camera/{}.npz", "results/normalization/{}.json"),
    ),
    Kind("steady view", "target", ("results/steady/{}.npz", "results/poses/{}.steady.npz")),
    Kind("the performer's masks", "target", ("results/masks/{}.npz",)),
    Kind("background", "target", ("results/backgrounds/{}.png",)),
    Kind("references", "target", ("results/references/{}.npz",)),
    Kind("networks", "target", tuple(f"{folder}/*.safetensors" for folder in MODELS)),
    Kind("losses, settings, progress", "target", tuple(f"{folder}/*.[!s]*" for folder in MODELS)),
    Kind("previews of the training", "target", tuple(f"{folder}/run/**/*" for folder in MODELS), goes=True),
    Kind("normalised pose", "pair", ("results/poses/{}.npz",)),
    Kind("chosen references", "pair", ("results/references/{}.npz",)),
    Kind("preview from moved pieces", "pair", ("results/previews/{}.mp4",)),
    Kind("synthesized frames", "pair", ("results/synthesis/{}.mp4",), goes=True),
    Kind("video", "pair", ("results/{}.mp4",)),
)


def names_of(folder):
    """{"clip": ..., "target": ..., "pair": ...}: the sorted names in a run's folder, of finished ones."""
    results = Path(folder) / "results"
    return {
        "clip": sorted(path.name.removesuffix(".index.npy") for path in results.glob("frames/*.index.npy")),
        "target": sorted(path.parent.name for path in results.glob("models/*/generator.safetensors")),
        "pair": sorted(path.stem for path in results.glob("*_as_*.mp4")),
    }


def frames_of(folder, clip):
    """Frames of a clip, by the size of its index."""
    index = Path(folder) / f"results/frames/{clip}.index.npy"
    return (index.stat().st_size - INDEX_HEADER) // INDEX_ENTRY


def minutes_of(folder, per, name):
    """Minutes of footage: of the clip, of the target's clip, of the source's of a pair."""
    clip = name.split("_as_")[-1] if per == "pair" else name
    numerator, _, denominator = read_json(Path(folder) / f"results/frames/{clip}.json")["fps"].partition("/")
    return frames_of(folder, clip) / (int(numerator) / int(denominator or 1)) / 60


def measure(folder, kind):
    """(files, MB, MB per minute of footage) of a Kind in a finished run.

    Means over its clips, targets or pairs; MB per minute over all of their footage together. InputError when
    there are none.
    """
    names = names_of(folder)[kind.per]
    if not names:
        raise InputError(f"{folder}: no finished {kind.per} in results; give the folder of a finished run")
    sizes = [
        path.stat().st_size
        for name in names
        for pattern in kind.paths
        for path in Path(folder).glob(pattern.format(name))
        if path.is_file()
    ]
    minutes = sum(minutes_of(folder, kind.per, name) for name in names)
    megabytes = sum(sizes) / 1e6
    return len(sizes) / len(names), megabytes / len(names), megabytes / minutes
