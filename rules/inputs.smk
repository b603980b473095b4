# The user's files, and input functions of subjects and pairs. No rule.

from urllib.parse import unquote


def found_elsewhere(path):
    """A hint for a message: a file of the same name, nearby or in data/, but for case, folder, suffix, quotes, or the
    backslashes that a shell asks for.
    """
    bare = path.strip("\"'“”„‘’ ")
    names = {re.split(r"[\\/]", bare)[-1].casefold(), Path(bare.replace("\\", "")).name.casefold()}
    near = [file for folder in (Path(path).parent, Path("data")) for file in sorted(folder.glob("*"))]
    same = [
        str(file) for file in near if names & {file.name.casefold(), file.stem.casefold()} and file.is_file()
    ]
    return f"; did you mean {same[0]!r}?" if same else ""


def given_file(place, path):
    """`path`, which the user gives at `place` in the configuration; reports in one line if it cannot be opened.

    If it is only missing, nothing is raised, because Snakemake decides whether the run needs it;
    on a link to itself Snakemake would break.
    """
    try:
        Path(path).stat()
    except FileNotFoundError:
        line = f"{path}: no such file; put it there or correct config: {place}".replace("\n", "\\n")
        if path.startswith("file://"):
            line = f"{path}: an address; write the path alone, {unquote(path[7:])!r}, in config: {place}"
        elif "://" in path:
            line = f"{path}: an address; download the file, and name it in config: {place}"
        elif drive := re.match(r"([A-Za-z]):[\\/]", path):
            local = os.path.join(os.sep, "mnt", drive[1].lower(), *re.split(r"[\\/]", path[3:]))
            line = f"{path}: a path of Windows, under WSL {local!r}; write that in config: {place}"
        elif not os.path.isabs(path) and Path(workflow.basedir, path).exists():
            line += f", or add --directory '{workflow.basedir}', where it exists"
        elif re.match(r"\$[A-Z]|%[A-Z]+%", path):
            line += "; names of the shell are not replaced there: write the path, or ~/ for the home folder"
        else:
            line += found_elsewhere(path)
        if re.search(r"[\0-\x1f]", path):
            line += r"; in double quotes \ begins a special character: write / or use 'single quotes'"
        if line not in MISSING:
            MISSING.add(line)
            logger.error(f"error: {line}")
    except OSError as error:
        raise WorkflowError(f"{path}: {error.strerror}; correct config: {place}") from None
    return path


def videos_of(wildcards):
    """The video files of the subject."""
    place = f"subjects.{wildcards.subject}"
    return [given_file(place, clip["video"]) for clip in clips_of(wildcards.subject)]


def parts_of(wildcards):
    """The part to use of each video, as dancenow.video.selection.select takes it."""
    return [
        {key: clip[key] for key in ("start", "end", "fps", "crop") if key in clip}
        for clip in clips_of(wildcards.subject)
    ]


def keypoints_of(wildcards):
    """The user's keypoints for a clip: a file or a folder."""
    name = wildcards.subject
    return given_file(f"subjects.{name}.poses", config["subjects"][name]["poses"])


def canvas_of(wildcards):
    """The facts file of the frames that a pose belongs to; for a pair, the target's."""
    return f"results/frames/{wildcards.skeleton.split('_as_')[0]}.json"


def masks_found(wildcards):
    """The estimator's masks; the user's own keypoints come without masks."""
    imported = "poses" in config["subjects"][wildcards.subject]
    return [] if imported else f"results/masks/{wildcards.subject}.found.npz"


def tracking_of(name):
    """The settings with which rule track_performer follows a subject."""
    settings = {key: config["pose"][key] for key in ("max_gap", "smoothing", "window")}
    return settings | {"performer": config["subjects"][name].get("performer", "largest")}


def subject_tracking(wildcards):
    """tracking_of the subject."""
    return tracking_of(wildcards.subject)


def pair_tracking(wildcards):
    """tracking_of target and source."""
    return [tracking_of(wildcards.target), tracking_of(wildcards.source)]


def truth_of(wildcards):
    """The ground truth of a pair; most pairs have none."""
    check_steady("the evaluation against a ground truth")
    pair = f"{wildcards.target}_as_{wildcards.source}"
    if pair not in config["evaluation"]["truth"]:
        raise WorkflowError(
            f"config: evaluation.truth: no footage is named for {pair}; a transfer without one cannot be scored"
        )
    return given_file(f"evaluation.truth.{pair}", config["evaluation"]["truth"][pair])


def any_truth_of(wildcards):
    """The ground truth of a pair, or []."""
    pair = f"{wildcards.target}_as_{wildcards.source}"
    return truth_of(wildcards) if pair in config["evaluation"]["truth"] else []


def sound_of(wildcards):
    """The source's video file, whose sound the result gets."""
    return given_file(f"subjects.{wildcards.source}", clips_of(wildcards.source)[0]["video"])


def batch_videos(wildcards):
    """The videos of the batch."""
    if not (pairs := batch_pairs()):
        raise WorkflowError(
            "config: batch: no target with another source; name some, or give the file that does: --configfile"
        )
    return [f"results/{pair}.mp4" for pair in pairs]


def first_pair():
    """Target and source whose first clips stand for all when rates are measured."""
    if not config["transfers"]:
        raise WorkflowError("config: transfers: empty, so there is nothing to forecast; name one")
    return min(config["transfers"]).split("_as_")


def pair_videos(wildcards):
    """The first clip of each of them."""
    return [given_file(f"subjects.{name}", clips_of(name)[0]["video"]) for name in first_pair()]


def preset_sizes(wildcards):
    """As param: frame size and `train` section of each preset; of the preset in use with the user's values, of others without."""
    sizes = {}
    for name, changes in config["presets"].items():
        merged = read_config(f"{workflow.basedir}/config.yaml")
        lay_over(merged, changes)
        check_config(merged, f"presets.{name}: ")
        merged = config if name == config["preset"] else merged
        sizes[name] = {"long_edge": merged["frames"]["long_edge"], "train": merged["train"]}
    return sizes


# An existing file of the user is not a Snakemake input: Snakemake would compare its date with the output's, not notice
# an older clip in its place, and refuse results of a clip dated in the future. Each function above that returns such
# files is used in three ways: absent for `input`; as_given and held_by for `params`.


def listed(given):
    """One path or a list of them as a list."""
    return [given] if isinstance(given, str) else given


def absent(function):
    """As input: the missing files only, so that Snakemake knows what it cannot make."""
    return lambda wildcards: [path for path in listed(function(wildcards)) if not Path(path).exists()]


def as_given(function):
    """As param: the paths. It takes `input` so that Snakemake does not compare paths: a file may move."""
    return lambda wildcards, input: function(wildcards)


def held_by(function, folder=False):
    """As param: hashes of what the files held when this run began, which their jobs compare with what they find.

    folder: as in dancenow.planning.reruns.contents.
    """
    return lambda wildcards: [held_at_start(path, folder) for path in listed(function(wildcards))]


def held_at_start(path, folder):
    """contents of a user's file when this run first found it, which may be late for a result that is a clip in its turn."""
    if path not in HELD and (found := contents(path, folder)):
        HELD[path] = found
    return HELD.get(path)


def shows_background(wildcards):
    """As param: whether the result contains filmed pixels."""
    generator = train_of(wildcards.variant)["generator"]
    return generator["background"] or generator["references"]


def consent_of(wildcards):
    """As param: the manifest's statement about the consent of target and source."""
    people = {"target": wildcards.target, "source": wildcards.source}
    try:
        return {role: consent_record(config["subjects"][name], name) for role, name in people.items()}
    except InputError as error:
        raise WorkflowError(str(error)) from None


def code_of(script):
    """As param: a hash of the code of a rule's script and of the library it uses."""
    return lambda wildcards: code_hash(f"{workflow.basedir}/workflow_scripts/{Path(script).name}")


def judged(wildcards):
    """The inputs of judge_video: a result as it is, or a clip encoded like a result with its original."""
    name = wildcards.video
    if "_as_" in name:
        return {"video": f"results/{name}.mp4"}
    return {"video": f"results/authenticity/{name}.mp4", "frames": f"results/frames/{name}.json"}
