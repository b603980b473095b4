"""Report what videos state about their origin, without Snakemake: `python workflow_scripts/verify.py
FILE...`.

Prints a line for each file, with --json a JSON object for each. Exit status, the worst of all files:
0 signed, and the signature holds; 1 no signed statement; 2 broken or contradictory; 3 cannot be read, or the
command itself is wrong.
If the working folder has no mark's key, a second line says that no mark was searched for. If it has a trained
detector, its opinion is one more line.
"""

import argparse
import json
import logging
import sys

from dancenow.authenticity.opinion import opinion
from dancenow.errors import InputError
from dancenow.provenance.finishing import kept_key, kept_payloads
from dancenow.provenance.keys import authority, trusted
from dancenow.provenance.verdict import UNREADABLE, examine, lines_of


class Parser(argparse.ArgumentParser):
    """A parser whose status for a wrong command line is not that of a broken signature."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(UNREADABLE, f"{self.prog}: {message}\n")


def printable(line):
    """A line as a terminal may show it: names of files and signers may hold anything."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in line)


def main():
    """Examine the files of the command line; returns the exit status."""
    sys.stdout.reconfigure(errors="backslashreplace")
    parser = Parser(description="report what videos state about their origin")
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    parser.add_argument(
        "--trust", metavar="PEM", help="certificates to trust, in addition to the working folder's"
    )
    arguments = parser.parse_args()
    try:
        anchors, mark_key = authority() or b"", kept_key()
        anchors += trusted(arguments.trust) if arguments.trust else b""
    except InputError as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        return UNREADABLE
    worst = 0
    for file in arguments.files:
        try:
            found = examine(file, anchors or None, mark_key, opinion, kept_payloads())
            lines = lines_of(found)
        except (InputError, OSError) as error:
            found = {"file": file, "status": UNREADABLE, "verdict": f"cannot be read: {error}"}
            lines = [found["verdict"]]
        sys.stdout.write("\n".join([json.dumps(found)] if arguments.json else map(printable, lines)) + "\n")
        worst = max(worst, found["status"])
    return worst


if __name__ == "__main__":
    # warnings are about making results of a clip; only here, since it holds for the whole process
    logging.disable(logging.WARNING)
    sys.exit(main())
