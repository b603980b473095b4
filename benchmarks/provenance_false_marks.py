"""How high videos without a mark score.

    python benchmarks/provenance_false_marks.py KEYS VIDEO...    KEYS: how many random keys, of a fixed seed

Each key is searched for with KNOWN payloads, as in a folder that has given so many.
A line per video: the frames that were looked at, the largest score over all keys, the least probability, and
how many keys called it marked. The last line is the sum.
"""

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.provenance.detection import find_in, laid_over, looked_at
from dancenow.provenance.mark import KEY_BYTES

KNOWN = 1000


def main():
    draw = random.Random(0)
    keys = [draw.randbytes(KEY_BYTES) for _ in range(int(sys.argv[1]))]
    payloads = [draw.getrandbits(32) for _ in range(KNOWN)]
    whole, hits, largest, least = 0, 0, 0.0, 1.0
    print("| clip | frames | largest score | least probability | marked |\n| --- | --- | --- | --- | --- |")
    for path in sys.argv[2:]:
        frames = list(looked_at(path))
        laid = laid_over(frames)
        found = [find_in(laid, key, payloads) for key in keys]
        score, chance = max(each.score for each in found), min(each.probability for each in found)
        marked = sum(each.marked for each in found)
        print(f"| {Path(path).name} | {len(frames)} | {score:.3f} | {chance:.0e} | {marked} |", flush=True)
        whole, hits = whole + len(frames), hits + marked
        largest, least = max(largest, score), min(least, chance)
    print(f"| all, {len(keys)} keys | {whole} | {largest:.3f} | {least:.0e} | {hits} |")


if __name__ == "__main__":
    main()
