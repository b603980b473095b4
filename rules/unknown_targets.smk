# What the command line asks for, where Snakemake would only say that no rule makes it. No rule here.

from snakemake.cli import get_argument_parser

# who is seen in each clip, by the clip's path, from anywhere, and by its bare name
CLIPS = {
    spelling: name
    for name in config["subjects"]
    for path in (clip["video"] for clip in clips_of(name))
    for spelling in (path, os.path.abspath(path), Path(path).name)
}


def meant(asked):
    """What to say of something that no rule makes; a subject's name, its clip, a transfer half written; or None."""
    below = os.path.relpath(asked) if os.path.isabs(asked) else asked
    pair = re.fullmatch(rf"(?:results/)?({NAME}_as_{NAME})(?:\.(?:mp4|mov|mkv|avi|webm|gif))?", below)
    if pair and asked != f"results/{pair[1]}.mp4":
        return f"ask for results/{pair[1]}.mp4"
    if os.path.isabs(asked) and below.startswith("results/"):
        return f"results are asked for from the working directory; ask for {below}"
    name = re.sub(r"^results/|\.mp4$", "", below)
    # a result may be a clip in its turn
    owner = None if below.startswith("results/") else CLIPS.get(as_on_disk(asked))
    example = f"ask for what it becomes: results/{owner or name}_as_SOURCE.mp4, or results/reports/{owner or name}.html"
    if owner:
        return f"is a clip of {owner}, which no rule makes; {example}"
    if name in config["subjects"]:
        return f"is a subject; {example}"
    hint = os.sep not in asked and did_you_mean(asked.lower(), config["subjects"])
    return f"is no rule and no subject{hint}" if hint else None


# The targets are not known to a Snakefile by any other way than the command line. Half a second is spent on telling
# them from the values of options only where there is something to say.
for asked in sys.argv[1:]:
    if re.fullmatch(r"results/(.+/)?[^/]+_as_[^/]+", asked):
        check_pairs(f"{asked} (name it with its video in config.yaml)", [Path(asked).name.split(".")[0]])
    if not asked.startswith("-") and not workflow.is_rule(asked) and (told := meant(asked)):
        if asked in get_argument_parser().parse_known_args(sys.argv[1:])[0].targets:
            raise WorkflowError(f"{asked}: {told}")
