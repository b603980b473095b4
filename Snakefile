# dancenow: the target's looks, the source's motion.
#
# Path grammar ({subject} is any name under `subjects` in config.yaml; {target} and {source} are two of them):
#   results/{target}_as_{source}.mp4                         the target performing the source's dance
#   results/clips/{subject}.json                             what ffprobe says of each clip, and the part used
#   results/frames/{subject}.avi .index.npy .json            its frames at the working size, its cuts
#   results/poses/estimator.json                             which estimator this run uses, and why
#   results/poses/{subject}.people.npz                       everyone found
#   results/camera/{subject}.npz                             how the camera moves
#   results/poses/{subject}.npz                              the performer, cleaned
#   results/steady/{target}.npz                              where its frames lie in one steady view, at what exposure
#   results/poses/{target}.steady.npz                        the target's pose in that view
#   results/figures/{subject}.people.png                     everyone found, with their numbers
#   results/overlays/{subject}.mp4                           the clip with the performer's skeleton
#   results/normalization/{subject}.json                            where the performer stands, how tall
#   results/poses/{target}_as_{source}.npz                   the source's motion in the target's frame
#   results/openpose/{subject}/                              the same as a folder of OpenPose JSON; also of a pair
#   results/backgrounds/{target}.png                              the target's background without the target
#   results/masks/{subject}.found.npz                        where the estimator saw somebody
#   results/masks/{subject}.npz                              where the performer is in each frame
#   results/references/{target}.npz                          its training frames cut into parts
#   results/references/{target}_as_{source}.npz              which of them each frame of the dance takes
#   results/previews/{target}_as_{source}.mp4                the dance from moved parts alone, before any training
#   results/models/perceptual.json                           which network the perceptual loss uses, and why
#   results/models/{target}/generator.safetensors            one per target, shared by all its sources
#   results/models/{target}/discriminator.safetensors        its judge, which the enhancer's starts from
#   results/frames/{target}.half.avi .index.npy .json        with train.enhancer: what the first stage learns from
#   results/poses/{target}.half.npz                          the same
#   results/models/{target}/enhancer/generator.safetensors   with train.enhancer: the generator at the full size
#   results/models/{target}/face/generator.safetensors       with train.face: what is added to a synthesized face
#   results/models/{target}/summary.md                       one page about it: settings, time, losses, previews
#   results/models/{target}/{stage}/summary.md               the same about the enhancer or the face
#   results/synthesis/{target}_as_{source}.mp4               the result before the sound
#   results/synthesis/{target}_as_{source}.{chunk}of{chunks}.mkv   a part of it while it is made, with hardware.chunks
#   results/figures/{target}_as_{source}.normalization.png   source, normalised skeleton, target
#   results/figures/{target}_as_{source}.png                 source, skeleton, result
#   results/overlays/{target}_as_{source}.mp4                source skeleton over the target, before and after
#   results/gallery.html                                     every transfer: source, skeleton, result in step, numbers
#   results/gallery/{source}.mp4                             the source's frames, for a browser
#   results/gallery/{target}_as_{source}.skeleton.mp4        what the generator was given, for a browser
#   results/gallery/{target}_as_{source}.frames.json         numbers of each frame
#   results/gallery/{target}_as_{source}.html                one transfer's page with its videos inside
#   results/pages/{page}.html                                results/{page}.md with its pictures and videos inside
#   results/reports/{subject}.html .json                     whether the clip will do
#   results/reports/{target}_as_{source}.html .json          whether the target shows what the dance asks for
#   results/metrics/lpips.json                               whether this run measures LPIPS, and why
#   results/metrics/{target}_as_{source}.json .md            against a ground truth, where there is one
#   results/metrics/{target}.heldout.json .md                on the target's own unseen footage
#   results/authenticity/report.json .md roc.png             how well fakes of people it never saw are told
#   results/authenticity/detector.safetensors {subject}.mp4  what tells them; a clip written as a result is
#   results/{subject}.authenticity.json                      whether a video is real, by that; also of a pair
#   results/{video}.provenance.json                         what a result states of its origin, and whether that holds
#   results/weights.txt                                      the published weights used, and how they came here
#   results/batch.txt                                        what a batch has made, what is missing and why
#   results/machine.md .json                                 what fits on this machine, and how long each preset takes
#   results/machine/detection.json                           how fast it decodes a clip and finds people
#   clean_intermediate                                       no file: deletes what can be made again without a training
# What `snakemake figures` makes of `transfers` and `comparison`; {scored} is {target}.heldout or a pair with a truth:
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
# Behind {target} in models and heldout, and behind {target}_as_{source}, stands the name of a variant, if any:
#   results/models/alice.fbf_ts/  results/alice_as_brunomars.fbf_ts.mp4     an entry of `variants`
#   results/alice_as_brunomars.seed1.mp4  ….fbf_ts.seed1.mp4                 another seed of the training
#   results/alice_as_brunomars.unnormalized.mp4                             the source's skeleton as it is
#   logs/{rule}/{wildcards}.log   benchmarks/rules/{rule}/{wildcards}.tsv

from snakemake.utils import min_version

min_version("9.0")


configfile: f"{workflow.basedir}/config.yaml"


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


# Behind all rules, so that none forgets it: editing what a rule's script or the library below it does makes it run again.
for scripted in workflow.rules:
    if scripted.script:
        scripted.set_params(code_of(scripted.script))


report: "rules/captions/workflow.rst"


rule all:
    default_target: True
    input:
        expand("results/{pair}.mp4", pair=config["transfers"]),


rule evaluate:
    input:
        expand(
            "results/models/{target}/summary.md",
            target=targets_of(config["transfers"]),
        ),
        expand(
            "results/models/{target}/{stage}/summary.md",
            target=targets_of(config["transfers"]),
            stage=[stage for stage in ("enhancer", "face") if config["train"][stage]],
        ),
        expand("results/metrics/{pair}.json", pair=config["evaluation"]["truth"]),
        expand("results/figures/{pair}.normalization.png", pair=config["transfers"]),
        expand("results/figures/{pair}.png", pair=config["transfers"]),


# last, for it asks which names are rules
include: "rules/unknown_targets.smk"
