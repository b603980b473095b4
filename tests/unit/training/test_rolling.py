import errno
import io
import logging
import os
import zipfile
from pathlib import Path

import pytest
import torch

from dancenow.errors import DivergedError, InputError
from dancenow.training.rolling import RollingCheckpoint

SETTINGS = {"settings": {"learning_rate": 2e-4, "weights": {"l1": 100.0}}, "pose": "5e" * 32}


def saved(folder, steps=(1, 2), identity=SETTINGS):
    checkpoint = RollingCheckpoint(folder, identity)
    checkpoint.lock()
    for step in steps:
        checkpoint.save({"step": step, "weights": torch.full((200,), float(step))})
    return checkpoint


def test_the_newest_comes_back_and_the_one_before_is_kept(tmp_path):
    checkpoint = saved(tmp_path, (1, 2, 3))
    state = checkpoint.load()
    assert state["step"] == 3 and torch.equal(state["weights"], torch.full((200,), 3.0))
    assert torch.load(checkpoint.previous, weights_only=True)["step"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {"last.pt", "previous.pt", "lock"}


class Evil:
    def __reduce__(self):
        return exec, ("raise AssertionError('it was unpickled')",)


def flipped(path):
    data = bytearray(path.read_bytes())
    data[data.index(torch.full((4,), 2.0).numpy().tobytes())] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path: path.write_bytes(b""),
    "one bit": flipped,
    "text": lambda path: path.write_text("not a checkpoint"),
    "another program's": lambda path: torch.save({"state_dict": {}}, path),
    "code": lambda path: torch.save({"identity": SETTINGS, "step": 9, "weights": Evil()}, path),
    "another archive": lambda path: zipfile.ZipFile(path, "w").close(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_or_foreign_file_is_named_and_the_previous_one_used(tmp_path, caplog, damage):
    checkpoint = saved(tmp_path)
    damage(checkpoint.last)
    assert checkpoint.load()["step"] == 1
    (message,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{checkpoint.last}: damaged" in message and "last.refused" in message and "\n" not in message
    # the next save must not push the good one out with the bad one
    checkpoint.save({"step": 5})
    checkpoint.last.unlink()
    assert checkpoint.load()["step"] == 1


def test_killed_between_the_two_renames_it_goes_on_from_the_previous_one(tmp_path):
    checkpoint = saved(tmp_path)
    checkpoint.last.replace(checkpoint.previous)
    (tmp_path / ".partial-abc.pt").write_bytes(b"half")
    assert checkpoint.load()["step"] == 2
    assert not list(tmp_path.glob(".partial-*"))


def test_other_settings_are_named_and_what_was_trained_is_kept(tmp_path, caplog):
    folder = tmp_path / "run"
    saved(folder)
    changed = {"settings": {"learning_rate": 1e-4, "weights": {"l1": 100.0}}, "pose": "5e" * 32}
    assert RollingCheckpoint(folder, changed).load() is None
    assert "settings.learning_rate: 0.0002 then, 0.0001 now)" in caplog.text and "step 2" in caplog.text
    assert not (folder / "last.pt").exists()
    (tmp_path / "run.before").rename(tmp_path / "back")
    assert RollingCheckpoint(tmp_path / "back", SETTINGS).load()["step"] == 2


def test_with_the_old_settings_the_old_training_goes_on_and_the_other_is_kept(tmp_path, caplog):
    """Somebody changes a key, sees in the log what it does, and changes it back."""
    folder, changed = tmp_path / "run", SETTINGS | {"pose": "6f" * 32}
    saved(folder)
    (folder / "losses.jsonl").write_text("of two steps")
    other = RollingCheckpoint(folder, changed)
    other.lock()
    assert other.load() is None
    other.save({"step": 1})
    del other
    for identity, step in ((SETTINGS, 2), (changed, 1), (SETTINGS, 2)):
        checkpoint = RollingCheckpoint(folder, identity)
        checkpoint.lock()
        assert checkpoint.load()["step"] == checkpoint.step == step
        assert (folder / "losses.jsonl").exists() == (identity == SETTINGS)
        with pytest.raises(InputError, match="is training here"):
            RollingCheckpoint(folder, identity).lock()
        del checkpoint
    assert "goes on; what was here is in" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.before"]


@pytest.mark.parametrize("renames", [1, 2])
def test_killed_while_the_two_are_exchanged_neither_is_lost(renames, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    saved(folder)
    other = RollingCheckpoint(folder, {})
    assert other.load() is None
    other.save({"step": 7})
    rename, done = Path.replace, []

    def killed(path, target):
        if len(done) == renames:
            raise SystemExit
        done.append(path)
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(SystemExit):
        RollingCheckpoint(folder, SETTINGS).load()
    monkeypatch.undo()
    folder.mkdir(exist_ok=True)  # as the lock does
    assert RollingCheckpoint(folder, SETTINGS).load()["step"] == 2
    steps = [torch.load(path, weights_only=True)["step"] for path in tmp_path.rglob("last.pt")]
    assert sorted(steps) == [2, 7]


def test_a_new_beginning_does_not_inherit_the_best_preview(tmp_path):
    best = tmp_path / "best.safetensors"
    best.write_bytes(b"of an attempt that came to no checkpoint")
    assert RollingCheckpoint(tmp_path, SETTINGS).load() is None
    assert not best.exists()
    saved(tmp_path)
    best.write_bytes(b"of the attempt that is resumed")
    assert RollingCheckpoint(tmp_path, SETTINGS).load()["step"] == 2
    assert best.exists()


def test_numbers_that_are_not_finite_are_not_saved(tmp_path):
    checkpoint = saved(tmp_path)
    state = {"step": 3, "optimisers": {"generator": {"state": [{"exp_avg": torch.tensor([1.0, torch.inf])}]}}}
    with pytest.raises(DivergedError, match=r"step 3: optimisers\.generator\.state\.0\.exp_avg"):
        checkpoint.save(state)
    assert checkpoint.load()["step"] == 2
    assert checkpoint.newest() == f"the last good checkpoint is {checkpoint.last}, step 2"


def test_a_second_training_in_the_same_folder_is_refused_while_the_first_lives(tmp_path):
    first, second = (RollingCheckpoint(tmp_path, {}) for _ in range(2))
    first.lock()
    with pytest.raises(InputError, match=rf"{tmp_path}: process {os.getpid()} is training here; end it or"):
        second.lock()
    del first
    second.lock()


def kept(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def failing(monkeypatch, place, error):
    def fail(*_given, **_named):
        raise error

    monkeypatch.setattr(place, fail)


NOT_THE_CONTENT = {
    "a stale handle": ("dancenow.training.rolling.read_through", OSError(errno.ESTALE, "Stale file handle")),
    "an unreadable block": ("zipfile.ZipFile.testzip", OSError(errno.EIO, "Input/output error")),
    "no memory": ("torch.load", RuntimeError("DefaultCPUAllocator: can't allocate memory")),
    "no memory for Python": ("torch.load", MemoryError()),
}


@pytest.mark.parametrize("place, error", NOT_THE_CONTENT.values(), ids=NOT_THE_CONTENT)
def test_what_is_not_the_contents_fault_is_raised_and_costs_nothing(tmp_path, monkeypatch, place, error):
    checkpoint = saved(tmp_path)
    (tmp_path / "best.safetensors").write_bytes(b"the best so far")
    before = kept(tmp_path)
    with monkeypatch.context() as patched:
        failing(patched, place, error)
        with pytest.raises(type(error)) as raised:
            checkpoint.load()
    assert raised.value is error and kept(tmp_path) == before
    assert checkpoint.load()["step"] == 2


def test_a_disk_that_fails_while_an_archive_is_opened_is_no_bad_content(tmp_path, monkeypatch):
    """zipfile says "not a zip file" of an end that cannot be read."""
    saved(tmp_path)

    class Torn(io.FileIO):
        def read(self, *given):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("builtins.open", lambda path, *_given, **_named: Torn(path))
    with pytest.raises(OSError, match=r"Input/output error.*last\.pt"):
        RollingCheckpoint(tmp_path, SETTINGS).load()
    assert (tmp_path / "last.pt").exists() and (tmp_path / "previous.pt").exists()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK])
def test_a_disk_without_locks_is_warned_of_and_trained_on(tmp_path, monkeypatch, caplog, number):
    failing(monkeypatch, "fcntl.flock", OSError(number, os.strerror(number)))
    checkpoint = saved(tmp_path)
    assert checkpoint.load()["step"] == 2
    (message,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert message.startswith(f"{tmp_path}: this disk has no file locks")


def test_a_lock_that_fails_otherwise_is_raised(tmp_path, monkeypatch):
    failing(monkeypatch, "fcntl.flock", OSError(errno.EIO, os.strerror(errno.EIO)))
    with pytest.raises(OSError, match="Input/output"):
        RollingCheckpoint(tmp_path, SETTINGS).lock()
