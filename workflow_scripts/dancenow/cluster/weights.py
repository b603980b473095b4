"""List the published weights of a run, where they are, and where they came from."""

from pathlib import Path

from dancenow.files import write_text


def write_list(estimator: dict, perceptual: dict, lpips: dict, path: str | Path) -> list[str]:
    """Write a line on each decision to `path` and return the lines.

    estimator, perceptual, lpips: what choose of pose.estimators.choosing, choose of model.perceptual and
    choose_lpips of evaluation.lpips return.
    """
    rows = [
        ("poses", estimator["estimator"], estimator["checkpoint"], estimator),
        ("perceptual loss", perceptual["network"], perceptual["weights"], perceptual),
    ]
    if lpips["network"]:
        rows.append(("LPIPS", lpips["network"], lpips["weights"], lpips))
    lines = [
        f"{use}: {name}, {place}, sha256 {decision['sha256']} ({decision['reason']})"
        for use, name, place, decision in rows
    ]
    if not lpips["network"]:
        lines.append(f"LPIPS: none ({lpips['reason']})")
    write_text(path, "\n".join(lines) + "\n")
    return lines
