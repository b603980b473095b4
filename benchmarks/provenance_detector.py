"""Whether a detector that learned from marked frames alone goes by the mark.

    python benchmarks/provenance_detector.py KEY REAL FAKE OTHER_REAL OTHER_FAKE

KEY: a file of 32 bytes, made if absent; REAL, OTHER_REAL: footage of two people; FAKE, OTHER_FAKE: results of
theirs without a mark, whose sizes the footage gets. The detector learns from the first half of REAL and FAKE,
marked alike, and judges their second half and the other person, with and without the mark: a line each.
"""

import sys
import tempfile
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.authenticity import judge
from dancenow.authenticity.detector import load_detector
from dancenow.authenticity.detector_data import read_pairs
from dancenow.provenance.mark import Mark, load_key
from dancenow.video.media import decode, encode, probe

COUNT, STEPS, PAYLOAD = 300, 400, 0x5EED1234


def written(real, fake, key, folder, first):
    """{(half, kind, "marked" or "unmarked"): path}; footage and result are both encoded twice, in one size.

    first: whether to write halves, "learned" and "judged"; else all is "judged".
    """
    facts, made = probe(fake), {}
    size = facts["width"], facts["height"]
    encode(folder / "once.mp4", islice(decode(real, probe(real), *size), COUNT), probe(real)["fps"], *size)
    for kind, path in (("real", folder / "once.mp4"), ("fake", fake)):
        frames = list(islice(decode(path, probe(path), *size), COUNT))
        begin = len(frames) // 2 if first else 0
        for half, part in (("learned", frames[:begin]), ("judged", frames[begin:])):
            for name, finish in (("marked", Mark(key, PAYLOAD, *size)), ("unmarked", lambda frame: frame)):
                if part:
                    made[half, kind, name] = folder / f"{half} {kind} {name}.mp4"
                    encode(made[half, kind, name], map(finish, part), probe(path)["fps"], *size)
    return made


def main():
    key, *videos = sys.argv[1:]
    # fewer than in a run, where every video is also read at half the size and at CRF 30
    judge.FORMS = ((23, 1),)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        same = written(*videos[:2], load_key(key), Path(one), True)
        people = {"the same": same, "another": written(*videos[2:], load_key(key), Path(other), False)}
        detector = Path(one) / "detector.safetensors"
        learned = ([same["learned", kind, "marked"]] for kind in ("real", "fake"))
        judge.train_on_videos(*learned, ["alice_as_brunomars"], detector, STEPS, 0, 1)
        network, described = load_detector(detector)
        print(
            "| person | video | verdict | pairs judged fake | mean logit |\n| --- | --- | --- | --- | --- |"
        )
        for person, made in people.items():
            for kind, name in [key[1:] for key in made if key[0] == "judged"]:
                pairs = read_pairs(made["judged", kind, name], judge.PAIRS, described["edge"])
                found = judge.decide(judge.score(network, pairs), 0)
                share, logit = found["share_fake"]["mean"], found["logit"]["mean"]
                line = f"| {person} | {kind}, {name} | {found['verdict']} | {share:.0%} | {logit:.2f} |"
                print(line, flush=True)


if __name__ == "__main__":
    main()
