"""Who takes part in transfers. For the Snakefile too, which is read where only Snakemake is installed."""

from collections.abc import Iterable

from dancenow.errors import InputError


def names_of(pairs: Iterable[str]) -> list[str]:
    """The subjects that take part in pairs ("{target}_as_{source}"), sorted."""
    return sorted({name for pair in pairs for name in pair.split("_as_")})


def targets_of(pairs: Iterable[str]) -> list[str]:
    """The targets of pairs, sorted."""
    return sorted({pair.split("_as_")[0] for pair in pairs})


def check_split(train: list[str], heldout: list[str]) -> None:
    """InputError when someone is both learned from and tested on. train, heldout: lists of pairs."""
    shared = sorted(set(names_of(train)) & set(names_of(heldout)))
    if shared:
        raise InputError(
            f"authenticity.heldout: {', '.join(shared)} is in authenticity.train as well, and nobody may be "
            "both learned from and tested on, as target or as source; add a pair of two other subjects, or "
            "leave heldout empty"
        )
