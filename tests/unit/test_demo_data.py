"""The committed footage is what data/README.md says it is."""

import hashlib
import re
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "data"


def test_files_have_their_checksums():
    wanted = re.findall(r"^([0-9a-f]{64})  (\S+)$", (DATA / "README.md").read_text(), re.MULTILINE)
    assert len(wanted) == 6
    found = [(hashlib.sha256((DATA / name).read_bytes()).hexdigest(), name) for _, name in wanted]
    assert found == wanted


def test_footage_stays_small():
    demo = re.findall(r"^[0-9a-f]{64}  (\S+)$", (DATA / "README.md").read_text(), re.MULTILINE)
    assert sum((DATA / name).stat().st_size for name in demo) < 8 * 2**20
