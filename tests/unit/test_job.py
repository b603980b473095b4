"""How a script ends: in one line, where no bug is to be reported."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from dancenow.errors import lacking, out_of_memory
from dancenow.job import job
from dancenow.stopping import EXIT_STATUS


def ended(tmp_path, fail):
    """(exit status, log) of a job in which `fail` is called."""
    log = tmp_path / "log"
    with pytest.raises(SystemExit) as end, job(log):
        fail()
    return end.value.code, log.read_text()


def raising(error):
    def fail():
        raise error

    return fail


SHORT = {
    "torch": lambda: torch.empty(2**50),
    "CUDA": raising(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has 1")),
    "numpy": lambda: np.zeros(2**50),
    "OpenCV": lambda: cv2.resize(np.zeros((9, 9, 3), np.uint8), (2**30, 2**20)),
    "fork": raising(OSError(errno.ENOMEM, "Cannot allocate memory")),
    # torch's words where a weight could not be copied to the GPU
    "weights": raising(RuntimeError("Error(s) in loading state_dict:\n\tan exception: CUDA out of memory")),
    "cuBLAS": raising(RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate`")),
    # of a process that makes batches
    "killed": raising(RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")),
    "shared": raising(
        RuntimeError("DataLoader worker (pid 7) is killed by signal: Bus error. It is possible")
    ),
}
ON_A_GPU = {"CUDA", "weights", "cuBLAS"}


@pytest.mark.parametrize("kind", SHORT)
def test_memory_that_runs_out_is_one_line_with_the_remedy(tmp_path, kind):
    status, log = ended(tmp_path, SHORT[kind])
    assert status == 1 and log.startswith("error: memory ran out (") and log.count("\n") == 1
    assert "frames.long_edge" in log
    # a GPU's can be avoided, and what is trained stays
    assert ("CUDA_VISIBLE_DEVICES=" in log) == (kind in ON_A_GPU) != ("close other programs" in log)


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.EACCES])
def test_a_disk_that_fails_is_one_line(tmp_path, number):
    status, log = ended(tmp_path, raising(OSError(number, os.strerror(number), "a.pt")))
    assert status == 1
    said = f"a.pt: {os.strerror(number)}; check the disk and its permissions and run again, nothing is lost"
    assert log == f"error: {said}\n"


def test_a_result_that_was_deleted_is_one_line(tmp_path):
    path = "results/poses/a_as_b.npz"
    status, log = ended(tmp_path, Path(path).read_bytes)
    told = f"error: {path}: deleted, but needed here; run: snakemake --cores 1 {path}, then the same again\n"
    assert status == 1 and log == told
    assert "Traceback" in ended(tmp_path, Path("elsewhere/a.npz").read_bytes)[1]


def test_a_bug_keeps_its_traceback(tmp_path):
    status, log = ended(tmp_path, raising(RuntimeError("shapes differ")))
    assert status == 1 and "this is a bug, please report it" in log and "Traceback" in log
    assert not out_of_memory(FileNotFoundError(errno.ENOENT, "No such file"))


def test_a_package_that_does_not_fit_into_memory_is_not_said_to_be_missing(tmp_path):
    error = ImportError("libtorch_cpu.so: failed to map segment from shared object: Cannot allocate memory")
    assert "memory ran out while a package was loaded" in lacking(error)
    status, log = ended(tmp_path, raising(error))
    assert status == 1 and log.startswith("error: memory ran out (libtorch_cpu.so")
    assert not out_of_memory(ImportError("libgomp.so.1: cannot allocate memory in static TLS block"))


def test_ctrl_c_is_one_line(tmp_path):
    status, log = ended(tmp_path, raising(KeyboardInterrupt()))
    assert (
        status == EXIT_STATUS and log == "stopped by Ctrl-C; enter the same command again to redo this step\n"
    )


def test_no_thread_of_numpy_waits_beside_the_library():
    """Such a thread keeps a core busy for tens of milliseconds after each small product."""
    code = (
        "import dancenow, os, numpy as np; np.linalg.svd(np.ones((300, 300)) @ np.ones((300, 300)));"
        "print(len(os.listdir('/proc/self/task')))"
    )
    given = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    path = str(Path(__file__).parents[2] / "workflow_scripts")
    told = subprocess.check_output([sys.executable, "-c", code], env=given | {"PYTHONPATH": path}, text=True)
    assert int(told) == 1


def without(*packages):
    """Python code after which these packages are not there, as before a script's imports."""
    return f"import sys; sys.modules.update(dict.fromkeys({packages}));"


@pytest.mark.parametrize("script", ["probe_clip", "detect_poses", "train_stage"])
def test_a_package_that_a_script_lacks_is_one_line_with_the_remedy(script, tmp_path):
    scripts = Path(__file__).parents[2] / "workflow_scripts"
    program = without("numpy", "ffmpeg", "torch") + f"import runpy; runpy.run_path('{scripts}/{script}.py')"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=scripts)
    assert run.returncode == 1 and run.stderr.count("\n") == 1, run.stderr
    assert run.stderr.startswith("error: this environment lacks a package") and "make env" in run.stderr


def importing(name):
    def fail():
        __import__(name)

    return fail


def calling(module, name):
    def fail():
        getattr(module, name)

    return fail


@pytest.mark.parametrize(
    "fail, named",
    [
        (importing("mediapipe_of_nobody"), "mediapipe_of_nobody"),
        (raising(ImportError("libGL.so.1: cannot open shared object file")), "libGL.so.1"),
        # another package of the same name, or another version of this one
        (calling(np, "float_of_old"), "module 'numpy' has no attribute 'float_of_old'"),
    ],
)
def test_a_package_that_is_missing_or_another_one_later_is_one_line_too(fail, named, tmp_path):
    status, log = ended(tmp_path, fail)
    assert status == 1 and log.count("\n") == 1 and named in log and "make env" in log


def test_a_module_of_the_library_that_is_not_there_is_a_bug(tmp_path):
    status, log = ended(tmp_path, importing("dancenow.nothing"))
    assert status == 1 and "this is a bug" in log
