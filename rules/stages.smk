# The stages after the first: a local enhancer at twice the size, and a face generator.
# REQUIRED INPUTS: results/frames/{target}.avi, results/poses/{target}.steady.npz, results/steady/{target}.npz,
#   results/models/{target}/ of the stage before
# OUTPUTS: results/frames/{target}.half.*, results/poses/{target}.half.npz, results/models/{target}/enhancer/, .../face/,
#   results/models/{target}/{stage}/summary.md


rule halve_footage:
    """The target's frames and pose at half the size, for the first of two stages."""
    input:
        frames="results/frames/{target}.avi",
        index="results/frames/{target}.index.npy",
        facts="results/frames/{target}.json",
        pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
    output:
        frames=ensure("results/frames/{target}.half.avi", non_empty=True),
        index=ensure("results/frames/{target}.half.index.npy", non_empty=True),
        facts=ensure("results/frames/{target}.half.json", non_empty=True),
        pose=ensure("results/poses/{target}.half.npz", non_empty=True),
    log:
        "logs/halve_footage/{target}.log",
    benchmark:
        "benchmarks/rules/halve_footage/{target}.tsv"
    conda:
        "../envs/video.yaml"
    script:
        "../workflow_scripts/halve_footage.py"


use rule train_generator as train_enhancer with:
    """Continue at the full size, with a local enhancer around the generator; resumes from its rolling checkpoint."""
    input:
        frames="results/frames/{target}.avi",
        pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
        perceptual="results/models/perceptual.json",
        generator="results/models/{target}{variant}/generator.safetensors",
        discriminator="results/models/{target}{variant}/discriminator.safetensors",
    output:
        generator=ensure("results/models/{target}{variant}/enhancer/generator.safetensors", non_empty=True),
        best=ensure("results/models/{target}{variant}/enhancer/best.safetensors", non_empty=True),
        losses=ensure("results/models/{target}{variant}/enhancer/losses.jsonl", non_empty=True),
        settings=ensure("results/models/{target}{variant}/enhancer/settings.json", non_empty=True),
        training=ensure("results/models/{target}{variant}/enhancer/training.json", non_empty=True),
        progress=shown(
            ensure("results/models/{target}{variant}/enhancer/progress.png", non_empty=True),
            "previews",
            stage="enhancer",
        ),
        video=shown(
            ensure("results/models/{target}{variant}/enhancer/progress.mp4", non_empty=True),
            "previews_film",
            stage="enhancer",
        ),
    log:
        "logs/train_enhancer/{target}{variant}.log",
    benchmark:
        "benchmarks/rules/train_enhancer/{target}{variant}.tsv"
    resources:
        gpu=training_gpus,
        mem_mb=training_memory,
        runtime=stage_minutes("enhancer"),
    params:
        settings=enhancer_settings,


use rule train_generator as train_face with:
    """Learn a residual for the synthesized face, with the generator frozen; resumes from its rolling checkpoint."""
    input:
        frames="results/frames/{target}.avi",
        pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
        perceptual="results/models/perceptual.json",
        generator=generator_of,
        references=references_of,
    output:
        generator=ensure("results/models/{target}{variant}/face/generator.safetensors", non_empty=True),
        best=ensure("results/models/{target}{variant}/face/best.safetensors", non_empty=True),
        losses=ensure("results/models/{target}{variant}/face/losses.jsonl", non_empty=True),
        settings=ensure("results/models/{target}{variant}/face/settings.json", non_empty=True),
        training=ensure("results/models/{target}{variant}/face/training.json", non_empty=True),
        progress=shown(
            ensure("results/models/{target}{variant}/face/progress.png", non_empty=True),
            "previews",
            stage="face",
        ),
        video=shown(
            ensure("results/models/{target}{variant}/face/progress.mp4", non_empty=True),
            "previews_film",
            stage="face",
        ),
    log:
        "logs/train_face/{target}{variant}.log",
    benchmark:
        "benchmarks/rules/train_face/{target}{variant}.tsv"
    resources:
        gpu=training_gpus,
        mem_mb=training_memory,
        runtime=stage_minutes("face"),
    params:
        settings=face_settings,


use rule summarise_training as summarise_stage with:
    """One page about a later stage: settings, data, time, losses, previews."""
    input:
        settings="results/models/{target}/{stage}/settings.json",
        training="results/models/{target}/{stage}/training.json",
        losses="results/models/{target}/{stage}/losses.jsonl",
    output:
        page=ensure("results/models/{target}/{stage}/summary.md", non_empty=True),
        curve=shown(ensure("results/models/{target}/{stage}/losses.png", non_empty=True), "losses"),
    log:
        "logs/summarise_stage/{target}.{stage}.log",
    benchmark:
        "benchmarks/rules/summarise_stage/{target}.{stage}.tsv"
    wildcard_constraints:
        stage="enhancer|face",
