"""What a person may write for a clip or a target: it works, or one line says what to write."""

import os
import subprocess
import sys
import sysconfig
import unicodedata
import venv
from pathlib import Path

import pytest
import yaml
from stand_in import make_workflow

from running import command, environment, fork_snakemake, planned_jobs, run_snakemake, said

PAIR = "results/alice_as_brunomars.mp4"
EXAMPLE = "ask for a result, such as results/alice_as_SOURCE.mp4 or results/reports/alice.html"


@pytest.mark.parametrize(
    "asked, told",
    [
        ("data/alice.mp4", f"is a clip of alice, which no rule makes; {EXAMPLE}"),
        ("alice", f"is a subject; {EXAMPLE}"),
        ("Alice", "is no rule and no subject; did you mean 'alice'?"),
        ("results/alice_as_brunomars", f"ask for {PAIR}"),
        (
            "{here}/results/clips/alice.json",
            "name results by their path from the working directory; ask for results/clips/alice.json",
        ),
    ],
)
def test_what_no_rule_makes_is_answered_with_what_to_ask_for(workflow, asked, told):
    asked = asked.format(here=workflow.directory)
    completed = workflow("-n", asked)
    assert completed.returncode != 0
    assert f"{asked}: {told}\n" in said(completed)
    assert "MissingRule" not in said(completed)


NO_RULE = "is no rule and no file that a rule makes; "


@pytest.mark.parametrize(
    "asked, told",
    [
        ("results/alice_as_brunomars.MP4", f"ask for {PAIR}"),
        ("results/alice_as_brunomars/", f"ask for {PAIR}"),
        ("results/alice_as_brunomars.fbf.seed01.provenance.json", "the number of a seed begins with no 0; "
         "ask for results/alice_as_brunomars.fbf.seed1.provenance.json"),
        ("results/models/alice.seed00/summary.md", "the number of a seed begins with no 0; ask for "
         "results/models/alice.seed0/summary.md"),
        ("alice-as-brunomars", f"ask for {PAIR}"),
        ("detect_poses", "makes many files; ask for one, such as results/poses/alice.people.npz"),
        ("mux_video", f"makes many files; ask for one, such as {PAIR}"),
        ("result/alice_as_brunomars.mp4", f"{NO_RULE}did you mean {PAIR!r}?"),
        ("results/report/alice.html", f"{NO_RULE}did you mean 'results/reports/alice.html'?"),
        ("results/machine.MD", f"{NO_RULE}did you mean 'results/machine.md'?"),
        ("results/synthesis/alice_as_brunomars.mov",
         f"{NO_RULE}did you mean 'results/synthesis/alice_as_brunomars.mp4'?"),
        ("Evalute", f"{NO_RULE}did you mean 'evaluate'?"),
        ("results/clips", f"{NO_RULE}{{root}}/Snakefile begins with a list of all files"),
        ("preset=quick", "is a setting; write --config 'preset=quick', after the files"),
        ("results/alice_as_brunomars.mp4.provenance.json",
         f"{NO_RULE}did you mean 'results/alice_as_brunomars.provenance.json'?"),
        # what exists and is no result: Snakemake would tell of input functions
        ("mine.yaml", "is no result; as a configuration, write --configfile 'mine.yaml', after the files"),
        ("data/carol.mp4", "is no result; if it is a clip, add it to subjects in config.yaml, and ask for "
         "results/NAME_as_SOURCE.mp4"),
    ],
)  # fmt: skip
def test_what_no_rule_makes_is_answered_with_the_nearest_that_one_makes(workflow, asked, told):
    (workflow.directory / "results/clips").mkdir(parents=True)
    (workflow.directory / "mine.yaml").touch()
    completed = workflow("-n", asked)
    assert completed.returncode == 1
    assert f"{asked}: {told.format(root=workflow.root)}\n" in said(completed)
    assert "MissingRule" not in said(completed)


def test_rules_that_a_user_adds_are_no_unknown_ones(workflow):
    with (workflow.root / "Snakefile").open("a") as file:
        file.write('rule mine:\n    output: "results/mine.txt"\n    shell: "echo > {output}"\n')
    assert planned_jobs(workflow("-n", "results/mine.txt")) == {"mine": 1}


@pytest.mark.parametrize("cores", [0, -1])
def test_no_cores_are_refused_instead_of_waited_for_or_passed_on_to_torch(workflow, cores):
    completed = workflow("results/clips/alice.json", "--cores", str(cores))
    assert completed.returncode == 1
    assert f"--cores {cores}: no job could ever start; give a number from 1 on, or all\n" in said(completed)


@pytest.mark.parametrize(
    "given, option",
    [
        (["--config", "preset=smoke", "--config", "train={steps: 5}"], "--config"),
        (["-C", "preset=smoke", "--config=train={steps: 5}"], "--config"),
        (["--configfile", "a.yaml", "--configfiles", "b.yaml"], "--configfile"),
    ],
)
def test_an_option_given_twice_of_which_snakemake_drops_the_first_is_refused(workflow, given, option):
    (workflow.directory / "b.yaml").write_text("train: {steps: 5}")
    here = [word.replace("b.yaml", f"{workflow.directory}/b.yaml") for word in given]
    completed = workflow("-n", PAIR, *here)
    assert completed.returncode == 1
    told = f"{option} twice: Snakemake takes only the last; write all behind one {option}\n"
    assert told in said(completed)


@pytest.mark.parametrize(
    "command", ["--unlock", "--summary", "--dag", "--report page.html", "--delete-all-output --dry-run"]
)
def test_a_command_that_runs_no_job_needs_no_cores(transferred, command):
    completed = fork_snakemake(transferred.directory, *command.split(), root=transferred.root, cores=None)
    assert completed.returncode == 0, said(completed)


def test_a_run_needs_cores_and_says_so(workflow):
    completed = fork_snakemake(workflow.directory, PAIR, root=workflow.root, cores=None)
    assert completed.returncode == 1 and "use --cores N with N" in said(completed)


def test_a_batch_of_nobody_is_refused(workflow):
    completed = workflow("-n", "batch")
    assert completed.returncode == 1
    assert "config: batch: no target with another source; name some" in said(completed)


def test_a_result_that_is_a_clip_in_its_turn_can_be_asked_for(workflow):
    assert (
        planned_jobs(workflow("-n", PAIR, "--config", f"subjects={{carol: {{video: {PAIR}}}}}"))["mux_video"]
        == 1
    )


def test_the_value_of_an_option_and_the_name_of_a_rule_are_no_subjects(workflow):
    subjects = "subjects={evaluate: {video: data/carol.mp4}}"
    planned = planned_jobs(workflow("-n", "evaluate", "--conda-prefix", "alice", "--config", subjects))
    assert planned["evaluate"] == 1


def test_paths_are_found_however_they_are_spelt(workflow, monkeypatch):
    home = workflow.directory / "home"
    monkeypatch.setenv("HOME", str(home))
    composed, decomposed = (unicodedata.normalize(form, "Jörg Žižka") for form in ("NFC", "NFD"))
    for name in ("mac", "linux"):
        (home / name).mkdir(parents=True)
    (home / "mac" / f"{decomposed}.mp4").write_text("a clip")
    (home / "linux" / f"{composed}.mp4").write_text("a clip")
    (home / "points.json").write_text("{}")
    awkward = "a: %d 'q\" $x #é.mp4"
    (workflow.directory / awkward).write_text("a clip")
    config = {
        "subjects": {
            "a": {"video": f"~/mac/{composed}.mp4", "poses": "~/points.json"},
            "b": {"clips": [{"video": f"~/linux/{decomposed}.mp4"}, {"video": awkward}]},
        },
        "pose": {"checkpoint": "~/points.json"},
    }
    mine = workflow.directory / "mine.yaml"
    mine.write_text(yaml.safe_dump(config, allow_unicode=True))
    wanted = ("a.people.npz", "b.people.npz", "estimator.json")
    completed = workflow(*(f"results/poses/{name}" for name in wanted), "--configfile", str(mine))
    assert completed.returncode == 0, said(completed)
    assert str(home / "points.json") in (workflow.directory / "results/poses/estimator.json").read_text()


@pytest.mark.parametrize(
    "video, told",
    [
        ("alice.mp4", "put it there or correct config: subjects.anna; did you mean 'data/alice.mp4'?"),
        ("data/Alice.MP4", "put it there or correct config: subjects.anna; did you mean 'data/alice.mp4'?"),
        ("data/alice", "put it there or correct config: subjects.anna; did you mean 'data/alice.mp4'?"),
        ("data\\alice.mp4", "put it there or correct config: subjects.anna; did you mean 'data/alice.mp4'?"),
        ("“data/alice.mp4”", "put it there or correct config: subjects.anna; did you mean 'data/alice.mp4'?"),
        (r"my/al\ice.mp4", "put it there or correct config: subjects.anna; did you mean 'data/alice.mp4'?"),
        ("file:///home/a%20b.mp4", "write the path alone, '/home/a b.mp4', in config: subjects.anna\n"),
        (
            r"C:\Users\anna\b.mp4",
            "under WSL '/mnt/c/Users/anna/b.mp4'; write that in config: subjects.anna\n",
        ),
        ("data\table.mp4", "subjects.anna; in double quotes \\ begins a special character: write / or use"),
        ("data/anna.mp4", "put it there or correct config: subjects.anna\n"),
        ("$HOME/b.mp4", "not replaced there: write the path, or ~/ for the home folder\n"),
        ("https://a.b/watch?v=c", "download the file, and name it in config: subjects.anna\n"),
    ],
)
def test_a_clip_that_is_not_there_is_looked_for_nearby(workflow, video, told):
    mine = workflow.directory / "mine.yaml"
    mine.write_text(yaml.safe_dump({"subjects": {"anna": {"video": video}}}, allow_unicode=True))
    completed = workflow("-n", "results/clips/anna.json", "--configfile", str(mine))
    assert completed.returncode == 1 and told in said(completed)


def test_a_colon_without_a_space_is_told(workflow):
    completed = workflow("-n", PAIR, "--config", "subjects={anna: {video:data/alice.mp4}}")
    assert completed.returncode == 1
    assert "write a space behind the colon: video: data/alice.mp4\n" in said(completed)


def test_from_another_folder_it_is_said_where_the_clips_are(workflow):
    (workflow.root / "data").mkdir()
    (workflow.directory / "data/alice.mp4").rename(workflow.root / "data/alice.mp4")
    completed = workflow("-n", PAIR)
    assert completed.returncode != 0
    told = f"config: subjects.alice, or add --directory '{workflow.root}', where it exists\n"
    assert f"data/alice.mp4: no such file; put it there or correct {told}" in said(completed)


def test_results_may_lie_on_another_disk_which_must_be_there(workflow, tmp_path):
    (workflow.directory / "results").symlink_to(tmp_path / "disk")
    missing = workflow("results/clips/alice.json")
    assert missing.returncode != 0
    told = (
        f"results: a link to {tmp_path}/disk, which is not a folder; mount that disk or create the folder\n"
    )
    assert told in said(missing)
    (tmp_path / "disk").mkdir()
    assert workflow("results/clips/alice.json").returncode == 0
    assert (tmp_path / "disk" / "clips" / "alice.json").is_file()


def test_a_file_where_a_folder_must_be_is_named(workflow):
    (workflow.directory / "results").mkdir()
    (workflow.directory / "results" / "clips").write_text("a file")
    refused = workflow("results/clips/alice.json")
    assert refused.returncode == 1 and "Traceback (most recent" not in said(refused)
    assert "results/clips: a file where a folder must be; move it away\n" in said(refused)
    (workflow.directory / "results" / "clips").rename(workflow.directory / "results" / ".DS_Store")
    assert workflow("results/clips/alice.json").returncode == 0


def test_a_folder_that_cannot_be_written_is_named(workflow):
    """In /proc not even root makes files."""
    (workflow.directory / "logs").symlink_to("/proc")
    refused = workflow("results/clips/alice.json")
    assert refused.returncode == 1 and "Traceback (most recent" not in said(refused)
    place = workflow.directory / "logs"
    assert f"{place}: cannot be written (No such file or directory); run in a folder" in said(refused)
    assert not (workflow.directory / "results").exists()


FOREIGN = """
import os

allowed = os.access
os.access = lambda path, *modes: "PLACE" not in str(path) and allowed(path, *modes)
"""


@pytest.mark.parametrize("place", ["logs/probe_clip", "benchmarks/rules/probe_clip"])
def test_a_folder_that_another_user_made_is_named_before_any_job(workflow, tmp_path, monkeypatch, place):
    """As of a run by root, which may write everywhere, so that the test cannot take the right away."""
    (workflow.directory / place).mkdir(parents=True)
    (tmp_path / "sitecustomize.py").write_text(FOREIGN.replace("PLACE", place))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    refused = run_snakemake(workflow.directory, "results/clips/alice.json", root=workflow.root)
    assert refused.returncode == 1 and "Traceback (most recent" not in said(refused)
    assert f"{workflow.directory / place}: you may not write there; make it yours (chown)" in said(refused)


def test_braces_in_the_path_of_the_workflow_are_refused(tmp_path):
    workflow = make_workflow(tmp_path / "{mine}")
    completed = workflow("results/clips/alice.json")
    assert completed.returncode == 1
    assert f"{workflow.root}: Snakemake takes braces in its path for wildcards; rename" in said(completed)


def test_a_folder_whose_name_is_no_text_is_refused(workflow, tmp_path):
    """From a disk of an old system; ffmpeg-python ended in a traceback."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller"))
    workflow.directory.rename(folder)
    given = command(folder, ["results/clips/alice.json"], workflow.root, 2)
    completed = subprocess.run(
        [sys.executable, "-m", "snakemake", *given],
        capture_output=True, env=environment(folder), encoding="utf-8", errors="replace",
    )  # fmt: skip
    assert completed.returncode == 1
    assert "M\ufffdller: its name is not UTF-8 text, as from an old disk; rename the folder" in said(
        completed
    )


def test_the_environment_may_lie_in_a_folder_with_a_space(workflow, tmp_path, monkeypatch):
    environment = tmp_path / "an 'ü $x' environment"
    venv.create(environment, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "packages.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    monkeypatch.setattr(sys, "executable", str(environment / "bin" / "python"))
    completed = workflow("results/clips/alice.json")
    assert completed.returncode == 0, said(completed)


def test_packages_of_another_python_are_kept_from_the_jobs(workflow, tmp_path, monkeypatch):
    (tmp_path / "pathlib.py").write_text("raise ImportError('of another Python')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    completed = workflow("results/clips/alice.json")
    assert completed.returncode == 0 and "PYTHONPATH is not passed on" in said(completed)


NAMELESS = """
import pwd

def unknown(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")

pwd.getpwuid = unknown
"""


def test_a_user_may_be_a_number_without_a_name(workflow, tmp_path, monkeypatch):
    """As in a container that is run for the user's number."""
    (tmp_path / "sitecustomize.py").write_text(NAMELESS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    completed = run_snakemake(workflow.directory, "results/clips/alice.json", root=workflow.root)
    assert completed.returncode == 0, said(completed)


@pytest.mark.parametrize("utf8", ["0", "1"])
def test_the_locale_may_know_ascii_alone(workflow, monkeypatch, utf8):
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", utf8)
    completed = run_snakemake(workflow.directory, "results/clips/alice.json", root=workflow.root)
    assert completed.returncode == 0, said(completed)


def test_a_home_that_cannot_be_written_is_not_needed(workflow, monkeypatch):
    monkeypatch.setenv("HOME", "/proc/no-home")
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    completed = workflow("results/clips/alice.json")
    assert completed.returncode == 0, said(completed)
