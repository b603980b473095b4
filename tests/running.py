"""How every test calls the workflow: as a user does, in a process of its own."""

import gc
import os
import re
import runpy
import subprocess
import sys
import tempfile
import traceback
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.reduction import DupFd
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT = 600  # seconds
# the second line is what Snakemake imports only once it needs it, and needs in nearly every run
IMPORTED = (
    "snakemake.cli",
    "jsonschema", "nbformat", "smart_open", "snakemake.report.html_reporter", "snakemake.storage", "yte",
)  # fmt: skip
LIBRARIES = (
    "torch._dynamo", "dancenow.training.launch", "dancenow.evaluation.evaluate", "dancenow.figures.placing",
    "dancenow.pose.estimators.mediapipe_holistic", "dancenow.provenance.manifest",
    "dancenow.references.preview",
)  # fmt: skip


def rules():
    """{name: text} of the workflow's rules, of `use rule` with the used one's directives too."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "rules").glob("*.smk")))
    found, bases = {}, {}
    head = r"^(?:use rule (\w+) as (?=\w+ with:)|rule (?=\w+:))(\w+).*\n((?: +.*\n|\n(?= ))+)"
    for base, name, block in re.findall(head, text, re.M):
        found[name], bases[name] = block, base
    for name, base in bases.items():
        own = set(re.findall(r"^    (\w+):", found[name], re.M))
        directives = re.findall(r"^    (\w+):(.*\n(?: {5,}.*\n)*)", found.get(base, ""), re.M)
        found[name] += "".join(f"    {key}:{value}" for key, value in directives if key not in own)
    return found


def run_snakemake(directory, *arguments, root=ROOT, cores=2):
    """Run snakemake on `root`'s workflow in the working directory; returns the CompletedProcess, text."""
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *command(directory, arguments, root, cores)],
        capture_output=True, text=True, env=environment(directory), stdin=subprocess.DEVNULL, timeout=TIMEOUT,
    )  # fmt: skip


def run_with_forked_jobs(directory, *arguments):
    """As run_snakemake, but its jobs are forks of it, with all the libraries imported before the first."""
    return subprocess.run(
        [sys.executable, __file__, *command(directory, arguments, ROOT, 2)],
        capture_output=True, text=True, env=environment(directory), stdin=subprocess.DEVNULL, timeout=TIMEOUT,
    )  # fmt: skip


def import_libraries():
    """What the scripts import, and torch with its first optimiser: forks take no time for it."""
    sys.path.append(str(ROOT / "workflow_scripts"))
    for name in LIBRARIES:
        import_module(name)


def fork_snakemake(directory, *arguments, root=ROOT, cores=2):
    """The same in a fork of a process that has imported snakemake, which takes longer than most dry runs."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    given = command(directory, arguments, root, cores)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        passed = os.getcwd(), environment(directory), DupFd(out.fileno()), DupFd(err.fileno())
        process = context.Process(target=_snakemake, args=(given, *passed))
        process.start()
        process.join(TIMEOUT)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(given, TIMEOUT)
        texts = [os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode() for file in (out, err)]
    return subprocess.CompletedProcess(given, process.exitcode, *texts)


def _snakemake(given, folder, variables, out, err):
    """What the command `snakemake` does, in the process of its own that this is called in."""
    os.dup2(out.detach(), 1)
    os.dup2(err.detach(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    _snakemake_here(given)


def _snakemake_here(given):
    gc.disable()  # a sixth of the time of a process that soon ends
    # the tests' folders and the library are in the path of the process that asked for this one
    sys.path[:] = [place for place in sys.path if not place.startswith(str(ROOT)) or "site-packages" in place]
    sys.argv = ["snakemake", *given]
    from snakemake.script import PythonScript

    PythonScript.execute_script = _execute_script
    runpy.run_module("snakemake", run_name="__main__")


def _execute_script(job, path, edit=False):
    """In place of Snakemake's: a job's script in a fork, for most of its time is Python's start."""
    child = os.fork()
    if not child:
        code = 1
        gc.enable()
        # another thread may have held the old ones' locks
        sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, closefd=False) for number in (1, 2))
        try:
            runpy.run_path(path, run_name="__main__")
            code = 0
        except SystemExit as ended:
            code = ended.code
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    from snakemake.benchmark import benchmarked

    with benchmarked(child, job.bench_record):
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        raise subprocess.CalledProcessError(status, path)


def command(directory, arguments, root, cores):
    """Snakemake's arguments; cores: None for a command that names none."""
    given = ["--cores", str(cores)] if cores is not None else []
    return ["-s", f"{root}/Snakefile", "--directory", str(directory), *given, *arguments]


def environment(directory):
    """Its environment, without torch's cache and a package index: no test depends on what a machine has."""
    closed = {"TORCH_HOME": str(directory / "torch-home"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    return os.environ | closed | {"NO_COLOR": "1"}


def said(completed):
    """All that a user sees; a dry run speaks on another stream than a run."""
    return completed.stdout + completed.stderr


def planned_jobs(completed):
    """Rule name -> number of jobs, from a dry run's (or a run's) table."""
    assert completed.returncode == 0, said(completed)
    table = re.search(r"Job stats:\n.*?\n-.*?\n(.*?)\ntotal", said(completed), re.S)
    if not table:
        assert "Nothing to be done" in said(completed)
        return {}
    return {name: int(count) for name, count in (line.split() for line in table[1].splitlines())}


if __name__ == "__main__":
    import_libraries()
    _snakemake_here(sys.argv[1:])
