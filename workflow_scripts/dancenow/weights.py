"""Which published weights a run uses, where they lie, and how they came there, said in one file."""

from dancenow.files import atomic_path


def write_list(estimator, perceptual, path):
    """Write a line on each decision to `path` and return the lines.

    estimator: what estimators.choose returns; perceptual: what perceptual.choose returns.
    """
    told = (
        ("poses", estimator["estimator"], estimator["checkpoint"], estimator),
        ("perceptual loss", perceptual["network"], perceptual["weights"], perceptual),
    )
    lines = [
        f"{use}: {name}, {place}, sha256 {decision['sha256']} ({decision['reason']})"
        for use, name, place, decision in told
    ]
    with atomic_path(path) as partial:
        partial.write_text("\n".join(lines) + "\n")
    return lines
