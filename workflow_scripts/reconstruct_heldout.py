"""Synthesize the target in its own held-out poses, without sound."""

from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.planning.consent import tell_consent
from dancenow.synthesis.synthesizer import synthesize
from dancenow.synthesis.transfer import TransferFiles, open_reconstruction
from dancenow.training.holdout import heldout

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    # from the configuration: a changed date must not make anything again
    tell_consent(snakemake.config, [snakemake.wildcards.target])
    given, params = dict(snakemake.input.items()), snakemake.params
    pose = heldout(load_pose(given["pose"]), params.holdout)
    files = TransferFiles(**given, target=given["facts"])
    synthesize(open_reconstruction(files, pose, params.provenance), snakemake.output.video, threads)
