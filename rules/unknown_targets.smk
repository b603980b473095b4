# Clear messages for targets on the command line that no rule makes. No rule here.

from itertools import permutations, product

from snakemake.cli import get_argument_parser

# the subject of each clip, by the clip's path, its absolute path, and its bare name
CLIPS = {
    spelling: name
    for name in config["subjects"]
    for path in (clip["video"] for clip in clips_of(name))
    for spelling in (path, os.path.abspath(path), Path(path).name)
}
# a user's own rules may follow, below this file's include or in a Snakefile that includes the workflow's
ALL_KNOWN = (
    Path(workflow.main_snakefile)
    .read_text(encoding="utf-8")
    .rstrip()
    .endswith('include: "rules/unknown_targets.smk"')
)
# what these name exists, and is looked at no further
TAKES_A_PATH = (
    *("-s", "--snakefile", "-d", "--directory", "--configfile", "--configfiles", "--profile"),
    "--workflow-profile",
)


def examples(asked, rules=workflow.rules):
    """Rules, and files that rules make, as somebody who asks for `asked` may mean them."""
    names = sorted(config["subjects"], key=lambda name: name not in asked)
    names = names[: max(2, sum(name in asked for name in names))]
    of = dict.fromkeys(("subject", "target", "source"), names) | dict.fromkeys(("variant", "placing"), [""])
    of["video"] = ["_as_".join(pair) for pair in permutations(names, 2)]
    for each in rules:
        yield each.name
        for pattern in map(str, each.products()):
            wildcards = re.findall(r"\{(\w+)", pattern)
            for values in product(*(of.get(wildcard, []) for wildcard in wildcards)):
                chosen = dict(zip(wildcards, values))
                if chosen.get("target", "") != chosen.get("source"):
                    yield re.sub(r"\{[^{}]*\}", "{}", pattern).format(*values)


def unmakeable(asked):
    """The message for what no rule makes, or None."""
    if not ALL_KNOWN:
        return None
    if any(each.is_producer(asked) for each in workflow.rules):
        return None
    if os.path.isfile(asked) and not asked.startswith("results/"):
        if Path(asked).suffix in (".yaml", ".yml", ".json"):
            return f"is no result; as a configuration, write --configfile '{asked}', after the files"
        return "is no result; if it is a clip, add it to subjects in config.yaml, and ask for results/NAME_as_SOURCE.mp4"
    key, equals, _ = asked.partition("=")
    if equals and key in config:
        return f"is a setting; write --config '{asked}', after the files"
    close = get_close_matches(asked.lower(), sorted(set(examples(asked.lower()))), n=1, cutoff=0.75)
    hint = (
        f"did you mean {close[0]!r}?"
        if close
        else f"{workflow.main_snakefile} begins with a list of all files"
    )
    return f"is no rule and no file that a rule makes; {hint}"


def meant(asked):
    """The message for an impossible target, such as a subject, its clip or an incomplete transfer; or None."""
    if workflow.is_rule(asked):
        _, *files = examples(asked, [workflow.get_rule(asked)])
        of_many = workflow.get_rule(asked).has_wildcards() and files
        return f"makes many files; ask for one, such as {files[0]}" if of_many else None
    below = os.path.relpath(asked) if os.path.isabs(asked) else os.path.normpath(asked)
    joined = re.sub("[ -]as[ -]", "_as_", below)
    pair = re.fullmatch(rf"(?:results/)?({NAME}_as_{NAME})(?i:\.(?:mp4|mov|mkv|avi|webm|gif))?", joined)
    if pair and below != f"results/{pair[1]}.mp4":
        return f"ask for results/{pair[1]}.mp4"
    if os.path.isabs(asked) and below.startswith("results/"):
        return f"name results by their path from the working directory; ask for {below}"
    if below != (plain := re.sub(r"\.seed0+(?=\d)", ".seed", below)):
        return f"the number of a seed begins with no 0; ask for {plain}"
    name = re.sub(r"^results/|\.mp4$", "", below)
    # a result may itself be a clip
    owner = None if below.startswith("results/") else CLIPS.get(as_on_disk(asked))
    example = f"ask for a result, such as results/{owner or name}_as_SOURCE.mp4 or results/reports/{owner or name}.html"
    if owner:
        return f"is a clip of {owner}, which no rule makes; {example}"
    if name in config["subjects"]:
        return f"is a subject; {example}"
    hint = os.sep not in asked and did_you_mean(asked.lower(), config["subjects"])
    return f"is no rule and no subject{hint}" if hint else unmakeable(below)


def words():
    """What may be a target on the command line: no option, number of cores, setting after --config, or given file."""
    option = ""
    for word in sys.argv[1:]:
        option = word if word.startswith("-") else option
        given = option in TAKES_A_PATH and os.path.exists(word)
        if option not in ("-C", "--config", word) and not given and not re.fullmatch(r"\d+|all", word):
            yield word


# A Snakefile knows the targets only from the command line. Parsing it takes half a second, to distinguish targets
# from values of options, so this is done only if there is a message, and not by every job.
for asked in words() if workflow.is_main_process else ():
    if re.fullmatch(r"results/(.+/)?[^/]+_as_[^/]+", asked):
        check_pairs(asked, [Path(asked).name.split(".")[0]])
    if meaning := meant(asked):
        if asked in get_argument_parser().parse_known_args(sys.argv[1:])[0].targets:
            raise WorkflowError(f"{asked}: {meaning}")
