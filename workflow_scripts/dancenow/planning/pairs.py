"""The subjects of transfers. Also used by the Snakefile, which needs only Snakemake to be installed."""

from collections.abc import Iterable

from dancenow.errors import InputError


def names_of(pairs: Iterable[str]) -> list[str]:
    """The subjects that take part in pairs ("{target}_as_{source}"), sorted."""
    return sorted({name for pair in pairs for name in pair.split("_as_")})


def targets_of(pairs: Iterable[str]) -> list[str]:
    """The targets of pairs, sorted."""
    return sorted({pair.split("_as_")[0] for pair in pairs})


def check_split(train: list[str], heldout: list[str]) -> None:
    """InputError if somebody is in both lists of pairs, train and heldout."""
    shared = sorted(set(names_of(train)) & set(names_of(heldout)))
    if shared:
        raise InputError(
            f"authenticity.heldout: {', '.join(shared)} is also in authenticity.train; nobody may be in "
            "both, as target or as source, because the detector is tested on people it did not learn from; "
            "name a pair of two other subjects, or leave heldout empty"
        )
