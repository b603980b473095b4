"""What all tests share."""

import pytest

from running import ROOT


@pytest.fixture(scope="session")
def data():
    """The folder of the demo clips."""
    return ROOT / "data"
