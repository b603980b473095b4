"""Which pose estimator a run uses, and with which weights: decided once, and then opened as decided."""

import http.client
import logging
import shutil
import urllib.request
from pathlib import Path

from dancenow.errors import InputError
from dancenow.files import atomic_path, sha256
from dancenow.pose.estimators.estimator import Estimator
from dancenow.torch_cache import in_cache

log = logging.getLogger(__name__)

NAMES = ("auto", "openpifpaf", "mediapipe")

# openpifpaf's published networks for the 133 keypoints; nobody publishes their hashes
PUBLISHED = {
    f"shufflenetv2k{depth}-wholebody": (
        f"https://github.com/DuncanZauss/openpifpaf_assets/releases/download/v0.1.0/sk{depth}_wholebody.pkl"
    )
    for depth in (16, 30)
}
DOWNLOAD_TIMEOUT_S = 10
DECIDE_AGAIN = "delete results/poses/estimator.json to decide again"


def choose(estimator: str, checkpoint: str) -> dict[str, str]:
    """Decide on the estimator, once per run.

    estimator: "auto" takes openpifpaf when its checkpoint is a file, is in torch's cache or can be
    downloaded now, else mediapipe; the other two names are enforced. checkpoint: for openpifpaf, a published
    name (a key of PUBLISHED) or the path of a file. Returns {"estimator", "checkpoint": file path or
    "embedded", "sha256", "reason": one line}. InputError: an unknown name, a file that does not exist,
    openpifpaf required but its checkpoint not available.
    """
    if estimator not in NAMES:
        raise InputError(f"pose.estimator: {estimator!r} is unknown; choose one of: {', '.join(NAMES)}")
    if estimator == "mediapipe":
        return _mediapipe_decision("asked for in the configuration")
    try:
        path, origin = find_checkpoint(checkpoint)
    except OSError as error:
        url = PUBLISHED[checkpoint]
        cached = in_cache(Path(url).name)
        missing = (
            f"openpifpaf is not used: {cached.name} is not in {cached.parent} and could not be "
            f"downloaded ({error}); to use it, put {url} into that folder (TORCH_HOME names another) or "
            "give the path of a copy as pose.checkpoint"
        )
        if estimator == "openpifpaf":
            raise InputError(f"{missing}, or set pose.estimator to mediapipe") from error
        return _mediapipe_decision(f"{missing}, and {DECIDE_AGAIN}")
    return {"estimator": "openpifpaf", "checkpoint": str(path), "sha256": sha256(path), "reason": origin}


def find_checkpoint(checkpoint: str) -> tuple[Path, str]:
    """(path, one line on where it came from) of an openpifpaf checkpoint, downloaded if need be.

    OSError: a published checkpoint that is neither cached nor downloadable. InputError: no such name
    and no such file.
    """
    if checkpoint in PUBLISHED:
        url, origin = PUBLISHED[checkpoint], f"{checkpoint} is in torch's cache"
        path = in_cache(Path(url).name)  # where openpifpaf looks as well
        if not path.is_file():
            download(url, path)
            origin = f"{checkpoint} was downloaded from {url}"
        return path, f"{origin}; not verified, no SHA-256 of it is published: {sha256(path)}"
    if not Path(checkpoint).is_file():
        names = ", ".join(PUBLISHED)
        raise InputError(f"pose.checkpoint: {checkpoint!r} is not a file; give a path or one of: {names}")
    return Path(checkpoint), "the checkpoint file named in the configuration"


def download(url: str, path: Path) -> None:
    """Fetch `url` to `path`, whole or not at all; OSError when that fails."""
    log.info("downloading %s", url)
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as reply, atomic_path(path) as partial:
            if url.startswith("https:") and not reply.url.startswith("https:"):
                raise OSError(f"it leads to {reply.url}, which is not https")
            with open(partial, "wb") as file:
                shutil.copyfileobj(reply, file)
            # a broken connection looks like the end of the file
            size, announced = partial.stat().st_size, reply.headers.get("Content-Length")
            if announced and size != int(announced):
                raise OSError(f"only {size} of {announced} bytes arrived")
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def open_estimator(decision: dict[str, str], threads: int) -> Estimator:
    """The Estimator that a decision of `choose` names, on `threads` CPU threads or the GPU.

    Never falls back: InputError if the checkpoint is gone, is not the one decided on (SHA-256), or does
    not hold a network for the 133 keypoints.
    """
    # each library takes seconds to import, and a run needs only one of them
    if decision["estimator"] == "openpifpaf":
        from dancenow.pose.estimators.openpifpaf_wholebody import OpenpifpafWholebody

        return OpenpifpafWholebody(decision["checkpoint"], decision["sha256"], threads)
    from dancenow.pose.estimators.mediapipe_holistic import MediapipeHolistic

    opened = MediapipeHolistic()
    if opened.checkpoint != f"sha256:{decision['sha256']}":
        raise InputError(f"the installed mediapipe is not the one that was decided on; {DECIDE_AGAIN}")
    return opened


def _mediapipe_decision(reason: str) -> dict[str, str]:
    from dancenow.pose.estimators.mediapipe_holistic import model_hash

    digest = model_hash().removeprefix("sha256:")
    return {"estimator": "mediapipe", "checkpoint": "embedded", "sha256": digest, "reason": reason}
