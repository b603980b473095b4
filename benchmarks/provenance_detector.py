"""Whether a detector that learned from marked frames alone tells fakes that have no mark.

    python benchmarks/provenance_detector.py KEY REAL FAKE    KEY: a file of 32 bytes, made if absent

REAL: footage; FAKE: a result without a mark, of the same size. The detector learns from the first half of
both, marked alike, and judges the second half with and without the mark: a line each.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.authenticity import judge
from dancenow.authenticity.detector import load_detector
from dancenow.authenticity.detector_data import read_pairs
from dancenow.provenance.mark import Mark, load_key
from dancenow.video.media import decode, encode, probe

SIZE, COUNT, STEPS, PAYLOAD = 512, 300, 200, 0x5EED1234


def main():
    key, *videos = sys.argv[1:]
    mark = Mark(load_key(key), PAYLOAD, SIZE, SIZE)
    # fewer than in a run, where every video is also read at half the size and at CRF 30
    judge.FORMS, judge.SQUARES = ((23, 1),), 2048
    with tempfile.TemporaryDirectory() as folder:
        halves = {}
        for kind, path in zip(("real", "fake"), videos, strict=True):
            facts = probe(path)
            every = [frame for _, frame in zip(range(COUNT), decode(path, facts, SIZE, SIZE), strict=False)]
            for half, frames in (("learned", every[: COUNT // 2]), ("judged", every[COUNT // 2 :])):
                for name, finish in (("marked", mark), ("unmarked", lambda frame: frame)):
                    if (half, name) != ("learned", "unmarked"):
                        written = Path(folder) / f"{kind} {half} {name}.mp4"
                        encode(written, map(finish, frames), facts["fps"], SIZE, SIZE)
                        halves[kind, half, name] = written
        detector = Path(folder) / "detector.safetensors"
        learned = ([halves[kind, "learned", "marked"]] for kind in ("real", "fake"))
        judge.train_on_videos(*learned, ["alice_as_brunomars"], detector, STEPS, 0, 1)
        network, described = load_detector(detector)
        print("| second half | verdict | pairs judged fake | mean logit |\n| --- | --- | --- | --- |")
        for kind in ("real", "fake"):
            for name in ("marked", "unmarked"):
                pairs = read_pairs(halves[kind, "judged", name], judge.PAIRS, described["edge"])
                found = judge.decide(judge.score(network, pairs), 0)
                share, logit = found["share_fake"]["mean"], found["logit"]["mean"]
                print(f"| {kind}, {name} | {found['verdict']} | {share:.0%} | {logit:.2f} |", flush=True)


if __name__ == "__main__":
    main()
