"""One video synthesized by several jobs: which jobs there are, what is left of them, and what runs again."""

import re
import shutil

from test_dag import PAIR, WHOLE

from running import ROOT, fork_snakemake, planned_jobs, said

THREE = ("--config", "hardware={chunks: 3}")
SYNTHESIZED = {"synthesize_chunk": 3, "join_chunks": 1, "mux_video": 1}


def without_synthesis(jobs):
    return {rule: count for rule, count in jobs.items() if rule != "synthesize_frames"}


def test_nothing_but_the_joined_video_stays_and_another_overlap_synthesizes_again(transferred):
    workflow, synthesis = transferred, transferred.directory / "results" / "synthesis"
    shutil.rmtree(synthesis)
    assert planned_jobs(workflow(PAIR, *THREE)) == SYNTHESIZED
    assert [path.name for path in synthesis.iterdir()] == ["alice_as_brunomars.mp4"]
    jobs = workflow.directory / "benchmarks" / "rules" / "synthesize_chunk"
    assert sorted(path.name for path in jobs.iterdir()) == [
        f"alice_as_brunomars.{chunk}of3.tsv" for chunk in (1, 2, 3)
    ]
    assert planned_jobs(workflow("-n", PAIR, *THREE)) == {}
    longer = planned_jobs(workflow("-n", PAIR, "--config", "hardware={chunks: 3, overlap: 50}"))
    assert longer == SYNTHESIZED


def test_chunks_share_the_cores(workflow):
    for chunks, each in ((2, 3), (3, 2), (8, 1)):
        config = ("--config", f"hardware={{chunks: {chunks}}}")
        planned = said(workflow("-n", PAIR, *config, "--cores", "6"))
        jobs = re.findall(r"^rule synthesize_chunk:\n((?: +.*\n)+)", planned, re.M)
        told = [re.findall(r"threads: (\d+)", job) for job in jobs]
        assert told == chunks * ([[str(each)]] if each > 1 else [[]])


def test_no_chunk_is_refused(workflow):
    refused = workflow("-n", PAIR, "--config", "hardware={chunks: 0}")
    assert refused.returncode != 0
    assert "config: hardware.chunks" in said(refused)


def test_on_slurm_each_chunk_is_a_job_of_its_own_with_its_own_request(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("alice", "brunomars"):
        (tmp_path / "data" / f"{name}.mp4").write_text("a clip")
    profile = ("--workflow-profile", str(ROOT / "profiles" / "slurm"))
    planned = fork_snakemake(tmp_path, "-n", *profile, PAIR, *THREE)
    assert planned_jobs(planned) == without_synthesis(WHOLE) | SYNTHESIZED
    requests = re.findall(r"^rule synthesize_chunk:\n.*?resources: (.*?)\n", said(planned), re.S | re.M)
    assert len(requests) == 3
    for request in requests:
        assert {"slurm_partition=gpu", "gpu=1"} <= set(request.split(", ")) and "runtime=" in request
