# A long dance in chunks, each synthesized by its own job; only if hardware.chunks is above 1.
# REQUIRED INPUTS: results/models/{target}/, results/poses/{target}_as_{source}.npz
# OUTPUTS: results/synthesis/{target}_as_{source}.{chunk}of{chunks}.mkv, results/synthesis/{target}_as_{source}.mp4

CHUNKS = config["hardware"]["chunks"]


ruleorder: join_chunks > synthesize_frames


rule synthesize_chunk:
    """Synthesize one chunk of the clip, starting some frames early."""
    input:
        generator=generator_of,
        face=face_of,
        references=references_of,
        chosen=chosen_of,
        pose="results/poses/{target}_as_{source}{placing}.npz",
        facts="results/frames/{source}.json",
        steady="results/steady/{target}.npz",
        target="results/frames/{target}.json",
    output:
        video=temp(
            ensure(
                "results/synthesis/{target}_as_{source}{variant}{placing}.{chunk}of{chunks}.mkv",
                non_empty=True,
            )
        ),
    log:
        "logs/synthesize_chunk/{target}_as_{source}{variant}{placing}.{chunk}of{chunks}.log",
    benchmark:
        "benchmarks/rules/synthesize_chunk/{target}_as_{source}{variant}{placing}.{chunk}of{chunks}.tsv"
    wildcard_constraints:
        chunk=NUMBER,
        chunks=NUMBER,
    conda:
        "../envs/torch.yaml"
    # several at a time paint more frames with a core each than one after another with all of them
    threads: lambda wildcards: max(1, all_cores(wildcards) // CHUNKS)
    resources:
        gpu=1,
        mem_mb=synthesis_memory,
        runtime=chunk_minutes,
    params:
        camera=config["transfer"]["camera"],
        overlap=config["hardware"]["overlap"],
        provenance=FINISHING,
    script:
        "../workflow_scripts/synthesize_chunk.py"


rule join_chunks:
    """Join the chunks into one video, encoded once."""
    input:
        chunks=expand(
            "results/synthesis/{target}_as_{source}{variant}{placing}.{chunk}of{chunks}.mkv",
            chunk=range(1, CHUNKS + 1),
            chunks=CHUNKS,
            allow_missing=True,
        ),
        # not the pose: on Slurm this is one job with mux_video, and the pose would pull normalize_poses into it
        facts="results/frames/{source}.json",
        target="results/frames/{target}.json",
    output:
        video=ensure("results/synthesis/{target}_as_{source}{variant}{placing}.mp4", non_empty=True),
    log:
        "logs/join_chunks/{target}_as_{source}{variant}{placing}.log",
    benchmark:
        "benchmarks/rules/join_chunks/{target}_as_{source}{variant}{placing}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        runtime=joining_minutes,
    script:
        "../workflow_scripts/join_chunks.py"
