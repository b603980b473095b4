"""Whether two revisions give the same bytes: the smoke preset in a copy of each, compared file by file.

python benchmarks/same_bytes.py FIRST SECOND [--target FILE] [--cores N] [--config KEY=VALUE ...]

FIRST, SECOND: commits; what is not committed does not count. Prints a Markdown table of SHA-256: of the films
of frames, the poses, backgrounds, references and weights, and of the decoded pictures of each video. Left out
are logs, measured times, and signatures, which hold a date. The second run takes over the key of the first
one's invisible mark, since with another key every pixel differs. Exit status 1 where a file differs or is
missing in one of the two.
"""

import argparse
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from dancenow.provenance.finishing import MARK_KEY
from dancenow.video.media import decode, probe

ROOT = Path(__file__).resolve().parents[1]
FILES = "frames/*.avi", "poses/*.npz", "backgrounds/*.png", "references/*.npz", "models/**/*.safetensors"
VIDEOS = "*.mp4", "synthesis/*.mp4"


def git(*arguments: str) -> bytes:
    """What git says of this project; CalledProcessError where it fails."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def run(tree: Path, target: str, cores: int, settings: list[str]) -> None:
    """The smoke preset in a copy of a revision, with the Python that this runs in."""
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--quiet", "all"]
    command += ["--config", "preset=smoke", *settings, "--", target]
    subprocess.run(command, cwd=tree, check=True, stdout=sys.stderr)


def pictures(video: Path) -> str:
    """SHA-256 of a video's decoded frames, whatever its container says."""
    facts, digest = probe(video), hashlib.sha256()
    for frame in decode(video, facts, facts["width"], facts["height"]):
        digest.update(frame.tobytes())
    return digest.hexdigest()


def digests(tree: Path) -> dict[str, str]:
    """{path: SHA-256} of what a run made, of videos that of their pictures."""
    results = tree / "results"
    files = [
        path for of in FILES for path in results.glob(of) if path.parent.name != "finished"
    ]  # the same again
    made = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    made |= {path: pictures(path) for of in VIDEOS for path in results.glob(of)}
    return {str(path.relative_to(tree)): digest for path, digest in sorted(made.items())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("revisions", nargs=2, metavar="REVISION")
    parser.add_argument("--target", default="results/alice_as_brunomars.mp4", help="what snakemake makes")
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--config", nargs="*", default=[], help="more settings for both, as of snakemake")
    asked = parser.parse_args()
    found: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        trees = [Path(folder) / name for name in ("first", "second")]
        for tree, revision in zip(trees, asked.revisions, strict=True):
            with tarfile.open(fileobj=io.BytesIO(git("archive", revision))) as archive:
                archive.extractall(tree, filter="data")
            if found and (trees[0] / MARK_KEY).exists():
                (tree / MARK_KEY).parent.mkdir(mode=0o700)
                shutil.copy2(trees[0] / MARK_KEY, tree / MARK_KEY)
            run(tree, asked.target, asked.cores, asked.config)
            found.append(digests(tree))
    names = [git("rev-parse", "--short", revision).decode().strip() for revision in asked.revisions]
    print(f"| file | {names[0]} | {names[1]} | same |\n|---|---|---|---|")
    paths = sorted(found[0].keys() | found[1].keys())
    for path in paths:
        first, second = (each.get(path, "absent") for each in found)
        print(f"| {path} | {first[:12]} | {second[:12]} | {'yes' if first == second else '**no**'} |")
    differing = [path for path in paths if found[0].get(path) != found[1].get(path)]
    print(f"\n{len(paths)} files, {len(differing)} differ")
    sys.exit(1 if differing or not paths else 0)


if __name__ == "__main__":
    main()
