"""What this machine can do is measured before anything is made."""

from running import planned_jobs

PAGE = "results/machine.md"
JOBS = {"probe_clip": 2, "choose_estimator": 1, "measure_detection": 1, "measure_machine": 1}


def test_only_clips_are_read_and_changed_steps_need_no_new_detection(workflow):
    first = workflow(PAGE)
    assert first.returncode == 0 and planned_jobs(first) == JOBS
    changed = planned_jobs(workflow("-n", PAGE, "--config", "train={steps: 9}"))
    assert changed == {"measure_machine": 1}


def test_without_a_transfer_there_is_nothing_to_forecast(workflow):
    completed = workflow("-n", PAGE, "--config", "transfers=[]")
    assert completed.returncode
    assert "config: transfers: empty, so there is nothing to forecast" in completed.stderr + completed.stdout
