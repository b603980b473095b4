# What the command line asks for, where Snakemake would only say that no rule makes it. No rule here.

from snakemake.cli import get_argument_parser


def meant(asked):
    """What to say of something that no rule makes: a subject's name, its clip, a transfer half written; or None."""
    below = os.path.relpath(asked) if os.path.isabs(asked) else asked
    pair = re.fullmatch(rf"(?:results/)?({NAME}_as_{NAME})(?:\.mp4)?", below)
    if pair and asked != f"results/{pair[1]}.mp4":
        return f"ask for results/{pair[1]}.mp4"
    if os.path.isabs(asked) and below.startswith("results/"):
        return f"results are asked for from the working directory; ask for {below}"
    for name in config["subjects"]:
        example = f"ask for what it becomes: results/{name}_as_SOURCE.mp4, or results/reports/{name}.html"
        if asked == name:
            return f"is a subject; {example}"
        clips = [clip["video"] for clip in clips_of(name)]
        if as_on_disk(asked) in {*clips, *map(os.path.abspath, clips), *(Path(clip).name for clip in clips)}:
            return f"is a clip of {name}, which no rule makes; {example}"
    return None


# The targets are not known to a Snakefile by any other way than the command line. Half a second is spent on telling
# them from the values of options only where there is something to say.
for asked in sys.argv[1:]:
    if re.fullmatch(r"results/(.+/)?[^/]+_as_[^/]+", asked):
        check_pairs(f"{asked} (name it with its video in config.yaml)", [Path(asked).name.split(".")[0]])
    if not asked.startswith("-") and not workflow.is_rule(asked) and (told := meant(asked)):
        if asked in get_argument_parser().parse_known_args(sys.argv[1:])[0].targets:
            raise WorkflowError(f"{asked}: {told}")
