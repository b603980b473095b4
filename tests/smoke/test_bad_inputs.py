"""Every line of the table of bad inputs, as a user meets it: many subjects, one of them good, in one run."""

import json

import bad_clips
import bad_origins
import bad_results
import errors_page
import pytest
import yaml
from bad_configurations import FRAMES, GOOD
from bad_inputs import CONFIG, FOOTAGE, LIBRARY, ORIGIN, PARTS, RESULTS
from bad_rows import clip

from dancenow.errors import InputError
from running import ROOT, fork_snakemake, run_with_forked_jobs, said

GOOD_NAME = '-my "best"  dance\'s 100%;\n$(touch executed).mp4'
OUTPUTS = {
    "probe_clip": "results/clips/{}.json",
    "extract_frames": "results/frames/{}.avi results/frames/{}.index.npy results/frames/{}.json",
    "detect_poses": "results/poses/{}.people.npz results/masks/{}.found.npz",
    "mask_performer": "results/masks/{}.npz", "choose_references": "results/references/{}_as_good.npz",
    "preview_transfer": "results/previews/{}_as_good.mp4",
    "import_poses": "results/poses/{}.people.npz",
    "track_performer": "results/poses/{}.npz", "measure_normalization": "results/normalization/{}.json",
    "make_background": "results/backgrounds/{}.png", "normalize_poses": "results/poses/good_as_{}.npz",
    "synthesize_frames": "results/synthesis/{}_as_good.mp4",
}  # fmt: skip
LOGS = {"normalize_poses": "good_as_{}"} | dict.fromkeys(
    ("synthesize_frames", "choose_references", "preview_transfer"), "{}_as_good"
)


def by_name(row):
    return row.name


def snapshot(folder):
    """path -> (bytes, time of change) of every file."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def made_by(row):
    """The files that the rule which refuses the row would have made."""
    return OUTPUTS[row.rule].format(*[row.name] * 3).split()


class Run:
    """One run over all `rows` and what stood in results/ before and after."""

    def __init__(self, directory, rows, subjects, targets, *arguments):
        self.directory = directory
        for row in rows:  # of an earlier day
            for earlier in (f"{row.name}_as_intact.mp4", f"reports/{row.name}.html"):
                path = directory / "results" / earlier
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"made before: {earlier}")
        settings = {"subjects": subjects, "frames": {"long_edge": 192}, "pose": {"estimator": "mediapipe"}}
        # a damaged generator is given to the synthesis, not to a training
        settings["provenance"] = {"require_consent": True}
        settings["train"] = {"face": None, "generator": {"references": False}}
        (directory / "mine.yaml").write_text(yaml.safe_dump(settings))
        self.before = snapshot(directory / "results")
        self.completed = run_with_forked_jobs(
            directory, *targets, "--keep-going", *arguments, "--configfile", str(directory / "mine.yaml")
        )
        self.after = snapshot(directory / "results")

    def check_refusal(self, row):
        """One line in the job's log and on the terminal; nothing of what the rule makes."""
        log = self.directory / "logs" / row.rule / f"{LOGS.get(row.rule, '{}').format(row.name)}.log"
        assert log.exists(), said(self.completed)
        lines = log.read_text().splitlines()
        (line,) = [line for line in lines if line.startswith("error: ")]
        assert row.matches(line.removeprefix("error: ")), line
        assert "Traceback" not in "".join(lines)
        assert line in said(self.completed).splitlines()
        assert not [path for path in made_by(row) if path.removeprefix("results/") in self.after]

    def check_rest(self, rows, made=(), remade=()):
        """Earlier results are as they were, but for `remade`; what is new is whole, and was asked for."""
        assert self.completed.returncode == 1, said(self.completed)
        refused = {path.removeprefix("results/") for row in rows for path in made_by(row)}
        refused |= set(remade)
        kept = {path: content for path, content in self.before.items() if path not in refused}
        assert {path: self.after[path] for path in kept} == kept
        new = self.after.keys() - self.before.keys()
        assert all(self.after[path][0] for path in new) and not [path for path in new if ".partial" in path]
        assert set(made) <= new
        assert not list(self.directory.rglob("executed"))


@pytest.fixture(scope="module")
def footage(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("footage")
    folder = directory / "clips"
    folder.mkdir()
    bad_clips.good(folder / "secret.mp4")
    bad_clips.good(folder / "tall.mp4", height=96, width=64)
    bad_clips.good(folder / "slow.mp4", fps="10")
    bad_clips.good(folder / GOOD_NAME)
    subjects = {"intact": {"video": f"clips/{GOOD_NAME}"}}
    for row in FOOTAGE:
        row.make(folder / f"{row.name}.mp4", *([data / "alice.mp4"] if row.name == "head" else []))
        own = {} if "clips" in row.subject else clip(row.name)
        subjects[row.name] = own | row.subject
    targets = [f"results/normalization/{row.name}.json" for row in FOOTAGE if row.rule != "extract_frames"]
    targets += [f"results/frames/{row.name}.json" for row in FOOTAGE if row.rule == "extract_frames"]
    return Run(directory, FOOTAGE, subjects, [*targets, "results/frames/intact.json"])


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    directory = tmp_path_factory.mktemp("results")
    (directory / "clips").mkdir()
    bad_results.lay_out(directory, "good")
    agreed = {"consent": bad_origins.GIVEN}
    subjects = {"good": clip("good") | agreed}
    for row in RESULTS:
        bad_results.lay_out_again(directory, "good", row.name)
        row.make(directory, row.name)
        subjects[row.name] = clip(row.name) | agreed | row.subject
        if subjects[row.name]["consent"] is None:
            del subjects[row.name]["consent"]
        if row.rule == "import_poses":
            subjects[row.name]["poses"] = f"own/{row.name}"
        for path in made_by(row):
            (directory / path).unlink(missing_ok=True)
    targets = [made_by(row)[0] for row in RESULTS]
    rules = sorted({row.rule for row in RESULTS})
    whole = "results/poses/good_as_good.npz"
    (directory / whole).unlink()
    return Run(directory, RESULTS, subjects, [*targets, whole], "--allowed-rules", *rules)


@pytest.mark.parametrize("row", FOOTAGE, ids=by_name)
def test_footage_that_cannot_be_used_is_refused_in_one_line(footage, row):
    footage.check_refusal(row)


def test_the_good_clip_beside_them_is_finished_and_earlier_results_stay(footage):
    made = [f"frames/intact.{end}" for end in ("avi", "index.npy", "json")]
    footage.check_rest(FOOTAGE, made)
    assert json.loads(footage.after["frames/intact.json"][0])["frames"] == 10


@pytest.mark.parametrize("row", RESULTS, ids=by_name)
def test_results_that_are_damaged_or_do_not_fit_are_refused_in_one_line(results, row):
    results.check_refusal(row)


def test_whole_results_beside_them_are_used_and_stay(results):
    # the masks are made again, of other frames, before one of these is found to be torn
    results.check_rest(RESULTS, ["poses/good_as_good.npz"], ["masks/torn-frames.npz"])


@pytest.mark.parametrize("row", CONFIG, ids=by_name)
def test_a_configuration_or_command_that_cannot_be_used_is_refused_in_one_line(tmp_path, row):
    for folder in ("clips", "own", "results"):
        (tmp_path / folder).mkdir()
    (tmp_path / GOOD["video"]).write_text("a clip")
    (tmp_path / "results/alice_as_anna.mp4").write_text("made before")
    if row.make:
        row.make(tmp_path / "clips" / f"{row.name}.mp4")
    settings = {"subjects": {"alice": GOOD, "anna": row.subject or GOOD}}
    given = yaml.safe_dump(settings | row.config) if isinstance(row.config, dict) else row.config
    (tmp_path / "mine.yaml").write_text(given)
    before = snapshot(tmp_path / "results")
    arguments = [row.target or FRAMES, "--configfile", str(tmp_path / "mine.yaml"), "--forceall"]
    completed = fork_snakemake(tmp_path, *arguments)
    lines = said(completed).splitlines()
    assert completed.returncode == 1, lines
    told = [line.strip().removeprefix("WorkflowError: ") for line in lines]
    assert len([line for line in told if row.matches(line)]) == 1, lines
    assert "Traceback (most recent call last):" not in lines
    assert before == snapshot(tmp_path / "results")


@pytest.mark.parametrize("row", [*LIBRARY, *ORIGIN], ids=by_name)
def test_what_the_library_refuses_is_refused_in_one_line(tmp_path, row):
    with pytest.raises(InputError) as error:
        row.make(tmp_path)
    assert row.matches(str(error.value).replace(f"{tmp_path}/", ""))
    assert not list(tmp_path.rglob(".partial*"))


def test_the_table_is_long_enough_and_the_page_is_made_from_it():
    rows = [row for part in PARTS.values() for row in part]
    assert len(rows) >= 40 and len({row.name for row in rows}) == len(rows)
    assert (ROOT / "docs/errors.md").read_text() == errors_page.document(), errors_page.__doc__
