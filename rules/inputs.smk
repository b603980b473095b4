# Files of the user, and what rules take of a subject's or a pair's configuration. No rule.


def given_file(place, path):
    """`path`, which the user names at `place` in the configuration; says in one line that it cannot be opened.

    Where it is merely missing it is Snakemake who knows whether the run can do without, so nothing is raised;
    at a link that leads to itself Snakemake would break.
    """
    try:
        Path(path).stat()
    except FileNotFoundError:
        line = f"{path}: no such file; put it there or correct config: {place}".replace("\n", "\\n")
        if not os.path.isabs(path) and Path(workflow.basedir, path).exists():
            line += f", or add --directory '{workflow.basedir}', where it lies"
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
    """Of each video, the part that is used, as dancenow.video.selection.select takes it."""
    return [
        {key: clip[key] for key in ("start", "end", "fps", "crop") if key in clip}
        for clip in clips_of(wildcards.subject)
    ]


def keypoints_of(wildcards):
    """The keypoints that the user gives for a clip: a file or a folder."""
    name = wildcards.subject
    return given_file(f"subjects.{name}.poses", config["subjects"][name]["poses"])


def canvas_of(wildcards):
    """Facts of the frames that a pose lies in; those of a pair lie in the target's."""
    return f"results/frames/{wildcards.skeleton.split('_as_')[0]}.json"


def masks_found(wildcards):
    """What the estimator found beside the keypoints; keypoints of the user's come without."""
    imported = "poses" in config["subjects"][wildcards.subject]
    return [] if imported else f"results/masks/{wildcards.subject}.found.npz"


def performer_of(wildcards):
    """Which of the people in a clip is the performer."""
    return config["subjects"][wildcards.subject].get("performer", "largest")


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
    """The ground truth of a pair, where there is one."""
    pair = f"{wildcards.target}_as_{wildcards.source}"
    return truth_of(wildcards) if pair in config["evaluation"]["truth"] else []


def sound_of(wildcards):
    """The source's video file, whose sound a result gets."""
    return given_file(f"subjects.{wildcards.source}", clips_of(wildcards.source)[0]["video"])


def first_pair():
    """Target and source whose first clips stand for all when rates are measured."""
    if not config["transfers"]:
        raise WorkflowError("config: transfers: empty, so there is nothing to forecast; name one")
    return min(config["transfers"]).split("_as_")


def pair_videos(wildcards):
    """The first clip of each of them."""
    return [given_file(f"subjects.{name}", clips_of(name)[0]["video"]) for name in first_pair()]


def preset_sizes():
    """Of each preset its frame size and `train` section; the one in use as it is, the others as config.yaml has them."""
    sizes = {}
    for name, changes in config["presets"].items():
        merged = load_names(f"{workflow.basedir}/config.yaml")
        update_config(merged, changes)
        merged = config if name == config["preset"] else merged
        sizes[name] = {"long_edge": merged["frames"]["long_edge"], "train": merged["train"]}
    return sizes


# A file of the user that is there is no input. Snakemake would compare its date with the output's, notice
# no older clip in its place, and refuse what was made from a clip dated in the future. Of each function above that
# gives such files, three things are taken: absent for `input`; as_given and held_by for `params`.


def listed(given):
    """One path or a list of them as a list."""
    return [given] if isinstance(given, str) else given


def absent(function):
    """As input: those of the files that are missing, so that Snakemake knows what it cannot make."""
    return lambda wildcards: [path for path in listed(function(wildcards)) if not Path(path).exists()]


def as_given(function):
    """As param: the paths. It takes `input` so that Snakemake compares no paths: a file may lie elsewhere."""
    return lambda wildcards, input: function(wildcards)


def held_by(function, folder=False):
    """As param: hashes of what the files hold; folder: as of dancenow.planning.reruns.contents."""
    return lambda wildcards: [contents(path, folder) for path in listed(function(wildcards))]


def shows_background(wildcards):
    """As param: whether filmed pixels stand behind the synthesized figure."""
    generator = train_of(wildcards.variant)["generator"]
    return generator["background"] or generator["references"]


def consent_of(wildcards):
    """As param: what the manifest says of the consent of target and source."""
    people = {"target": wildcards.target, "source": wildcards.source}
    try:
        return {role: consent_record(config["subjects"][name], name) for role, name in people.items()}
    except InputError as error:
        raise WorkflowError(str(error)) from None


def code_of(script):
    """As param: a hash of what a rule's script and the library below it do."""
    return lambda wildcards: code_hash(f"{workflow.basedir}/workflow_scripts/{Path(script).name}")


def judged(wildcards):
    """What judge_video reads: a result as it is; a clip as it is written like a result, and where it came from."""
    name = wildcards.video
    if "_as_" in name:
        return {"video": f"results/{name}.mp4"}
    return {"video": f"results/authenticity/{name}.mp4", "frames": f"results/frames/{name}.json"}
