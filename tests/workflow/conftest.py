"""What the tests of the workflow share."""

import shutil

import pytest
from stand_in import calling, make_workflow


@pytest.fixture
def workflow(tmp_path):
    """A callable: workflow(*arguments) runs snakemake on the stand-in workflow; .directory is its place."""
    return make_workflow(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a stand-in workflow that has made the demo's pair; to be copied, not run in."""
    folder = tmp_path_factory.mktemp("finished")
    assert make_workflow(folder)("results/alice_as_brunomars.mp4").returncode == 0
    return folder


@pytest.fixture
def transferred(finished, tmp_path):
    """As workflow, with the demo's pair made already."""
    shutil.copytree(finished, tmp_path, symlinks=True, dirs_exist_ok=True)
    return calling(tmp_path / "workflow", tmp_path / "work")
