"""Two short clips through the whole pipeline, once, then its variants; then what came out is looked at."""

import base64
import csv
import json
import math
import os
import re
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dancenow.files import sha256
from dancenow.keypoints import load_pose
from dancenow.model.windows import person_boxes
from dancenow.pictures import read_png
from dancenow.provenance.verdict import STATED, examine
from dancenow.provenance.xmp import COMPOSITE, GENERATED
from dancenow.video.frames import FrameStore
from dancenow.video.media import decode, ffmpeg_binary, ffprobe_binary, probe
from running import ROOT, fork_snakemake, run_snakemake, run_with_forked_jobs

FRAMES = {"alice": 30, "brunomars": 8}
WANTED = (
    "results/alice_as_brunomars.mp4",
    "results/metrics/alice_as_brunomars.json",
    "results/metrics/alice.heldout.json",
    "results/figures/alice_as_brunomars.normalization.png",
    "results/figures/alice_as_brunomars.png",
    "results/models/alice/summary.md",
    "results/gallery.html",
    "results/alice_as_brunomars.provenance.json",
)

OURS = {"results", "logs", "benchmarks", ".snakemake", "secrets", ".provenance"}
CACHES = {".git", ".venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"}


def stamps(folder, apart=frozenset()):
    """{path: time of its last change} of all files in `folder`, but for folders of the names `apart`."""
    found = {}
    for place, folders, files in os.walk(folder):
        folders[:] = set(folders) - apart
        found |= {Path(place, file): Path(place, file).lstat().st_mtime_ns for file in files}
    return found


def shorten(clip, seconds, to):
    options = "-crf 12 -c:a copy".split()
    command = [ffmpeg_binary(), "-v", "error", "-i", str(clip), "-t", str(seconds), *options, str(to)]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory, data):
    """(working directory in which the smoke preset has made everything, files changed outside of OURS)."""
    directory = tmp_path_factory.mktemp("smoke")
    (directory / "data").mkdir()
    for name, frames in FRAMES.items():
        shorten(data / f"{name}.mp4", frames / 25, directory / "data" / f"{name}.mp4")
    truth = "alice_as_brunomars.truth.mp4"
    shorten(data / truth, FRAMES["brunomars"] / 25, directory / "data" / truth)
    # of its own, so that what others write there meanwhile does not count
    home = tmp_path_factory.mktemp("home")

    def outside():
        # of the workflow's own folder only what is new: somebody may be editing it
        workflow = dict.fromkeys(stamps(ROOT, OURS | CACHES))
        return stamps(directory, OURS) | workflow | stamps(home)

    before = outside()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        completed = run_snakemake(directory, *WANTED, "--config", "preset=smoke")
    assert completed.returncode == 0, completed.stdout[-3000:] + completed.stderr[-6000:]
    return directory, {path for path, _ in before.items() ^ outside().items()}


@pytest.fixture(scope="module")
def work(made):
    """The working directory."""
    return made[0]


def test_nothing_is_written_outside_of_our_folders_and_the_temporary_one(made):
    assert made[1] == set()


def test_the_video_plays_in_time_and_carries_the_music(work):
    command = [ffprobe_binary(), "-v", "error", "-count_frames", "-show_streams", "-of", "json"]
    shown = subprocess.run([*command, str(work / WANTED[0])], capture_output=True, check=True).stdout
    video, sound = sorted(json.loads(shown)["streams"], key=lambda stream: stream["codec_type"], reverse=True)
    assert (video["codec_name"], video["pix_fmt"]) == ("h264", "yuv420p")
    assert (video["width"], video["height"]) == (192, 192)
    assert int(video["nb_read_frames"]) == FRAMES["brunomars"]
    assert Fraction(video["avg_frame_rate"]) == 25
    assert sound["codec_name"] == "aac"
    assert float(sound["duration"]) == pytest.approx(FRAMES["brunomars"] / 25, abs=0.05)


def test_the_room_is_alices_and_somebody_is_in_it(work):
    result = work / WANTED[0]
    background = read_png(work / "results/backgrounds/alice.png").astype(int)
    boxes = person_boxes(load_pose(work / "results/poses/alice_as_brunomars.npz").keypoints)
    for frame, box in zip(decode(result, probe(result), 192, 192), boxes, strict=True):
        x0, y0, x1, y1 = np.clip(box, 0, 192).astype(int)
        difference = np.abs(frame.astype(int) - background).mean(axis=-1)
        outside = np.ones((192, 192), bool)
        outside[max(0, y0 - 20) : y1 + 20, max(0, x0 - 20) : x1 + 20] = False
        assert difference[outside].mean() < 6
        assert difference[y0:y1, x0:x1].mean() > 2 * difference[outside].mean()


def test_training_moved_towards_the_footage(work):
    lines = (work / "results/models/alice/losses.jsonl").read_text().splitlines()
    losses = [json.loads(line)["l1"] for line in lines]
    assert len(losses) == json.loads((work / "results/models/alice/settings.json").read_text())["steps"]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_poses_are_those_of_the_demo_clip(work):
    pose, store = load_pose(work / "results/poses/alice.npz"), FrameStore(work / "results/frames/alice.avi")
    assert len(pose.keypoints) == len(store) == FRAMES["alice"]
    assert pose.estimator == "mediapipe" and pose.fps == 25
    assert pose.present()[:, :17].mean() > 0.95
    decision = json.loads((work / "results/poses/estimator.json").read_text())
    assert "openpifpaf" in decision["reason"] and "http" in decision["reason"]


def test_arrays_are_those_that_the_architecture_page_tells(work):
    """Names, shapes and types in its table of files, where a shape is told: `maps` (T, 3, 3) float64."""
    page, told = (ROOT / "docs/architecture.md").read_text(), []
    for files, content in re.findall(r"^\| (`[^|*]+\.npz`) \| (.+) \|$", page, re.M):
        arrays = re.findall(r"`(\w+)` \(([\w, ]+)\)(?: (bool|u?int\d+|float\d+))?", content)
        for file in re.findall(r"`([^`]+)`", files):
            name = file.format(subject="alice", target="alice", source="brunomars")
            with np.load(work / "results" / name) as stored:
                for array, shape, kind in arrays:
                    sizes = [size for size in shape.replace(" ", "").split(",") if size]
                    known = dict(zip(sizes, map(str, stored[array].shape), strict=True))
                    assert {size for size in sizes if size.isdigit() and known[size] != size} == set()
                    assert kind in ("", stored[array].dtype.name), (name, array)
                    told.append((name, array))
    assert len(told) > 15


def test_the_dance_stands_where_alice_stands(work):
    asked, alice = (load_pose(work / f"results/poses/{name}.npz") for name in ("alice_as_brunomars", "alice"))
    boxes = [person_boxes(pose.keypoints) for pose in (asked, alice)]
    tall = [np.nanmedian(box[:, 3] - box[:, 1]) for box in boxes]
    feet = [np.median(pose.keypoints[:, 15:17, 1]) for pose in (asked, alice)]
    assert tall[0] == pytest.approx(tall[1], rel=0.15)
    assert feet[0] == pytest.approx(feet[1], abs=0.05 * 192)


def test_a_clip_is_a_handful_of_files(work):
    assert len(list((work / "results/frames").glob("alice*"))) == 3


def test_scores_stand_beside_both_baselines(work):
    for file in WANTED[1:3]:
        scores = json.loads((work / file).read_text())["scores"]
        assert {"result", "static background", "nearest neighbour"} == scores.keys()


def test_the_gallery_has_the_numbers_of_every_frame(work):
    page = (work / "results/gallery.html").read_text()
    text = page.split('<script id="transfers" type="application/json">')[1].split("</script>")[0]
    (transfer,) = json.loads(text)
    assert transfer["frames"] == FRAMES["brunomars"] and transfer["fps"] == 25
    assert [series["title"] for series in transfer["series"]][-2:] == ["SSIM", "PSNR"]
    assert {len(series["values"]) for series in transfer["series"]} == {FRAMES["brunomars"]}
    for panel in transfer["panels"]:
        assert (work / "results" / panel["url"]).is_file()
    # the same frames as the table's, inside the same box
    ssim = transfer["series"][-2]["values"]
    table = json.loads((work / WANTED[1]).read_text())["scores"]["result"]["ssim"]["mean"]
    assert np.mean([value for value in ssim if value is not None]) == pytest.approx(table, abs=1e-3)


def test_a_report_holds_the_results_and_how_they_were_made(work):
    completed = fork_snakemake(work, "--report", "report.html", *WANTED, "--config", "preset=smoke")
    assert completed.returncode == 0, completed.stderr[-3000:]
    page = (work / "report.html").read_text()
    for path in WANTED[:5]:
        assert f'"{path}": {{' in page
    for rule in ("train_generator", "synthesize_frames", "evaluate_transfer"):
        assert f'"{rule}": {{' in page


def test_the_result_states_what_it_is_made_from_and_carries_its_mark(work):
    told = json.loads((work / WANTED[-1]).read_text())
    assert (told["signature"], told["status"], told["xmp"]) == ("valid", STATED, COMPOSITE)
    inputs = told["manifest"]["inputs"]
    for what, path in (
        ("generator", "results/models/alice/generator.safetensors"),
        ("face", "results/models/alice/face/generator.safetensors"),
        ("pose", "results/poses/alice_as_brunomars.npz"),
    ):
        assert inputs[what] == sha256(work / path)
    assert inputs["clips"] == [
        {"role": role, "sha256": sha256(work / f"data/{name}.mp4")}
        for role, name in (("target", "alice"), ("source", "brunomars"))
    ]
    assert {role: record["use"] for role, record in inputs["consent"].items()} == {
        "target": "publish",
        "source": "publish",
    }
    assert told["mark"]["marked"] and told["mark"]["payload"] in (None, inputs["mark"])


def test_keys_are_their_owners_alone_and_in_no_result_report_or_log(work):
    secret = work / ".provenance/key.pem", work / "secrets/mark.key"
    assert [path.stat().st_mode & 0o777 for path in secret] == [0o600, 0o600]
    pem, mark = (path.read_bytes() for path in secret)
    forms = (pem.splitlines()[1], mark, mark.hex().encode(), base64.b64encode(mark))
    others = [path for path in work.rglob("*") if path.is_file() and path not in secret]
    assert len(others) > 50 and not [
        path for path in others for held in [path.read_bytes()] if any(form in held for form in forms)
    ]


def test_nothing_is_left_to_do_and_nothing_partial_lies_about(work):
    again = fork_snakemake(work, "-n", *WANTED, "--config", "preset=smoke")
    assert "Nothing to be done" in again.stdout + again.stderr
    assert not list(work.rglob(".partial-*"))
    assert not (work / "results/models/alice/run/last.pt").exists()


def test_the_same_training_is_put_back(work):
    generator, log = (
        work / "results/models/alice/generator.safetensors",
        work / "logs/train_generator/alice.log",
    )
    first = generator.read_bytes()
    arguments = "results/models/alice/generator.safetensors", "--forcerun", "train_generator"
    assert fork_snakemake(work, *arguments, "--config", "preset=smoke").returncode == 0
    assert "the results are put back" in log.read_text() and generator.read_bytes() == first


@pytest.fixture(scope="module")
def matrix(work):
    """The working directory, when the variants are trained and compared as well."""
    completed = run_with_forked_jobs(work, "figures", "--config", "preset=smoke")
    assert completed.returncode == 0, completed.stdout[-3000:] + completed.stderr[-6000:]
    return work


@pytest.mark.parametrize("scored", ["alice.heldout", "alice_as_brunomars"])
def test_every_row_of_the_comparison_is_measured(matrix, scored):
    with open(matrix / f"results/tables/{scored}.ablation.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    means = {(row["method"], row["measure"]): float(row["mean"] or "nan") for row in rows}
    methods = {method for method, _ in means}
    unplaced = {"ours, not normalised"} if "_as_" in scored else set()
    assert methods == {"static background", "nearest neighbour", "fbf", "fbf_ts", "full", "ours"} | unplaced
    for method in methods:
        for measure in ("ssim", "psnr", "lpips_form"):
            assert math.isfinite(means[method, measure]), (method, measure)
    # other networks, other pictures; the background is the same whoever is compared with it
    assert len({means[method, "psnr"] for method in methods}) == len(methods)
    # twenty steps from the background on the one hand, from noise on the other
    assert means["ours", "psnr"] > means["fbf_ts", "psnr"]


def test_the_variants_are_what_their_names_say(matrix):
    models = matrix / "results/models"
    settings = {
        name: json.loads((models / f"alice.{name}/settings.json").read_text()) for name in ("fbf", "fbf_ts")
    }
    assert [each["settings"]["temporal"] for each in settings.values()] == [False, True]
    assert not (models / "alice.full/generator.safetensors").exists()  # it goes over the one of fbf_ts
    assert (models / "alice.full/face/generator.safetensors").stat().st_size > 1000


def test_a_result_without_filmed_pixels_says_that_all_of_it_is_generated(matrix):
    path = "results/alice_as_brunomars.fbf.mp4"
    assert fork_snakemake(matrix, path, "--config", "preset=smoke").returncode == 0
    told = examine(matrix / path)
    assert (told["status"], told["xmp"], told["manifest"]["sources"]) == (STATED, GENERATED, [GENERATED])


def test_every_figure_shows_something(matrix):
    pictures = sorted(
        path for path in (matrix / "results/figures").glob("*.png") if path.with_suffix(".pdf").exists()
    )
    kinds = {path.stem.split(".")[-1] for path in pictures}
    assert kinds == {"ablation", "failures", "transfers", "filmstrip", "placing", "faces", "curves"}
    for path in pictures:
        picture = read_png(path)
        assert picture.std() > 10, path
        assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")


def test_the_comparison_plays_with_the_music(matrix):
    facts = probe(matrix / "results/comparisons/brunomars.mp4")
    assert facts["frames"] == FRAMES["brunomars"] and facts["audio"]["codec"] == "aac"
    assert facts["width"] > facts["height"]  # the source and alice beside it
