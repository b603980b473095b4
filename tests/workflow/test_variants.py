"""Other trainings of the same target beside the run itself: what they share, what they have of their own."""

from running import planned_jobs, said

PAIR = "results/alice_as_brunomars"


def test_variant_trains_beside_the_run_and_shares_the_rest(transferred):
    assert planned_jobs(transferred("-n", f"{PAIR}.fbf_ts.mp4")) == {
        "train_generator": 1,
        "synthesize_frames": 1,
        "mux_video": 1,
    }


def test_the_papers_variants_are_shown_no_real_pixels(workflow):
    for variant in ("fbf", "fbf_ts", "full"):
        jobs = planned_jobs(workflow("-n", f"{PAIR}.{variant}.mp4"))
        assert not {"mask_performer", "make_references", "choose_references", "make_background"} & jobs.keys()


def test_variant_changes_only_the_keys_it_names(transferred):
    assert transferred(f"{PAIR}.mp4", f"{PAIR}.fbf_ts.seed3.mp4").returncode == 0
    own, other = (transferred.settings(f"results/models/alice{variant}") for variant in ("", ".fbf_ts.seed3"))
    assert {key for key in own if own[key] != other[key]} == {
        "seed", "steps", "single_frame_share", "last_frame_corruption",
        "learning_rate", "ema", "weights", "generator",
    }  # fmt: skip
    assert (own["seed"], other["seed"]) == (0, 3)
    assert other["generator"] == own["generator"] | {"skips": False, "background": False, "references": False}


def test_studio_is_the_demos_recipe_on_larger_networks(transferred):
    folder = "results/models/alice"
    demo = transferred.settings(folder)
    assert transferred(f"{folder}/generator.safetensors", "--config", "preset=studio").returncode == 0
    studio = transferred.settings(folder)
    larger = {"steps", "learning_rate", "ema", "generator", "discriminator"}
    assert {key for key in demo if demo[key] != studio[key]} == larger
    switches = ("unshuffle", "skips", "background", "references")
    assert all(demo["generator"][key] == studio["generator"][key] for key in switches)


def test_targets_begin_with_the_generator_of_the_subject_that_is_named(workflow):
    begin = "train={init_from: brunomars}"
    jobs = planned_jobs(workflow("-n", f"{PAIR}.mp4", "--config", begin))
    assert (jobs["train_generator"], jobs["make_background"]) == (2, 2)
    both = "results/models/{}/generator.safetensors"
    assert workflow(both.format("alice"), both.format("brunomars"), "--config", begin).returncode == 0
    settings = {name: workflow.settings(f"results/models/{name}") for name in ("alice", "brunomars")}
    assert (settings["alice"]["init_from"], settings["brunomars"]["init_from"]) == ("brunomars", None)
    # the paper's recipe begins with nothing
    jobs = planned_jobs(workflow("-n", "results/models/alice.fbf/generator.safetensors", "--config", begin))
    assert jobs["train_generator"] == 1
    said = refusal(workflow, f"{PAIR}.mp4", "train={init_from: brunomar}")
    assert (
        "train.init_from: 'brunomar' is not one of the subjects" in said
        and "did you mean 'brunomars'" in said
    )


def test_variant_with_a_base_takes_the_bases_generator(workflow):
    jobs = planned_jobs(workflow("-n", f"{PAIR}.full.mp4", f"{PAIR}.fbf_ts.mp4"))
    assert (jobs["train_generator"], jobs["train_face"], jobs["synthesize_frames"]) == (1, 1, 2)


def test_variant_may_have_the_run_itself_as_its_base(transferred):
    assert transferred(f"{PAIR}.mp4", f"{PAIR}.seed3.mp4").returncode == 0
    face = (
        "{steps: 9, epochs: null, learning_rate: 0.001, weights: {gan: 1, perceptual: 10, l1: 0}, size: 64, "
        "generator: {channels: 8, n_downsample: 2, n_blocks: 1}, discriminator: {channels: 8, layers: 3}}"
    )
    faced = f"variants={{faced: {{base: ours, train: {{face: {face}}}}}}}"
    for seed in ("", ".seed3"):
        jobs = planned_jobs(transferred("-n", f"{PAIR}.faced{seed}.mp4", "--config", faced))
        assert jobs == {"train_face": 1, "synthesize_frames": 1, "mux_video": 1}


def test_unnormalized_shares_the_training(transferred):
    assert planned_jobs(transferred("-n", f"{PAIR}.unnormalized.mp4")) == {
        "letterbox_poses": 1,
        "choose_references": 1,
        "synthesize_frames": 1,
        "mux_video": 1,
    }


def test_changed_variant_reruns_that_variant_only(transferred):
    others = [f"{PAIR}.mp4", f"{PAIR}.fbf.mp4"]
    assert transferred(*others, f"{PAIR}.fbf_ts.mp4").returncode == 0
    # in config.yaml the two share their mappings by YAML's aliases
    changed = "variants={fbf_ts: {train: {weights: {gan: 2.0}}}}"
    assert planned_jobs(transferred("-n", *others, "--config", changed)) == {}
    assert planned_jobs(transferred("-n", f"{PAIR}.fbf_ts.mp4", "--config", changed))["train_generator"] == 1


def refusal(workflow, target, *config):
    run = workflow("-n", target, *(("--config", *config) if config else ()))
    assert run.returncode != 0
    return said(run)


def test_unknown_variant_is_named(workflow):
    assert "'fbf_tss' is not one of the variants" in refusal(workflow, f"{PAIR}.fbf_tss.mp4")
    assert "did you mean 'fbf_ts'" in refusal(workflow, f"{PAIR}.fbf_tss.mp4")


def test_variant_with_a_typo_is_refused(workflow):
    said = refusal(workflow, f"{PAIR}.mp4", "variants={fbf_ts: {train: {steps: 5, stepz: 3}}}")
    assert "variants.fbf_ts: train" in said and "stepz" in said


def test_base_must_be_a_variant_without_a_base(workflow):
    for base in ("none", "full"):
        said = refusal(workflow, f"{PAIR}.mp4", f"variants={{full: {{base: {base}}}}}")
        assert f"variants.full.base: '{base}' is not a variant without a base" in said


def test_variant_with_a_base_can_only_change_the_face(workflow):
    said = refusal(workflow, f"{PAIR}.mp4", "variants={full: {train: {steps: 5}}}")
    assert "variants.full.train: the generator is that of fbf_ts" in said


def test_compared_variant_must_exist(workflow):
    assert "comparison.variants: 'none'" in refusal(workflow, f"{PAIR}.mp4", "comparison={variants: [none]}")


def test_variant_takes_no_word_of_the_path_grammar(workflow):
    assert "config: variants" in refusal(workflow, f"{PAIR}.mp4", "variants={heldout: {train: {steps: 5}}}")
