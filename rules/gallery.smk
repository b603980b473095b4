# Source, skeleton and result side by side, in step, with numbers for each frame. Nothing here feeds the transfer.
# REQUIRED INPUTS: results/frames/{source}.avi, results/poses/, results/synthesis/, results/{target}_as_{source}.mp4
# OUTPUTS: results/gallery.html and its files in results/gallery/; results/gallery/{target}_as_{source}.html, self-contained


rule film_source:
    """The source's frames as a video for a browser."""
    input:
        frames="results/frames/{source}.avi",
        index="results/frames/{source}.index.npy",
        facts="results/frames/{source}.json",
    output:
        video=ensure("results/gallery/{source}.mp4", non_empty=True),
    log:
        "logs/film_source/{source}.log",
    benchmark:
        "benchmarks/rules/film_source/{source}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/film_source.py"


rule film_skeleton:
    """The driving pose as a video for a browser."""
    input:
        pose="results/poses/{target}_as_{source}{placing}.npz",
    output:
        video=ensure("results/gallery/{target}_as_{source}{placing}.skeleton.mp4", non_empty=True),
    log:
        "logs/film_skeleton/{target}_as_{source}{placing}.log",
    benchmark:
        "benchmarks/rules/film_skeleton/{target}_as_{source}{placing}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/film_skeleton.py"


rule measure_frames:
    """Per frame: pose error of the result, distance to the training footage, SSIM and PSNR to a ground truth."""
    input:
        video="results/synthesis/{target}_as_{source}{variant}{placing}.mp4",
        driving_pose="results/poses/{target}_as_{source}{placing}.npz",
        target_pose="results/poses/{target}.steady.npz",
        target_statistics="results/normalization/{target}.json",
        decision="results/poses/estimator.json",
        absent=absent(any_truth_of),
    output:
        series=ensure("results/gallery/{target}_as_{source}{variant}{placing}.frames.json", non_empty=True),
    log:
        "logs/measure_frames/{target}_as_{source}{variant}{placing}.log",
    benchmark:
        "benchmarks/rules/measure_frames/{target}_as_{source}{variant}{placing}.tsv"
    conda:
        "../envs/report.yaml"
    threads: all_cores
    resources:
        gpu=1,
        mem_mb=scoring_memory,
        runtime=scoring_minutes,
    params:
        truth=as_given(any_truth_of),
        held=held_by(any_truth_of),
        holdout=config["train"]["holdout"],
    script:
        "../workflow_scripts/measure_frames.py"


rule make_gallery:
    """One page with all configured transfers, for a browser without a server or a network."""
    input:
        sources=[f"results/gallery/{pair.split('_as_')[1]}.mp4" for pair in config["transfers"]],
        skeletons=expand("results/gallery/{pair}.skeleton.mp4", pair=config["transfers"]),
        # the page only links to it: a new signature does not change the page, and new pictures bring new series
        results=ancient(expand("results/{pair}.mp4", pair=config["transfers"])),
        series=expand("results/gallery/{pair}.frames.json", pair=config["transfers"]),
    output:
        page=ensure("results/gallery.html", non_empty=True),
    log:
        "logs/make_gallery/run.log",
    benchmark:
        "benchmarks/rules/make_gallery/run.tsv"
    localrule: True
    conda:
        "../envs/pose.yaml"
    params:
        transfers=config["transfers"],
    script:
        "../workflow_scripts/make_gallery.py"


rule embed_player:
    """One transfer's page with its videos inside, for a report or to send."""
    input:
        source="results/gallery/{source}.mp4",
        skeleton="results/gallery/{target}_as_{source}{placing}.skeleton.mp4",
        # the signed result, because the page is sent to others
        result="results/{target}_as_{source}{variant}{placing}.mp4",
        series="results/gallery/{target}_as_{source}{variant}{placing}.frames.json",
    output:
        page=shown(
            ensure("results/gallery/{target}_as_{source}{variant}{placing}.html", non_empty=True), "player"
        ),
    log:
        "logs/embed_player/{target}_as_{source}{variant}{placing}.log",
    benchmark:
        "benchmarks/rules/embed_player/{target}_as_{source}{variant}{placing}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        pair="{target}_as_{source}{variant}{placing}",
    script:
        "../workflow_scripts/embed_player.py"
