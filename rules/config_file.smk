# How a configuration file is read, before Snakemake reads it, whose messages would name neither file nor line. No rule.

import sys

from snakemake.exceptions import WorkflowError

sys.path.append(f"{workflow.basedir}/workflow_scripts")

from dancenow.errors import InputError
from dancenow.planning.configuration import load_names


def read_config(path):
    """The configuration in a file, names as text; one line with file and line if it cannot be read."""
    try:
        return load_names(path)
    except InputError as error:
        raise WorkflowError(f"config: {error}") from None
