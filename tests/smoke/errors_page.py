"""The page docs/errors.md, made from the table of bad input:

PYTHONPATH=workflow_scripts:tests:tests/unit python tests/smoke/errors_page.py > docs/errors.md
"""

import sys

from bad_inputs import PARTS

HEAD = """# Errors

Bad input ends in one line that says what is wrong, where, and what to do. The line appears on the
terminal. If a job found it, it also stands, after `error: `, in `logs/{rule}/{name}.log`. The last column
is the exit code of `snakemake`; the exit code of the job is the same.

Files appear whole or not at all. With `--keep-going`, other subjects are finished. Earlier results stay
as they are, except the outputs of the failing rule: they are deleted before it starts, so that no old
file can be mistaken for its result.

These tables are made from `tests/smoke/bad_inputs.py`; every line is tested. "…" stands for text that
depends on the case.
"""
TAIL = """
## Before the workflow is read

Snakemake reads a `--configfile` first. If it is not UTF-8 text (Latin-1, UTF-16), Snakemake ends with a
traceback, whose last line begins with `UnicodeDecodeError: 'utf-8' codec`: save the file as UTF-8. A byte
order mark and the line ends of Windows do no harm. A day that no calendar has ends in `ValueError: day is
out of range for month`: correct the date of the consent. `RecursionError`: an alias (`*name`) stands
inside what it stands for, or brackets are nested hundreds of levels deep; write the keys out.

Snakemake also reads the command first. These mistakes end in its own traceback, of
which the last line counts:

- `Unparsable value`: `--config` takes all words up to the next option, each `name=value` without spaces
  around the `=`. Write the files before it.
- `must start with a valid identifier`: a key inside a section is `--config "train={steps: 5}"`, not
  `train.steps=5`.
- `FileNotFoundError`: there is no such `--configfile` in this folder. It too takes all words up to the
  next option: write the results before it.
- `OSError: [Errno 28]`: the folder for temporary files is full. Free space in `/tmp`, or name another
  folder: enter `export TMPDIR=FOLDER`, then the same command.
- `ImportError`, or a module without an attribute: the shell sets `PYTHONPATH` for packages of another Python
  (ROS does). Enter `unset PYTHONPATH`, then the same command. `make demo` and the jobs never look there.
- `RuntimeError: could not determine the home directory`: the user has neither a home folder nor a name, as in
  a container that is run for a number. Enter `export HOME=/tmp`, then the same command. `make demo` does so.

A job whose environment lacks a package, or holds another version of it, says so in one line; build the
environment anew: `rm -rf .venv && make env`.

## Killed, or out of memory

A killed job (SIGKILL, for example when the machine runs out of memory) leaves no incomplete result, at
most a file `.partial-*` beside it, which the next attempt removes. Enter the same command again: it
continues and ends with the same bytes. Tests kill jobs in the middle of probing, extraction, detection,
tracking, normalisation, background, synthesis, joining and training (docs/footage.md).

If Snakemake itself was killed, its lock remains: run `snakemake --unlock`, then the same command. Do this
only if no other run is at work in the folder: two at once delete each other's files. Two runs in two folders
never disturb each other.

A training that does not fit into memory ends before its first step and names the key to change
(docs/environment.md). If memory runs out later, the job ends with one line; the next attempt of a
training continues from its checkpoint.
"""


def document():
    """The text of docs/errors.md."""
    lines = [HEAD]
    for title, rows in PARTS.items():
        lines += [f"## {title}", "", "| what is wrong | what you read | exit code |", "|---|---|---|"]
        lines += [f"| {row.wrong} | `{row.says.removeprefix('error: ')}` | 1 |" for row in rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n" + TAIL


if __name__ == "__main__":
    sys.stdout.write(document())
