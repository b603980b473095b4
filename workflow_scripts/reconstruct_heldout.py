"""Synthesize the target in its own held-out poses, without sound."""

from dancenow.camera.replay import Replay
from dancenow.files import read_json
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.planning.consent import tell_consent
from dancenow.provenance.finishing import finishing
from dancenow.references.bank import ChosenReferences
from dancenow.references.files import load_bank
from dancenow.synthesis.synthesizer import synthesize
from dancenow.synthesis.transfer import Transfer
from dancenow.training.holdout import heldout
from dancenow.video.cuts import cuts_after

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    # from the configuration: a changed date must not make anything again
    tell_consent(snakemake.config, [snakemake.wildcards.target])
    whole = load_pose(snakemake.input.pose)
    pose = heldout(whole, snakemake.params.holdout)
    first = len(whole.keypoints) - len(pose.keypoints)
    replay = Replay.of(snakemake.input.steady)
    cuts = cuts_after(replay.view.cuts(read_json(snakemake.input.facts)["cuts"]), first)
    face = snakemake.input.face or None
    references = None
    if snakemake.input.references:
        bank = load_bank(snakemake.input.references)
        keypoints = replay.view.on_canvas(pose).keypoints
        references = ChosenReferences(bank, keypoints, bank.choose(keypoints, cuts, pose.fps))
    made_from = [snakemake.input.generator, *([face] if face else []), snakemake.input.pose]
    finish = finishing(snakemake.params.provenance, pose.width, pose.height, made_from)
    transfer = Transfer(snakemake.input.generator, pose, cuts, face, references, replay, finish)
    synthesize(transfer, snakemake.output.video, threads)
