# The clips, as the workflow sees them.
# REQUIRED INPUTS: subjects.<name>.video, or .clips, in the configuration, any container that ffmpeg reads
# OUTPUTS: results/clips/{subject}.json, results/frames/{subject}.avi .index.npy .json


rule probe_clip:
    """Read the properties of each clip with ffprobe, and the part to use; refuse what is not a video."""
    input:
        absent=absent(videos_of),
    output:
        facts=ensure("results/clips/{subject}.json", non_empty=True),
    log:
        "logs/probe_clip/{subject}.log",
    benchmark:
        "benchmarks/rules/probe_clip/{subject}.tsv"
    conda:
        "../envs/video.yaml"
    resources:
        runtime=probing_minutes,
    params:
        clips=as_given(videos_of),
        held=held_by(videos_of),
        parts=parts_of,
    script:
        "../workflow_scripts/probe_clip.py"


rule extract_frames:
    """Decode all clips once, at the working size and a constant frame rate; find the cuts."""
    input:
        absent=absent(videos_of),
        facts="results/clips/{subject}.json",
    output:
        frames=ensure("results/frames/{subject}.avi", non_empty=True),
        index=ensure("results/frames/{subject}.index.npy", non_empty=True),
        facts=ensure("results/frames/{subject}.json", non_empty=True),
    log:
        "logs/extract_frames/{subject}.log",
    benchmark:
        "benchmarks/rules/extract_frames/{subject}.tsv"
    conda:
        "../envs/video.yaml"
    params:
        clips=as_given(videos_of),
        held=held_by(videos_of),
        long_edge=config["frames"]["long_edge"],
    script:
        "../workflow_scripts/extract_frames.py"
