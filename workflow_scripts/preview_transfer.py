"""Film the dance as moved pieces of the target's footage, without any network."""

from pathlib import Path

from dancenow.camera.replay import Replay
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.pictures import read_png
from dancenow.planning.consent import tell_consent
from dancenow.references.files import load_bank, load_choice
from dancenow.references.preview import write_preview

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    # from the configuration: another day must not make anything again
    tell_consent(snakemake.config, [snakemake.wildcards.target, snakemake.wildcards.source])
    given = snakemake.input
    pose, bank = load_pose(given.pose), load_bank(given.references)
    chosen = load_choice(given.chosen, bank, pose.keypoints)
    replay = Replay.of(given.steady, snakemake.params.camera, pose.fps, given.target)
    background = read_png(Path(given.background), (replay.view.width, replay.view.height))
    write_preview(pose, bank, chosen, background, snakemake.output.video, replay)
