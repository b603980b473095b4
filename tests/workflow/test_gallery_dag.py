"""The gallery shows every configured transfer, and nothing of it is made twice."""

from running import planned_jobs, said

CAROL = "subjects={carol: {video: data/carol.mp4}}", "transfers=[alice_as_brunomars, carol_as_brunomars]"


def test_one_page_for_all_transfers_and_one_video_for_a_shared_source(workflow):
    planned = planned_jobs(workflow("-n", "results/gallery.html", "--config", *CAROL))
    wanted = {"film_source": 1, "film_skeleton": 2, "measure_frames": 2, "make_gallery": 1, "mux_video": 2}
    assert {rule: planned[rule] for rule in wanted} == wanted
    assert "overlay_skeleton" not in planned and "evaluate_transfer" not in planned


def test_a_pair_with_a_truth_is_compared_with_it_and_another_is_not(workflow):
    (workflow.directory / "data/alice_as_brunomars.truth.mp4").unlink()
    assert planned_jobs(workflow("-n", "results/gallery/carol_as_brunomars.html", "--config", *CAROL))
    refused = workflow("-n", "results/gallery/alice_as_brunomars.html")
    assert refused.returncode and "alice_as_brunomars.truth.mp4: no such file" in said(refused)


def test_a_player_of_a_variant_shares_skeleton_and_source(workflow):
    players = [f"results/gallery/alice_as_brunomars{variant}.html" for variant in ("", ".seed1")]
    planned = planned_jobs(workflow("-n", *players))
    shared = {"film_source": 1, "film_skeleton": 1, "embed_player": 2, "measure_frames": 2}
    assert {rule: planned[rule] for rule in shared} == shared
