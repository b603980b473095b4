# Whether a run can take place here: the folders it writes to, and the command's own impossibilities. No rule.

import os
import tempfile
from glob import glob
from pathlib import Path

from dancenow.files import FULL


def check_folders():
    """Refuse what stands where a folder must be, or a folder that cannot be used; Snakemake would not say what is wrong.

    An output folder may be a link to another disk, which must be mounted.
    """
    # without hidden files, as file managers make them
    inner = [path for path in glob("results/*") if not Path(path).suffix]
    outer = [".", "results", "logs", "benchmarks", ".snakemake"]
    for folder in [*outer, *inner]:
        if os.path.islink(folder) and not os.path.isdir(folder):
            raise WorkflowError(
                f"{folder}: a link to {os.readlink(folder)}, which is not a folder; mount that disk or create the folder"
            )
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise WorkflowError(f"{folder}: a file where a folder must be; move it away")
        if folder in outer and os.path.isdir(folder) and workflow.is_main_process:
            check_writable(folder)
    # as a run by another user, or as root, has left: Snakemake would end in a traceback, or take a result for failed
    for folder in glob("logs/*/") + glob("benchmarks/rules/*/"):
        if workflow.is_main_process and not os.access(folder, os.W_OK) and not os.path.islink(folder[:-1]):
            raise WorkflowError(
                f"{os.path.abspath(folder)}: you may not write there; make it yours (chown), or run in a folder of your "
                "own: snakemake --directory FOLDER"
            )


def check_start():
    """Refuse no cores at all, with which Snakemake waits for ever, or fewer, a path that it takes for one with
    wildcards, or that no library takes, and an option given twice, of which it would silently drop the first.
    """
    for option, spelt in (("--config", "--config(=|$)|-C"), ("--configfile", "--configfiles?(=|$)")):
        if workflow.is_main_process and sum(bool(re.match(spelt, word)) for word in sys.argv) > 1:
            raise WorkflowError(
                f"{option} twice: Snakemake takes only the last; write all behind one {option}"
            )
    if {"{", "}"} & {*workflow.basedir}:
        raise WorkflowError(
            f"{workflow.basedir}: Snakemake takes braces in its path for wildcards; rename the folder"
        )
    for folder in (os.getcwd(), workflow.basedir):
        readable = os.fsencode(folder).decode(errors="replace")
        if "\ufffd" in readable:
            raise WorkflowError(
                f"{readable}: its name is not UTF-8 text, as from an old disk; rename the folder"
            )
    for given in (workflow.resource_settings.cores, workflow.resource_settings.nodes):
        if given is not None and given < 1:
            raise WorkflowError(f"--cores {given}: no job could ever start; give a number from 1 on, or all")


def check_writable(folder):
    """Refuse a folder in which no file can be made, by making one: a disk may be read-only, and root ignores modes."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        if error.errno not in FULL:  # a full disk can be cleaned
            raise WorkflowError(
                f"{os.path.abspath(folder)}: cannot be written ({error.strerror}); run in a folder of your own: "
                "snakemake --directory FOLDER"
            ) from None


def tell_results_without_record():
    """Warn that file dates decide what runs again, if results were copied without Snakemake's records."""
    if any(Path("results").glob("*/*")) and not any(Path(".snakemake/metadata").glob("*")):
        logger.warning(
            "results: copied without .snakemake, so file dates decide what runs again; copy .snakemake as well, or "
            "accept the results as they are: enter the same command with --touch, then without"
        )
