"""A row of the table of bad input: what is wrong, and the one line that the user reads.

In a line "…" stands for words of other programs (ffmpeg's reason, a list of names).
"""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bad:
    """One bad input, of a subject called `name`.

    wrong: in words; says: the whole line; rule: which refuses it; make: called with the path of the clip
    (Footage) or with the folder of the run and the name (Result); subject: what the configuration says of the
    subject, beside its clip; config: what it says beside subjects; target: what is asked for.
    """

    name: str
    wrong: str
    says: str
    rule: str = ""
    make: object = None
    subject: dict = field(default_factory=dict)
    config: dict = field(default_factory=dict)
    target: str = ""

    def matches(self, line):
        """Whether the line is the one that the table says."""
        return re.fullmatch(re.escape(self.says).replace("…", ".+"), line) is not None


def clip(name):
    """The entry of a clip in the configuration."""
    return {"video": f"clips/{name}.mp4"}
