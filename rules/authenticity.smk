# Real footage or one of our own results? The detector is trained on some pairs and tested on other people.
# REQUIRED INPUTS: authenticity.train in the configuration; results/frames/{subject}.avi, results/synthesis/ of them
# OUTPUTS: results/authenticity/, results/{subject}.authenticity.json, results/{target}_as_{source}.authenticity.json

from dancenow.planning.pairs import check_split

LEARNED, HELDOUT = config["authenticity"]["train"], config["authenticity"]["heldout"]
# real footage on which the detector must find nothing: of those it does not know, where there are any
CONTROL = names_of(HELDOUT) or targets_of(LEARNED)

check_pairs("config: authenticity.train", LEARNED)
check_pairs("config: authenticity.heldout", HELDOUT)
try:
    check_split(LEARNED, HELDOUT)
except InputError as error:
    raise WorkflowError(f"config: {error}") from None


rule reencode_clip:
    """Write a subject's clip as a result is written, so that the codec tells nothing."""
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
    """Learn to tell the clips of the training's targets from the results that show them."""
    input:
        # targets only: a source that is no target would be seen real only, and be told by its looks
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
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        pairs=LEARNED,
        steps=config["authenticity"]["steps"],
        seed=config["authenticity"]["seed"],
    script:
        "../workflow_scripts/train_detector.py"


rule test_detector:
    """Judge people that the detector never saw, and real footage against itself."""
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
    threads: workflow.cores
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
    """Real or one of our own results? With how sure the detector is and whom it knows."""
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
    threads: workflow.cores
    resources:
        gpu=1,
    params:
        seed=config["evaluation"]["seed"],
    script:
        "../workflow_scripts/judge_video.py"
