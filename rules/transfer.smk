# The dance itself.
# REQUIRED INPUTS: results/models/{target}/, results/poses/{target}_as_{source}.npz, results/steady/{target}.npz;
#                  for real pixels results/references/{target}.npz and results/references/{target}_as_{source}.npz
# OUTPUTS: results/synthesis/{target}_as_{source}.mp4, results/{target}_as_{source}.mp4, results/figures/*.png,
#          results/{video}.provenance.json


rule synthesize_frames:
    """Synthesize the target from the normalised skeleton, frame by frame."""
    input:
        generator=generator_of,
        face=face_of,
        references=references_of,
        chosen=chosen_of,
        pose="results/poses/{target}_as_{source}{placing}.npz",
        facts="results/frames/{source}.json",
        steady="results/steady/{target}.npz",
        target="results/frames/{target}.json",
    output:
        video=ensure("results/synthesis/{target}_as_{source}{variant}{placing}.mp4", non_empty=True),
    log:
        "logs/synthesize_frames/{target}_as_{source}{variant}{placing}.log",
    benchmark:
        "benchmarks/rules/synthesize_frames/{target}_as_{source}{variant}{placing}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: all_cores
    resources:
        gpu=1,
        mem_mb=synthesis_memory,
        runtime=synthesis_minutes,
    params:
        provenance=FINISHING,
        camera=config["transfer"]["camera"],
    script:
        "../workflow_scripts/synthesize_frames.py"


rule mux_video:
    """Combine the synthesized frames with the source's sound, and sign a statement of their origin."""
    input:
        video="results/synthesis/{target}_as_{source}{variant}{placing}.mp4",
        absent=absent(sound_of),
        facts="results/clips/{source}.json",
        generator=generator_of,
        face=face_of,
    output:
        video=shown(ensure("results/{target}_as_{source}{variant}{placing}.mp4", non_empty=True), "result"),
    log:
        "logs/mux_video/{target}_as_{source}{variant}{placing}.log",
    benchmark:
        "benchmarks/rules/mux_video/{target}_as_{source}{variant}{placing}.tsv"
    conda:
        "../envs/video.yaml"
    params:
        # the video depends on it, but as an input it would create a cycle in the group of a chunked transfer
        pose="results/poses/{target}_as_{source}{placing}.npz",
        clip=as_given(sound_of),
        held=held_by(sound_of),
        background=shows_background,
        consent=consent_of,
    script:
        "../workflow_scripts/mux_video.py"


rule verify_video:
    """Read back and check what a result states about its origin."""
    input:
        video="results/{video}.mp4",
    output:
        verdict=ensure("results/{video}.provenance.json", non_empty=True),
    log:
        "logs/verify_video/{video}.log",
    benchmark:
        "benchmarks/rules/verify_video/{video}.tsv"
    wildcard_constraints:
        video=rf"({NAME})_as_({NAME})(\.(?!mp4\b)[a-z0-9_]+)*",
    conda:
        "../envs/torch.yaml"
    script:
        "../workflow_scripts/verify_video.py"


rule plot_transfer:
    """Source, normalised skeleton and result in one picture."""
    input:
        source_frames="results/frames/{source}.avi",
        pose="results/poses/{target}_as_{source}{placing}.npz",
        video="results/synthesis/{target}_as_{source}{variant}{placing}.mp4",
    output:
        figure=shown(
            ensure("results/figures/{target}_as_{source}{variant}{placing}.png", non_empty=True),
            "transfer_figure",
        ),
    log:
        "logs/plot_transfer/{target}_as_{source}{variant}{placing}.log",
    benchmark:
        "benchmarks/rules/plot_transfer/{target}_as_{source}{variant}{placing}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/plot_transfer.py"
