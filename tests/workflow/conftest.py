"""What the tests of the workflow share."""

import pytest
from stand_in import make_workflow


@pytest.fixture
def workflow(tmp_path):
    """A callable: workflow(*arguments) runs snakemake on the stand-in workflow; .directory is its place."""
    return make_workflow(tmp_path)
