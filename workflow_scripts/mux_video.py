"""Combine the synthesized video with its source's sound, and sign the statement of its origin."""

import logging
from pathlib import Path

from dancenow.files import read_json
from dancenow.job import job
from dancenow.planning.reruns import require_unchanged
from dancenow.provenance.keys import signing_key
from dancenow.provenance.manifest import inputs_of, sign
from dancenow.provenance.mark import payload_of
from dancenow.video.media import mux

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    given, params, config = snakemake.input, snakemake.params, snakemake.config
    require_unchanged([params.clip], params.held)
    (facts,) = read_json(given.facts, list)  # a source is one clip
    # from the configuration: a changed key must not make anything again
    signer = signing_key(config["provenance"]["certificate"], config["provenance"]["key"])
    for role, record in params.consent.items():
        logging.info("%s %s: %s", role, snakemake.wildcards[role], record)
    target = config["subjects"][snakemake.wildcards.target]
    clips = {
        "target": [clip["video"] for clip in target.get("clips", [target])],
        "source": [params.clip],
    }
    files = {"generator": given.generator, "face": given.face, "pose": params.pose}
    code = params[-1]  # added to every rule at the end of the Snakefile
    made_from = [path for path in files.values() if path]  # in the order of synthesize_frames
    mark = payload_of(made_from) if config["provenance"]["mark"] else None
    inputs = inputs_of(files, config, params.consent, code, mark)
    output = Path(snakemake.output.video)
    mux(
        given.video, params.clip, facts, output,
        lambda path: sign(path, output.name, signer, params.background, clips, inputs),
    )  # fmt: skip
