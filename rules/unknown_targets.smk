# Clear messages for targets on the command line that no rule makes. No rule here.

from snakemake.cli import get_argument_parser

# the subject of each clip, by the clip's path, its absolute path, and its bare name
CLIPS = {
    spelling: name
    for name in config["subjects"]
    for path in (clip["video"] for clip in clips_of(name))
    for spelling in (path, os.path.abspath(path), Path(path).name)
}


def meant(asked):
    """The message for an impossible target, such as a subject, its clip or an incomplete transfer; or None."""
    below = os.path.relpath(asked) if os.path.isabs(asked) else asked
    pair = re.fullmatch(rf"(?:results/)?({NAME}_as_{NAME})(?:\.(?:mp4|mov|mkv|avi|webm|gif))?", below)
    if pair and asked != f"results/{pair[1]}.mp4":
        return f"ask for results/{pair[1]}.mp4"
    if os.path.isabs(asked) and below.startswith("results/"):
        return f"name results by their path from the working directory; ask for {below}"
    name = re.sub(r"^results/|\.mp4$", "", below)
    # a result may itself be a clip
    owner = None if below.startswith("results/") else CLIPS.get(as_on_disk(asked))
    example = f"ask for a result, such as results/{owner or name}_as_SOURCE.mp4 or results/reports/{owner or name}.html"
    if owner:
        return f"is a clip of {owner}, which no rule makes; {example}"
    if name in config["subjects"]:
        return f"is a subject; {example}"
    hint = os.sep not in asked and did_you_mean(asked.lower(), config["subjects"])
    return f"is no rule and no subject{hint}" if hint else None


# A Snakefile knows the targets only from the command line. Parsing it takes half a second, to distinguish targets
# from values of options, so this is done only if there is a message.
for asked in sys.argv[1:]:
    if re.fullmatch(r"results/(.+/)?[^/]+_as_[^/]+", asked):
        check_pairs(asked, [Path(asked).name.split(".")[0]])
    if not asked.startswith("-") and not workflow.is_rule(asked) and (meaning := meant(asked)):
        if asked in get_argument_parser().parse_known_args(sys.argv[1:])[0].targets:
            raise WorkflowError(f"{asked}: {meaning}")
