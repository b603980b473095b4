"""The target in the source's poses, silent."""

from dancenow.camera.replay import Replay
from dancenow.files import read_json
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.planning.consent import tell_consent
from dancenow.provenance.finishing import finishing
from dancenow.references.files import chosen_references
from dancenow.synthesis.synthesizer import synthesize

with job(snakemake.log[0], snakemake.threads) as threads:
    # from the configuration: another day must not make anything again
    tell_consent(snakemake.config, [snakemake.wildcards.target, snakemake.wildcards.source])
    cuts = read_json(snakemake.input.facts)["cuts"]
    pose = load_pose(snakemake.input.pose)
    face = snakemake.input.face or None
    given, camera = snakemake.input, snakemake.params.camera
    replay = Replay.of(given.steady, camera, pose.fps, given.target)
    references = chosen_references(given.references, given.chosen, replay.view.on_canvas(pose))
    made_from = [given.generator, *([face] if face else []), given.pose]
    finish = finishing(snakemake.params.provenance, pose.width, pose.height, made_from)
    video = snakemake.output.video
    synthesize(given.generator, pose, video, threads, cuts, face, references, finish, replay)
