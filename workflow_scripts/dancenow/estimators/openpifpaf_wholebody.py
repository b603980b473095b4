"""OpenPifPaf's wholebody networks as an estimator: everyone in the picture, batched, on the GPU if there is one.

Kreiss, Bertoni, Alahi: OpenPifPaf (T-ITS 2021); its wholebody heads give the 133 keypoints in our order.
A checkpoint is a pickled network, and loading one runs its code: use files whose origin you trust.
"""

import hashlib
import itertools
import logging
import pickle
import urllib.request
from pathlib import Path
from shutil import copyfileobj

import numpy as np
import torch

from dancenow.errors import InputError
from dancenow.estimators.pifpaf_compat import import_openpifpaf
from dancenow.files import atomic_path
from dancenow.keypoints import BODY_NAMES, COUNT

log = logging.getLogger(__name__)

RELEASE = "https://github.com/DuncanZauss/openpifpaf_assets/releases/download/v0.1.0"
PUBLISHED = {
    "shufflenetv2k16-wholebody": f"{RELEASE}/sk16_wholebody.pkl",
    "shufflenetv2k30-wholebody": f"{RELEASE}/sk30_wholebody.pkl",
}
CONNECT_TIMEOUT_S = 10

# what the published networks were trained on: ImageNet's mean and deviation, sides of 16 n + 1 px, since
# the corners of their feature cells lie on pixels
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
STRIDE = 16

GPU_BATCH = 8


def sha256(path):
    """The file's SHA-256 as "sha256:..."."""
    with open(path, "rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def cached_path(name):
    """Where the published checkpoint `name` lies once it is there: torch's own cache folder."""
    return Path(torch.hub.get_dir()) / "checkpoints" / PUBLISHED[name].rsplit("/", 1)[-1]


def download(name):
    """Fetch the published checkpoint `name` into the cache; OSError if it cannot be had whole."""
    path, url = cached_path(name), PUBLISHED[name]
    log.info("downloading %s to %s", url, path.parent)
    with urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_S) as response, atomic_path(path) as partial:
        with open(partial, "wb") as file:
            copyfileobj(response, file)
        expected = response.headers.get("Content-Length")
        if expected is not None and partial.stat().st_size != int(expected):
            raise OSError(f"{partial.stat().st_size} of {expected} bytes came")
        try:
            load_network(partial)
        except InputError as error:
            raise OSError("what came is not a wholebody network") from error


def load_network(path):
    """The network in the checkpoint file `path`, on the CPU, ready to run.

    InputError: the file is missing, is no openpifpaf checkpoint, or its heads are not the 133 keypoints
    and their connections.
    """
    openpifpaf = import_openpifpaf()
    if not Path(path).is_file():
        raise InputError(f"{path}: no such checkpoint; correct pose.checkpoint in the configuration")
    remedy = f"use one of {', '.join(PUBLISHED)} or a file like them"
    try:
        network = torch.load(path, map_location="cpu", weights_only=False)["model"]
        openpifpaf.network.model_migration.model_migration(network)
        metas = network.head_metas
    except (pickle.UnpicklingError, EOFError, RuntimeError, LookupError, AttributeError, TypeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: not an openpifpaf checkpoint ({reason}); {remedy}") from error
    kinds = [type(meta) for meta in metas[:2]]
    names = list(metas[0].keypoints) if kinds == [openpifpaf.headmeta.Cif, openpifpaf.headmeta.Caf] else []
    if len(names) != COUNT or names[: len(BODY_NAMES)] != BODY_NAMES:
        heads = ", ".join(f"{meta.dataset}.{meta.name} ({meta.n_fields} fields)" for meta in metas)
        raise InputError(
            f"{path}: a network with the heads {heads}, not the {COUNT} wholebody keypoints; {remedy}"
        )
    return network.eval()


class OpenpifpafWholebody:
    """Everyone in each frame, at the frame's own size; confidences are openpifpaf's, 0..1.

    checkpoint: the file's hash. batch: frames per pass, all of one size.
    """

    name = "openpifpaf"

    def __init__(self, path, threads=1, batch=None):
        """Load the checkpoint file `path` (see load_network) onto the GPU, or onto `threads` CPU threads."""
        openpifpaf = import_openpifpaf()
        self.checkpoint = sha256(path)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.batch = batch or (GPU_BATCH if self.device.type == "cuda" else 1)
        torch.set_num_threads(threads)
        self._network = load_network(path).to(self.device)
        self._decoder = openpifpaf.decoder.CifCaf.factory(self._network.head_metas[:2])[0]
        log.info("openpifpaf on %s, %d frames at a time", self.device, self.batch)

    def detect(self, frames):
        """Yield (P, 133, 3) float32 for each (H, W, 3) uint8 RGB frame, in order."""
        frames = iter(frames)
        while chunk := list(itertools.islice(frames, self.batch)):
            batch = prepare(np.stack(chunk).astype(np.float32) / 255)
            for fields in self._decoder.fields_batch(self._network, batch, device=self.device):
                yield _keypoints(self._decoder(fields))


def prepare(images):
    """(N, H, W, 3) float32 RGB in 0..1 -> (N, 3, 16 n + 1, 16 m + 1) normalised tensor.

    Padding, with the mean colour, is only to the right and below: keypoints need no shift back.
    """
    normal = (images - np.float32(MEAN)) / np.float32(DEVIATION)
    height, width = images.shape[1:3]
    below, right = (-(side - 1) % STRIDE for side in (height, width))
    padded = np.pad(normal, ((0, 0), (0, below), (0, right), (0, 0)))
    return torch.from_numpy(np.ascontiguousarray(padded.transpose(0, 3, 1, 2)))


def _keypoints(annotations):
    """openpifpaf's annotations as (P, 133, 3) float32; a keypoint without confidence is (0, 0, 0)."""
    people = np.array([annotation.data for annotation in annotations], np.float32).reshape(-1, COUNT, 3)
    people[..., 2] = people[..., 2].clip(0, 1)
    people[people[..., 2] == 0] = 0
    return people
