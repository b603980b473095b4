"""The face: a square around the nose, and the generator of a residual for the synthesized picture there."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from dancenow.errors import InputError
from dancenow.keypoints import INDEX, MIN_CONFIDENCE, sides_of
from dancenow.model.checkpoint import load_weights, read_network, refused
from dancenow.model.networks import IMAGE_CHANNELS, Generator

EARS = sides_of("ear")


def face_corners(keypoints: np.ndarray, size: int, window: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The face's square in each frame, and whether a face is visible.

    keypoints: (T, 133, 3) px; size: of the square, px; window: (x, y, w, h) px, no edge shorter than size.
    The square is centred on the nose, or else between the visible ears, and moved inside the
    window. Returns corners (T, 2) int, x and y from the window's corner, and visible (T,) bool: a nose or an
    ear is visible inside the window. If not, the corner is valid for cutting but has no meaning.
    """
    x, y, *extent = window
    seen = keypoints[..., 2] >= MIN_CONFIDENCE
    ears = seen[:, EARS, None]
    between = (keypoints[:, EARS, :2] * ears).sum(axis=1) / np.maximum(1, ears.sum(axis=1))
    nose = INDEX["nose"]
    centre = np.where(seen[:, nose, None], keypoints[:, nose, :2], between) - (x, y)
    inside = ((centre >= 0) & (centre < extent)).all(axis=1)
    corners = np.clip(np.rint(centre - size / 2), 0, np.array(extent) - size).astype(int)
    return corners, (seen[:, nose] | ears.any(axis=(1, 2))) & inside


def cut_faces(images: torch.Tensor, corners: torch.Tensor | np.ndarray, size: int) -> torch.Tensor:
    """Cut one square out of each image (N, C, H, W): (N, C, size, size). corners: (N, 2) int x, y."""
    places = zip(images, corners.tolist(), strict=True)
    return torch.stack([image[:, y : y + size, x : x + size] for image, (x, y) in places])


def paste_faces(
    images: torch.Tensor,
    faces: torch.Tensor,
    corners: torch.Tensor | np.ndarray,
    visible: torch.Tensor | np.ndarray,
) -> torch.Tensor:
    """A copy of images (N, 3, H, W) with faces (N, 3, s, s) in their squares where visible (N,) is true."""
    images, size = images.clone(), faces.shape[-1]
    for sample, ((x, y), shown) in enumerate(zip(corners.tolist(), visible.tolist(), strict=True)):
        if shown:
            images[sample, :, y : y + size, x : x + size] = faces[sample]
    return images


class FaceSynthesizer:
    """Adds a face generator's residual to the faces of a synthesized picture, but not to real pixels.

    generator: a Generator that sees the squares of skeleton and synthesized face; size: of its
    squares, px.
    """

    def __init__(self, generator: Generator, size: int) -> None:
        self.generator, self.size = generator, size

    def synthesize(
        self,
        skeletons: torch.Tensor,
        images: torch.Tensor,
        corners: torch.Tensor | np.ndarray,
        visible: torch.Tensor | np.ndarray,
        share: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """A copy of images (N, 3, H, W) in [-1, 1] with every visible face corrected, clamped to [-1, 1].

        skeletons: (N, 3, H, W) in [0, 1]; corners, visible: (N, 2) and (N,) arrays, as from face_corners;
        share: (N, 1, H, W) in [0, 1], as from `synthesized_share`, or None for 1.
        """
        if not visible.any():
            return images
        synthesized = cut_faces(images, corners, self.size)
        residual, _ = self.generator(cut_faces(skeletons, corners, self.size), synthesized)
        if share is not None:
            residual = residual * cut_faces(share, corners, self.size)
        return paste_faces(images, (synthesized + residual).clamp(-1, 1), corners, visible)


def synthesized_share(alpha: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """How much of a picture a generator with references has synthesized: (N, 1, H, W) in [0, 1].

    alpha: of its Foreground; reference: (N, 4, H, W), what it was shown. A piece of the target's own face is
    right as it is: corrected as well, faces of short clips lost their eyes (docs/lab/results.md).
    """
    return alpha * (1 - reference[:, IMAGE_CHANNELS:])


def load_face(path: str | Path, device: torch.device) -> FaceSynthesizer:
    """The FaceSynthesizer of a face generator's file, on the device; InputError when the file is not one."""
    tensors, description = read_network(path, "face generator")
    if "face" not in description:
        raise InputError(f"{path}: holds no face generator; make it with rule train_face")
    try:
        generator, size = Generator(**description["network"]), description["face"]["size"]
    except (ValueError, TypeError) as error:
        raise refused(path, "face generator", error) from error
    weights = {name.removeprefix("generator."): value for name, value in tensors.items()}
    load_weights(generator, weights, path, "face generator")
    return FaceSynthesizer(generator.eval().to(device, memory_format=torch.channels_last), size)
