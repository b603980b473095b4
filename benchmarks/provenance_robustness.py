"""What the invisible mark costs and what it survives.

    python benchmarks/provenance_robustness.py KEY VIDEO...    KEY: a file of 32 bytes, made if absent

Each clip's first FRAMES frames are marked, written as a result is written, and attacked. A line per attack:
bits right of 32, verdict, probability. benchmarks/provenance_false_marks.py looks at clips without a mark.
"""

import random
import sys
import tempfile
from itertools import islice
from pathlib import Path

import ffmpeg
import numpy as np
from skimage.metrics import structural_similarity

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.provenance.detection import find_mark
from dancenow.provenance.mark import Mark, load_key
from dancenow.video.media import decode, encode, ffmpeg_binary, probe, working_size

FRAMES, PAYLOAD, CHAINS = 150, 0x5EED1234, 10
EVEN = {"w": "trunc(iw/2)*2", "h": "trunc(ih/2)*2"}
ATTACKS = {
    "crf 28": ([], 28),
    "360p": ([("scale", ["-2", "360"], {})], 23),
    "crop left": ([("crop", ["iw*0.9", "ih", "iw*0.1", "0"], {})], 23),
    "crop right": ([("crop", ["iw*0.9", "ih", "0", "0"], {})], 23),
    "crop top": ([("crop", ["iw", "ih*0.9", "0", "ih*0.1"], {})], 23),
    "crop bottom": ([("crop", ["iw", "ih*0.9", "0", "0"], {})], 23),
    "20 per second": ([("fps", ["20"], {})], 23),
    # FRAMES are 6 s at 25 frames a second: half a second before and after it is left
    "5 s cut out": ([("select", ["lt(n,12)+gte(n,138)"], {}), ("setpts", ["N/FRAME_RATE/TB"], {})], 23),
    "screen": ([("scale", ["iw*1.4", "-2"], {}), ("gblur", [], {"sigma": 1})], 30),
}


def attack(source, path, filters, crf):
    """Write `source` changed by ffmpeg's `filters`, as even sizes, with x264 at `crf`."""
    stream = ffmpeg.input(str(source))["v:0"]
    for name, values, options in filters:
        stream = stream.filter(name, *values, **options)
    stream = stream.filter("crop", **EVEN).output(str(path), vcodec="libx264", crf=crf, threads=1)
    stream.overwrite_output().run(cmd=ffmpeg_binary(), quiet=True)


def chains():
    """CHAINS seeded chains of two or three attacks: (name, filters, crf)."""
    draw = random.Random(0)
    for _ in range(CHAINS):
        names = draw.sample(sorted(ATTACKS), draw.choice((2, 3)))
        crf = max(ATTACKS[name][1] for name in names)
        yield " + ".join(names), [step for name in names for step in ATTACKS[name][0]], crf


def row(name, found):
    right = 32 - bin(found.payload ^ PAYLOAD).count("1") if found.marked else 0
    print(
        f"| {name} | {right} | {'marked' if found.marked else 'no mark'} | {found.probability:.0e} |",
        flush=True,
    )


def measure(path, key, folder):
    facts = probe(path)
    size = working_size(facts["width"], facts["height"], 512)
    frames = list(islice(decode(path, facts, *size), FRAMES))
    mark = Mark(key, PAYLOAD, *size)
    marked = [mark(frame) for frame in frames]
    pairs = list(zip(frames, marked, strict=True))[::15]
    error = np.mean([np.mean((a.astype(float) - b) ** 2) for a, b in pairs])
    likeness = np.mean([structural_similarity(a, b, channel_axis=2) for a, b in pairs])
    print(f"\n{Path(path).name}: PSNR {10 * np.log10(255**2 / error):.1f} dB, SSIM loss {1 - likeness:.4f}\n")
    print("| attack | bits | verdict | probability |\n| --- | --- | --- | --- |")
    result, changed = folder / "result.mp4", folder / "changed.mp4"
    encode(result, iter(marked), facts["fps"], *size)
    row("none", find_mark(result, key))
    listed = [(name, *steps) for name, steps in ATTACKS.items()]
    for name, filters, crf in [*listed, *chains()]:
        attack(result, changed, filters, crf)
        row(name, find_mark(changed, key))


def main():
    key = load_key(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for path in sys.argv[2:]:
            measure(path, key, Path(folder))


if __name__ == "__main__":
    main()
