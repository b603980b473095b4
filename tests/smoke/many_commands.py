"""Many snakemake commands for the price of one start: imports Snakemake once and forks for each of them.

Called with the path of a JSON file, a list of [arguments, file for all that is said]; writes a list of the
exit statuses.
"""

import json
import os
import sys
from pathlib import Path

from snakemake.cli import main


def run(arguments, said):
    child = os.fork()
    if not child:
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.argv = ["snakemake", *arguments]  # the Snakefile looks at it
        code = 1
        try:
            main(arguments)
            code = 0
        except SystemExit as ended:
            code = ended.code or 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    wanted = json.loads(Path(sys.argv[1]).read_text())
    sys.stdout.write(json.dumps([run(*one) for one in wanted]))
