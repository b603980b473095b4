"""What `snakemake figures` needs: every training once, every comparison from the same rules."""

import pytest

from running import planned_jobs, said

FIGURE_RULES = {
    "tabulate_ablation": 2, "plot_ablation": 2, "plot_failures": 2, "plot_grid": 1, "plot_filmstrip": 1,
    "plot_placing": 1, "plot_faces": 1, "plot_curves": 1, "compare_people": 1,
}  # fmt: skip


def test_all_figures_with_every_training_once(workflow):
    jobs = planned_jobs(workflow("-n", "figures"))
    names = ("train_generator", "train_face", "synthesize_frames", "evaluate_transfer", "evaluate_heldout")
    # ours, fbf and fbf_ts train a generator, full a face; each synthesizes, ours unnormalised as well
    assert [jobs[name] for name in names] == [3, 1, 5, 5, 4]
    assert {name: jobs[name] for name in FIGURE_RULES} == FIGURE_RULES


def test_figures_are_made_and_nothing_is_made_twice(transferred):
    run = transferred("figures")
    assert run.returncode == 0, said(run)
    results = transferred.directory / "results"
    for name in ("alice.heldout", "alice_as_brunomars"):
        for kind in ("md", "tex", "csv"):
            assert (results / f"tables/{name}.ablation.{kind}").exists()
        for shown in ("ablation", "failures"):
            for kind in ("png", "pdf"):
                assert (results / f"figures/{name}.{shown}.{kind}").exists()
    assert (results / "comparisons/brunomars.mp4").exists()
    ours = "results/alice_as_brunomars"
    signed = [f"{ours}.mp4", f"{ours}.fbf_ts.mp4"]
    shown = ["figures", "results/gallery.html", "results/figures/alice_as_brunomars.png"]
    assert transferred(*signed, *shown).returncode == 0
    assert planned_jobs(transferred("-n", *signed, *shown)) == {}
    # signed anew, with other bytes and the same pictures
    for path in signed:
        (transferred.directory / path).write_text("signed anew")
    assert planned_jobs(transferred("-n", *shown)) == {}
    # other pictures are shown
    (results / "synthesis/alice_as_brunomars.mp4").write_text("other pictures")
    again = planned_jobs(transferred("-n", *shown))
    drawn = {"evaluate_transfer", "measure_frames", "make_gallery", "plot_grid", "plot_transfer", "mux_video"}
    assert drawn <= again.keys() and "synthesize_frames" not in again


def test_more_seeds_train_again_but_the_first_is_the_run_itself(workflow):
    jobs = planned_jobs(workflow("-n", "figures", "--config", "comparison={seeds: [0, 1, 2]}"))
    assert [jobs[name] for name in ("train_generator", "train_face")] == [9, 3]
    # pictures show the first training only
    assert jobs["evaluate_heldout"] == 12 and jobs["plot_filmstrip"] == 1


def test_a_second_target_shares_the_source_and_its_video(workflow):
    config = (
        "transfers=[alice_as_brunomars, carol_as_brunomars]",
        "subjects={carol: {video: data/carol.mp4}}",
    )
    jobs = planned_jobs(workflow("-n", "figures", "--config", *config))
    assert [jobs[name] for name in ("train_generator", "train_face", "compare_people")] == [6, 2, 1]
    # carol has no ground truth, so her transfer has no table
    assert [jobs[name] for name in ("tabulate_ablation", "plot_filmstrip", "plot_grid")] == [3, 2, 1]


def test_the_run_alone_without_held_out_footage_has_its_figures(workflow):
    jobs = planned_jobs(
        workflow("-n", "figures", "--config", "comparison={variants: []}", "train={holdout: 0}")
    )
    assert [jobs[name] for name in ("train_generator", "tabulate_ablation", "plot_filmstrip")] == [1, 1, 1]
    assert not {"evaluate_heldout", "plot_faces"} & jobs.keys()


@pytest.mark.parametrize(
    "figure, config, told",
    [
        (
            "figures/alice.faces.png",
            "comparison={variants: [fbf]}",
            "comparison.variants: none of them adds a face",
        ),
        ("comparisons/alice.mp4", "preset=demo", "transfers: nobody performs the dance of alice; add a pair"),
        ("figures/transfers.png", "transfers=[]", "transfers: empty, so there is nothing to show; name one"),
    ],
)
def test_a_comparison_of_nothing_is_refused(workflow, figure, config, told):
    run = workflow("-n", f"results/{figure}", "--config", config)
    assert run.returncode == 1 and f"config: {told}" in said(run)


def test_failures_need_a_truth_and_say_so(workflow):
    run = workflow("-n", "results/figures/brunomars_as_alice.failures.png")
    assert run.returncode != 0
    assert "evaluation.truth: no footage is named for brunomars_as_alice" in said(run)
