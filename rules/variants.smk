# The settings of each variant of the training. Functions only.
#
# {variant} follows the names in a path: "" is the run as in config.yaml, ".fbf" the entry `fbf` of
# `variants` as an overlay, ".seed1" or ".fbf.seed1" the same with another seed. {placing} is ".unnormalized"
# if the source's skeleton is used as it is.

from copy import deepcopy
from dataclasses import asdict
from functools import lru_cache

from dancenow.training.settings import EnhancerSettings, FaceSettings, FirstSettings

OURS = "ours"


def split_variant(variant):
    """Name and seed in a {variant}, each None if absent."""
    parts = variant.split(".")[1:]
    seed = parts.pop().removeprefix("seed") if parts and parts[-1].startswith("seed") else None
    return (parts[0] if parts else None), (int(seed) if seed else None)


def bare(name):
    """The {variant} of a name with the seed of config.yaml; OURS is the run itself."""
    return "" if name == OURS else f".{name}"


@lru_cache(maxsize=None)
def train_of(variant):
    """`train` of a variant: config.yaml's keys, overlaid by its base's, then its own, then the seed."""
    name, seed = split_variant(variant)
    train = deepcopy(config["train"])
    if name:
        overlay = config["variants"][name]
        if "base" in overlay:
            train = deepcopy(train_of(bare(overlay["base"])))
        lay_over(train, overlay.get("train", {}))
    if seed is not None:
        train["seed"] = seed
    return train


def check_variants():
    """Each variant must be a training that the schema accepts; one with a base shares the base's generator."""
    for name, overlay in config["variants"].items():
        base = overlay.get("base")
        if base not in (None, OURS) and "base" in config["variants"].get(base, {"base": None}):
            raise WorkflowError(f"config: variants.{name}.base: {base!r} is not a variant without a base")
        if base is not None and overlay.get("train", {}).keys() - {"face"}:
            raise WorkflowError(
                f"config: variants.{name}.train: the generator is that of {base}, so only `face` can differ"
            )
        check_config(config | {"train": train_of(f".{name}")}, f"variants.{name}: ")
        check_stages(train_of(f".{name}"), f"variants.{name}.")
        if train_of(f".{name}")["holdout"] != config["train"]["holdout"]:
            raise WorkflowError(
                f"config: variants.{name}.train.holdout: must equal train.holdout, to be comparable"
            )
    for name in config["comparison"]["variants"]:
        if name not in config["variants"]:
            known = ", ".join(config["variants"])
            hint = did_you_mean(name, config["variants"])
            raise WorkflowError(f"config: comparison.variants: {name!r} is not one of: {known}{hint}")


check_variants()

# as common.smk does for the names of subjects
for wanted in sys.argv[1:]:
    asked = re.fullmatch(
        rf"results/[^/.]+_as_[^/.]+\.(?!seed\d+\.|unnormalized\.)([^/.]+)\..*mp4", f"{wanted}"
    )
    if asked and asked[1] not in config["variants"]:
        hint = did_you_mean(asked[1], config["variants"])
        raise WorkflowError(f"{wanted}: {asked[1]!r} is not one of the variants in config.yaml{hint}")

# a number has one spelling, or one training would be made under two names
NUMBER = r"(0|[1-9]\d*)"
VARIANT = rf"(\.({'|'.join(config['variants']) or '(?!)'}))?(\.seed{NUMBER})?"


wildcard_constraints:
    variant=VARIANT,
    placing=r"(\.unnormalized)?",


def training_settings(wildcards):
    """The settings of train_generator that determine the weights; a plain dict, so that Snakemake can compare it."""
    return asdict(FirstSettings.of(train_of(wildcards.variant), wildcards.target))


def init_from_of(wildcards):
    """The first-stage generator of the subject that the target starts from, of the same variant."""
    init_from = training_settings(wildcards)["init_from"]
    return f"results/models/{init_from}{wildcards.variant}/generator.safetensors" if init_from else []


def enhancer_settings(wildcards):
    """The settings of train_enhancer."""
    return asdict(EnhancerSettings.of(train_of(wildcards.variant)))


def face_settings(wildcards):
    """The settings of train_face."""
    return asdict(FaceSettings.of(train_of(wildcards.variant)))


def footage_of(wildcards):
    """Frames and pose of the first stage: at half the size if an enhancer follows."""
    target = wildcards.target
    if train_of(wildcards.variant)["enhancer"]:
        return {"frames": f"results/frames/{target}.half.avi", "pose": f"results/poses/{target}.half.npz"}
    return {"frames": f"results/frames/{target}.avi", "pose": f"results/poses/{target}.steady.npz"}


def background_of(wildcards):
    """The background, if the variant's generator composites over one."""
    wanted = train_of(wildcards.variant)["generator"]["background"]
    return f"results/backgrounds/{wildcards.target}.png" if wanted else []


def uses_references(wildcards):
    """Whether the variant's generator sees references."""
    return train_of(wildcards.variant)["generator"]["references"]


def references_of(wildcards):
    """The target's references, if the variant's generator sees them."""
    return f"results/references/{wildcards.target}.npz" if uses_references(wildcards) else []


def masks_of(wildcards):
    """The target's masks, if the variant's generator learns from them."""
    return f"results/masks/{wildcards.target}.npz" if uses_references(wildcards) else []


def chosen_of(wildcards):
    """The references chosen for a pair, if the variant's generator sees them."""
    pair = f"{wildcards.target}_as_{wildcards.source}{wildcards.placing}"
    return f"results/references/{pair}.npz" if uses_references(wildcards) else []


def generator_of(wildcards):
    """The finished generator: the enhancer's if there is one; the base's if the variant has a base."""
    variant = wildcards.variant
    stage = "enhancer/" if train_of(variant)["enhancer"] else ""
    name, _ = split_variant(variant)
    base = config["variants"].get(name, {}).get("base")
    if base:
        variant = variant.replace(f".{name}", bare(base), 1)
    return f"results/models/{wildcards.target}{variant}/{stage}generator.safetensors"


def face_of(wildcards):
    """The face generator, if the variant has one."""
    wanted = train_of(wildcards.variant)["face"]
    return (
        f"results/models/{wildcards.target}{wildcards.variant}/face/generator.safetensors" if wanted else []
    )


# the keys of `provenance` that change the frames; the others concern the signature and make no frame again
FINISHING = {key: config["provenance"][key] for key in ("mark", "label", "label_position", "label_size")}
