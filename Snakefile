# dancenow: the target's looks, the source's motion.
#
# Path grammar ({subject} is any name under `subjects` in config.yaml; {target} and {source} are two of them):
#   results/{target}_as_{source}.mp4                         the target performing the source's dance
#   results/clips/{subject}.json                             the properties of each clip, and the part to use
#   results/frames/{subject}.avi .index.npy .json            its frames at the working size, its cuts
#   results/poses/estimator.json                             which estimator this run uses, and why
#   results/poses/{subject}.people.npz                       everyone found
#   results/camera/{subject}.npz                             how the camera moves
#   results/poses/{subject}.npz                              the performer, cleaned
#   results/steady/{target}.npz                              how its frames map into one steady view, and their exposure
#   results/poses/{target}.steady.npz                        the target's pose in that view
#   results/figures/{subject}.people.png                     everyone found, with their numbers
#   results/overlays/{subject}.mp4                           the clip with the performer's skeleton
#   results/normalization/{subject}.json                     where the performer stands, and how tall
#   results/poses/{target}_as_{source}.npz                   the source's motion in the target's frame
#   results/openpose/{subject}/                              a pose as a folder of OpenPose JSON; also for a pair
#   results/backgrounds/{target}.png                         the scene without the target
#   results/masks/{subject}.found.npz                        the estimator's masks of people
#   results/masks/{subject}.npz                              where the performer is in each frame
#   results/references/{target}.npz                          pieces of the training frames, part by part
#   results/references/{target}_as_{source}.npz              the pieces chosen for each frame of the dance
#   results/previews/{target}_as_{source}.mp4                the dance as moved pieces, before any training
#   results/models/perceptual.json                           which network the perceptual loss uses, and why
#   results/models/{target}/generator.safetensors            one per target, shared by all its sources
#   results/models/{target}/discriminator.safetensors        its discriminator, from which the enhancer's starts
#   results/frames/{target}.half.avi .index.npy .json        with train.enhancer: the first stage's footage, at half size
#   results/poses/{target}.half.npz                          with train.enhancer: the first stage's pose
#   results/models/{target}/enhancer/generator.safetensors   with train.enhancer: the generator at the full size
#   results/models/{target}/face/generator.safetensors       with train.face: the generator that corrects the face
#   results/models/{target}/best.safetensors                 the weights whose preview came nearest; no result uses them
#   results/models/{target}/settings.json training.json losses.jsonl losses.png progress.png .mp4    what a training tells
#   results/models/{target}/summary.md                       one page about the training: settings, time, losses, previews
#   results/models/{target}/{stage}/summary.md               the same for the enhancer or the face
#   results/synthesis/{target}_as_{source}.mp4               the result before the sound
#   results/synthesis/{target}.heldout.mp4                   the target's own unseen footage, synthesized from its poses
#   results/synthesis/{target}_as_{source}.{chunk}of{chunks}.mkv   a part of it, with hardware.chunks; deleted after joining
#   results/figures/{target}_as_{source}.normalization.png   source, normalised skeleton, target
#   results/figures/{target}_as_{source}.png                 source, skeleton, result
#   results/overlays/{target}_as_{source}.mp4                source skeleton over the target, before and after
#   results/gallery.html                                     every transfer: source, skeleton, result in step, numbers
#   results/gallery/{source}.mp4                             the source's frames, for a browser
#   results/gallery/{target}_as_{source}.skeleton.mp4        the driving pose, for a browser
#   results/gallery/{target}_as_{source}.frames.json         numbers of each frame
#   results/gallery/{target}_as_{source}.html                one transfer's page with its videos inside
#   results/pages/{page}.html                                results/{page}.md with its pictures and videos inside
#   results/reports/{subject}.html .json                     whether the clip is suitable
#   results/reports/{target}_as_{source}.html .json          whether the target's footage covers the dance
#   results/metrics/lpips.json                               whether this run measures LPIPS, and why
#   results/metrics/{target}_as_{source}.json .md            scores against a ground truth
#   results/metrics/{target}.heldout.json .md                scores on the target's own unseen footage
#   results/authenticity/report.json .md roc.png             how well the detector recognises fakes of people it never saw
#   results/authenticity/detector.safetensors {subject}.mp4  the detector; a clip encoded like a result
#   results/{subject}.authenticity.json                      the detector's verdict on a clip; also for a pair
#   results/{video}.provenance.json                          what a result states about its origin, and whether it holds
#   results/weights.txt                                      the published weights in use, and where they came from
#   results/batch.txt                                        what a batch has made, what is missing and why
#   results/machine.md .json                                 what fits on this machine, and how long each preset takes
#   results/machine/detection.json                           how fast it decodes a clip and finds people
#   clean_intermediate                                       no file: deletes what can be made again without training
# Made by `snakemake figures` from `transfers` and `comparison`; {scored} is {target}.heldout or a pair with a truth:
#   results/tables/{scored}.ablation.md .tex .csv            ours, its variants and the baselines, with intervals
#   results/figures/{scored}.ablation.png .pdf               the same as bars
#   results/figures/{scored}.failures.png .pdf               the worst frames
#   results/metrics/{target}_as_{source}.frames.npz          the measures of each frame; also of heldout
#   results/figures/transfers.png .pdf                       all pairs: source, skeletons, result
#   results/figures/{target}_as_{source}.filmstrip.png .pdf  consecutive frames of each variant
#   results/figures/{target}_as_{source}.placing.png .pdf    without and with normalisation
#   results/figures/{target}.faces.png .pdf                  before and after the face generator
#   results/figures/{target}.curves.png .pdf                 the losses of all trainings
#   results/comparisons/{source}.mp4                         the source and all its transfers, side by side
# {target} in models and heldout, and {target}_as_{source}, may be followed by the name of a variant:
#   results/models/alice.fbf_ts/  results/alice_as_brunomars.fbf_ts.mp4     an entry of `variants`
#   results/alice_as_brunomars.seed1.mp4  ….fbf_ts.seed1.mp4                 another seed of the training
#   results/alice_as_brunomars.unnormalized.mp4                             the source's skeleton as it is
#   logs/{rule}/{wildcards}.log   benchmarks/rules/{rule}/{wildcards}.tsv

from snakemake.utils import min_version

min_version("9.0")


include: "rules/config_file.smk"


read_config(f"{workflow.basedir}/config.yaml")


configfile: f"{workflow.basedir}/config.yaml"


include: "rules/schema.smk"
include: "rules/folders.smk"
include: "rules/common.smk"
include: "rules/inputs.smk"
include: "rules/variants.smk"
include: "rules/showing.smk"
include: "rules/requests.smk"
include: "rules/frames.smk"
include: "rules/pose.smk"
include: "rules/camera.smk"
include: "rules/formats.smk"
include: "rules/steady.smk"
include: "rules/look.smk"
include: "rules/normalize.smk"
include: "rules/references.smk"
include: "rules/train.smk"
include: "rules/stages.smk"
include: "rules/transfer.smk"


if config["hardware"]["chunks"] > 1:

    include: "rules/chunks.smk"


include: "rules/evaluate.smk"
include: "rules/report.smk"
include: "rules/overlay_normalization.smk"
include: "rules/gallery.smk"
include: "rules/authenticity.smk"
include: "rules/batch.smk"
include: "rules/comparison.smk"
include: "rules/figures.smk"
include: "rules/clean.smk"
include: "rules/pages.smk"
include: "rules/machine.smk"


# After all rules, so that it applies to each: a change to what a rule's script or its library does runs the rule again.
for scripted in workflow.rules:
    if scripted.script:
        scripted.set_params(code_of(scripted.script))


report: "rules/captions/workflow.rst"


rule all:
    """The videos of the pairs in `transfers`: what `snakemake` makes when it is given no file."""
    default_target: True
    input:
        expand("results/{pair}.mp4", pair=config["transfers"]),


rule evaluate:
    """Scores of all pairs with a ground truth; figures of the transfers, and pages about their trainings."""
    input:
        expand("results/models/{model}/summary.md", model=models_shown()),
        expand("results/metrics/{pair}.json", pair=config["evaluation"]["truth"]),
        expand("results/figures/{pair}.normalization.png", pair=config["transfers"]),
        expand("results/figures/{pair}.png", pair=config["transfers"]),


# last, because it needs the names of all rules
include: "rules/unknown_targets.smk"
