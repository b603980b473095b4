# One generator per target.
# REQUIRED INPUTS: results/frames/{target}.avi, results/poses/{target}.steady.npz, results/steady/{target}.npz,
#                  results/poses/{target}.people.npz, results/masks/{target}.npz; for real pixels results/references/{target}.npz
# OUTPUTS: results/backgrounds/{target}.png, results/models/perceptual.json, results/models/{target}/


rule choose_perceptual:
    """Decide once which network the perceptual loss uses."""
    output:
        decision=ensure("results/models/perceptual.json", non_empty=True),
    log:
        "logs/choose_perceptual/run.log",
    benchmark:
        "benchmarks/rules/choose_perceptual/run.tsv"
    localrule: True
    conda:
        "../envs/torch.yaml"
    params:
        network=config["train"]["perceptual"],
    script:
        "../workflow_scripts/choose_perceptual.py"


rule make_background:
    """Make the background: the scene without the target and without other people who move."""
    input:
        frames="results/frames/{target}.avi",
        pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
        masks="results/masks/{target}.npz",
        people="results/poses/{target}.people.npz",
    output:
        background=ensure("results/backgrounds/{target}.png", non_empty=True),
    log:
        "logs/make_background/{target}.log",
    benchmark:
        "benchmarks/rules/make_background/{target}.tsv"
    conda:
        "../envs/torch.yaml"
    params:
        holdout=config["train"]["holdout"],
    script:
        "../workflow_scripts/make_background.py"


rule train_generator:
    """Learn to synthesize the target from the skeleton; resumes from its rolling checkpoint."""
    input:
        unpack(footage_of),
        perceptual="results/models/perceptual.json",
        steady="results/steady/{target}.npz",
        background=background_of,
        references=references_of,
        masks=masks_of,
        init_from=init_from_of,
    output:
        generator=ensure("results/models/{target}{variant}/generator.safetensors", non_empty=True),
        discriminator=ensure("results/models/{target}{variant}/discriminator.safetensors", non_empty=True),
        best=ensure("results/models/{target}{variant}/best.safetensors", non_empty=True),
        losses=ensure("results/models/{target}{variant}/losses.jsonl", non_empty=True),
        settings=ensure("results/models/{target}{variant}/settings.json", non_empty=True),
        training=ensure("results/models/{target}{variant}/training.json", non_empty=True),
        progress=shown(ensure("results/models/{target}{variant}/progress.png", non_empty=True), "previews"),
        video=shown(ensure("results/models/{target}{variant}/progress.mp4", non_empty=True), "previews_film"),
    log:
        "logs/train_generator/{target}{variant}.log",
    benchmark:
        "benchmarks/rules/train_generator/{target}{variant}.tsv"
    conda:
        "../envs/torch.yaml"
    # all cores: a second job in parallel would cost both far more than it saves
    threads: all_cores
    resources:
        gpu=training_gpus,
        mem_mb=training_memory,
        runtime=training_minutes,
    params:
        settings=training_settings,
        holdout=config["train"]["holdout"],
    script:
        "../workflow_scripts/train_stage.py"


rule summarise_training:
    """One page about a model: settings, data, time, losses, previews."""
    input:
        settings="results/models/{target}{variant}/settings.json",
        training="results/models/{target}{variant}/training.json",
        losses="results/models/{target}{variant}/losses.jsonl",
    output:
        page=ensure("results/models/{target}{variant}/summary.md", non_empty=True),
        curve=shown(ensure("results/models/{target}{variant}/losses.png", non_empty=True), "losses"),
    log:
        "logs/summarise_training/{target}{variant}.log",
    benchmark:
        "benchmarks/rules/summarise_training/{target}{variant}.tsv"
    conda:
        "../envs/report.yaml"
    script:
        "../workflow_scripts/summarise_training.py"
