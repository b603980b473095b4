# Real footage, or a result of this workflow? The detector is trained on some pairs and tested on other people.
# REQUIRED INPUTS: authenticity.train in the configuration; results/frames/{subject}.avi and results/synthesis/ of these
# OUTPUTS: results/authenticity/, results/{subject}.authenticity.json, results/{target}_as_{source}.authenticity.json

from dancenow.planning.pairs import check_split

LEARNED, HELDOUT = config["authenticity"]["train"], config["authenticity"]["heldout"]
# real footage in which the detector must find nothing; of held-out people, if there are any
CONTROL = names_of(HELDOUT) or targets_of(LEARNED)

check_pairs("config: authenticity.train", LEARNED)
check_pairs("config: authenticity.heldout", HELDOUT)
try:
    check_split(LEARNED, HELDOUT)
except InputError as error:
    raise WorkflowError(f"config: {error}") from None


rule reencode_clip:
    """Encode a subject's clip like a result, so that the codec gives no hint."""
    input:
        frames="results/frames/{subject}.avi",
    output:
        video=ensure("results/authenticity/{subject}.mp4", non_empty=True),
    log:
        "logs/reencode_clip/{subject}.log",
    benchmark:
        "benchmarks/rules/reencode_clip/{subject}.tsv"
    conda:
        "../envs/video.yaml"
    params:
        provenance=FINISHING,
    script:
        "../workflow_scripts/reencode_clip.py"


rule train_detector:
    """Train the detector to distinguish clips of the training's targets from results that show them."""
    input:
        # targets only: a source that is not a target would appear in real clips only, and its looks would give it away
        real=expand("results/authenticity/{subject}.mp4", subject=targets_of(LEARNED)),
        fake=expand("results/synthesis/{pair}.mp4", pair=LEARNED),
    output:
        detector=ensure("results/authenticity/detector.safetensors", non_empty=True),
    log:
        "logs/train_detector/run.log",
    benchmark:
        "benchmarks/rules/train_detector/run.tsv"
    conda:
        "../envs/torch.yaml"
    threads: all_cores
    resources:
        gpu=1,
    params:
        pairs=LEARNED,
        steps=config["authenticity"]["steps"],
        seed=config["authenticity"]["seed"],
    script:
        "../workflow_scripts/train_detector.py"


rule test_detector:
    """Test the detector on people that it never saw, and on real footage against itself."""
    input:
        detector="results/authenticity/detector.safetensors",
        real=expand("results/authenticity/{subject}.mp4", subject=names_of(HELDOUT)),
        fake=expand("results/synthesis/{pair}.mp4", pair=HELDOUT),
        filmed=expand("results/frames/{subject}.avi", subject=CONTROL),
        written=expand("results/authenticity/{subject}.mp4", subject=CONTROL),
    output:
        report=ensure("results/authenticity/report.json", non_empty=True),
        page=ensure("results/authenticity/report.md", non_empty=True),
        figure=shown(ensure("results/authenticity/roc.png", non_empty=True), "roc"),
    log:
        "logs/test_detector/run.log",
    benchmark:
        "benchmarks/rules/test_detector/run.tsv"
    conda:
        "../envs/report.yaml"
    threads: all_cores
    resources:
        gpu=1,
    params:
        real=names_of(HELDOUT),
        fake=HELDOUT,
        control=CONTROL,
        seed=config["evaluation"]["seed"],
    script:
        "../workflow_scripts/test_detector.py"


rule judge_video:
    """Judge whether a video is real, with the detector's confidence and the people it learned from."""
    input:
        unpack(judged),
        detector="results/authenticity/detector.safetensors",
        report="results/authenticity/report.json",
    output:
        verdict=ensure("results/{video}.authenticity.json", non_empty=True),
    log:
        "logs/judge_video/{video}.log",
    benchmark:
        "benchmarks/rules/judge_video/{video}.tsv"
    wildcard_constraints:
        video=f"({NAME})(_as_({NAME}))?",
    conda:
        "../envs/torch.yaml"
    threads: all_cores
    resources:
        gpu=1,
    params:
        seed=config["evaluation"]["seed"],
    script:
        "../workflow_scripts/judge_video.py"
