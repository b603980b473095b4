"""What the invisible mark costs and what it survives.

    python benchmarks/provenance_robustness.py KEY VIDEO...    KEY: a file of 32 bytes, made if absent

Each clip's first SECONDS are marked, written as a result is written, and attacked. A result that has the
key's mark already is attacked as it is. A line per attack: bits right of 32 and probability, first where
nothing but the key is known, then where the KNOWN payloads that the folder gave are, of which this is one.
benchmarks/provenance_false_marks.py looks at clips without a mark, and benchmarks/provenance_rivagan.py does
the same with RivaGAN.
"""

import random
import sys
import tempfile
from fractions import Fraction
from itertools import islice
from pathlib import Path

import ffmpeg
import numpy as np
from skimage.metrics import structural_similarity

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.provenance.detection import LEAD, find_in, find_mark, laid_over, looked_at
from dancenow.provenance.mark import Mark, load_key
from dancenow.video.media import decode, encode, ffmpeg_binary, probe, working_size

SECONDS, CUT, PAYLOAD, CHAINS, KNOWN = 8, 5, 0x5EED1234, 10, 1000
EVEN = {"w": "trunc(iw/2)*2", "h": "trunc(ih/2)*2"}


def attacks(seconds):
    """{name: (ffmpeg's filters, crf)} for a clip of so many seconds."""
    kept = (seconds - CUT) / 2
    return {
        "crf 28": ([], 28),
        "360p": ([("scale", ["-2", "360"], {})], 23),
        "crop left": ([("crop", ["iw*0.9", "ih", "iw*0.1", "0"], {})], 23),
        "crop right": ([("crop", ["iw*0.9", "ih", "0", "0"], {})], 23),
        "crop top": ([("crop", ["iw", "ih*0.9", "0", "ih*0.1"], {})], 23),
        "crop bottom": ([("crop", ["iw", "ih*0.9", "0", "0"], {})], 23),
        "20 per second": ([("fps", ["20"], {})], 23),
        "5 s cut out": (
            [("select", [f"lt(t,{kept})+gte(t,{kept + CUT})"], {}), ("setpts", ["N/FRAME_RATE/TB"], {})],
            23,
        ),
        "screen": ([("scale", ["iw*1.4", "-2"], {}), ("gblur", [], {"sigma": 1})], 30),
    }


def attack(source, path, filters, crf):
    """Write `source` changed by ffmpeg's `filters`, as even sizes, with x264 at `crf`."""
    stream = ffmpeg.input(str(source), t=SECONDS)["v:0"]
    for name, values, options in filters:
        stream = stream.filter(name, *values, **options)
    stream = stream.filter("crop", **EVEN).output(str(path), vcodec="libx264", crf=crf, threads=1)
    stream.overwrite_output().run(cmd=ffmpeg_binary(), quiet=True)


def listed(seconds):
    """Every attack and CHAINS seeded chains of two or three: [(name, filters, crf)]."""
    single, draw = attacks(seconds), random.Random(0)
    every = [(name, *steps) for name, steps in single.items()]
    for _ in range(CHAINS):
        names = draw.sample(sorted(single), draw.choice((2, 3)))
        crf = max(single[name][1] for name in names)
        every.append((" + ".join(names), [step for name in names for step in single[name][0]], crf))
    return every


def read(path, every=1):
    """(frames, size, rate) of a clip's first SECONDS, one of `every` so many, in the working size at most."""
    facts = probe(path)
    size = working_size(facts["width"], facts["height"], min(512, max(facts["width"], facts["height"])))
    rate = Fraction(facts["fps"])
    frames = list(islice(decode(path, facts, *size), 0, int(SECONDS * rate), every))
    return frames, size, rate / every


def tell_seen(name, frames, marked):
    """Print how far the mark is seen, over every 15th frame."""
    pairs = list(zip(frames, marked, strict=True))[::15]
    error = np.mean([np.mean((a.astype(float) - b) ** 2) for a, b in pairs])
    likeness = np.mean([structural_similarity(a, b, channel_axis=2) for a, b in pairs])
    print(
        f"\n{name}: PSNR {10 * np.log10(255**2 / error):.1f} dB, SSIM loss {1 - likeness:.4f}\n", flush=True
    )


def written(marked, size, rate, folder):
    """The path of the marked frames, written as a result is."""
    encode(folder / "result.mp4", iter(marked), str(rate), *size)
    return folder / "result.mp4"


def attacked(result, folder):
    """Yield (name, path) of a marked video and of each attack on its first SECONDS."""
    facts, changed = probe(result), folder / "changed.mp4"
    yield "none", result
    for name, filters, crf in listed(min(float(SECONDS), float(facts["frames"] / Fraction(facts["fps"])))):
        attack(result, changed, filters, crf)
        yield name, changed


def told(found, payload):
    """A Found as a cell of the table; payload: the one that was put in."""
    if not found.marked:
        return f"lost, {found.probability:.0e}"
    right = 32 - bin(found.payload ^ payload).count("1")
    return f"{right}, {found.probability:.0e}" + ("" if found.margin >= LEAD else ", unsure")


def row(name, path, key, payload):
    laid, draw = laid_over(looked_at(path)), random.Random(0)
    known = [payload, *(draw.getrandbits(32) for _ in range(KNOWN - 1))]
    cells = (told(find_in(laid, key, payloads), payload) for payloads in ((), known))
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def measure(path, key, folder):
    held = find_mark(path, key)
    if held.marked:
        result, payload = path, held.payload
        print(f"\n{Path(path).name}: has the mark, payload {payload:08x}\n")
    else:
        frames, size, rate = read(path)
        mark, payload = Mark(key, PAYLOAD, *size), PAYLOAD
        marked = [mark(frame) for frame in frames]
        tell_seen(Path(path).name, frames, marked)
        result = written(marked, size, rate, folder)
    print("| attack | key alone | payload known |\n| --- | --- | --- |")
    for name, changed in attacked(result, folder):
        row(name, changed, key, payload)


def main():
    key = load_key(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        for path in sys.argv[2:]:
            measure(path, key, Path(folder))


if __name__ == "__main__":
    main()
