"""What its control groups leave a process: containers and clusters limit memory and processors by them."""

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# where Linux reports them
PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")


def memory_left(proc: Path = PROC, groups: Path = GROUPS) -> Iterator[int]:
    """The bytes left in each control group of this process that limits memory; the file cache is free."""
    for folder, old in _folders("memory", proc, groups):
        names = ("memory.max", "memory.current", "inactive_file")
        if old:
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        limit, usage, cache = names
        most = _words(folder / limit)
        if most not in ([], ["max"]):
            lines = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
            cached = dict(line.split() for line in lines).get(cache, 0)
            yield int(most[0]) - int(*_words(folder / usage)) + int(cached)


def processor_shares(proc: Path = PROC, groups: Path = GROUPS) -> Iterator[int]:
    """The processors whose time each control group of this process may use, rounded up, where it has a limit.

    `docker --cpus=2` and Kubernetes limit so: all processors of the machine are seen, and of each tenth of a
    second all threads together get so many parts.
    """
    for folder, old in _folders("cpu", proc, groups):
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us") if old else ("cpu.max",)
        allowed = [word for name in names for word in _words(folder / name)]
        if len(allowed) == 2 and allowed[0] not in ("max", "-1"):
            yield max(1, math.ceil(int(allowed[0]) / int(allowed[1])))


def _folders(controller: str, proc: Path, groups: Path) -> Iterator[tuple[Path, bool]]:
    """(folder, whether of version 1) of each control group of this process that may hold a controller."""
    if not (proc / "self/cgroup").exists():
        return
    for line in (proc / "self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = groups / controllers
        group = top / place.lstrip("/")
        # inside a container its own group is the root, whatever its name outside
        for folder in (group, *group.parents):
            if folder.is_relative_to(top):
                yield folder, bool(controllers)


def _words(file: Path) -> list[str]:
    with suppress(OSError):  # the group has no such limit, or is nobody's to look at
        return file.read_text(encoding="utf-8").split()
    return []
