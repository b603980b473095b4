"""The face stage: the Trainer with other networks, a face generator and its discriminator."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dancenow.device import Autocast, cast_once
from dancenow.errors import InputError
from dancenow.model.face import FaceSynthesizer, cut_faces, face_corners
from dancenow.model.networks import (
    IMAGE_CHANNELS,
    SKELETON_CHANNELS,
    Generator,
    PatchDiscriminator,
    empty_picture,
)
from dancenow.model.perceptual import PerceptualNetwork, perceptual_loss
from dancenow.model.windows import cut
from dancenow.synthesis.synthesizer import Synthesizer
from dancenow.training.dataset import Batch, ClipSampler, Row, TrainingFootage
from dancenow.training.previews import Previews
from dancenow.training.settings import FaceSettings
from dancenow.training.trainer import Clips, Losses, Trainer, frozen


class FaceSampler(ClipSampler):
    """A ClipSampler, with its arguments, of the samples with a face in at least one of their frames.

    Batches have two tensors more: corner (N, T, 2) int and visible (N, T) bool, one square of `size` px per
    frame, as face_corners has them. InputError when none shows a face, or a square is larger than the
    picture.
    """

    def __init__(self, size: int, footage: TrainingFootage, *given: Any) -> None:
        super().__init__(footage, *given)
        pose = footage.pose
        least = min(min(edges) for edges in footage.sizes)
        if size > least:
            raise InputError(f"train.face.size: {size} px does not fit into a window of {least} px; lower it")
        self.size = size
        _, visible = face_corners(pose.keypoints, size, (0, 0, pose.width, pose.height))
        self.clip_starts = self.clip_starts[
            visible[self.clip_starts] | visible[self.clip_starts + self.clip_length - 1]
        ]
        if not len(self.clip_starts):
            raise InputError("no training frame shows a face; set train.face to null")

    def _row(self, clip: range, window: Sequence[int], place: int, last_only: bool) -> Row:
        corners, visible = face_corners(self.pose.keypoints[list(clip)], self.size, window)
        sample = super()._row(clip, window, place, last_only)
        if "valid" in sample:  # nothing is learned from a face cut off by the frame's edge
            squares = zip(sample["valid"], corners[-len(sample["valid"]) :].tolist(), strict=True)
            whole = [bool(cut(seen, (x, y, self.size, self.size)).all()) for seen, (x, y) in squares]
            visible[-len(whole) :] &= whole
        return sample | {"corner": list(corners), "visible": list(visible)}


class FacePreviews(Previews):
    """Previews of the face's square: skeleton, result, real; footage, first, folder as Previews has them."""

    def __init__(
        self, size: int, main: nn.Module, footage: TrainingFootage, first: int, folder: Path
    ) -> None:
        super().__init__(footage, first, folder)
        pose = footage.pose
        self.size, self.main = size, main
        corners, _ = face_corners(pose.keypoints, size, (0, 0, pose.width, pose.height))
        self.shown = np.concatenate([corners, np.full_like(corners, size)], axis=1)

    def synthesizer(self, trainer: Trainer) -> Synthesizer:
        """The main generator, followed by the averaged face generator."""
        face = FaceSynthesizer(trainer.average, self.size)
        return Synthesizer(
            self.main, self.background, trainer.device, trainer.autocast, face, self.references
        )


def face_networks(settings: FaceSettings) -> tuple[Generator, PatchDiscriminator]:
    """The face generator and its discriminator, as new.

    The authors' discriminator normalises over the batch, which with their batch of 1 is one picture; here
    it is per picture at any batch size, so that samples do not influence each other.
    """
    shown = SKELETON_CHANNELS + IMAGE_CHANNELS
    generator = Generator(**asdict(settings.generator))
    return generator, PatchDiscriminator(shown, **asdict(settings.discriminator))


class FaceTrainer(Trainer):
    """One step of the paper's face stage (eq. 4 and 5): face losses only, the main generator frozen.

    main: the trained generator, on the device; the rest as Trainer takes it. `generator` and `discriminator`
    are those of the face. The main generator synthesizes the sample frame by frame, with the face pasted in
    between, as in synthesis; no gradient goes through it (in the authors' code the gradient of frame t + 1's
    face reaches frame t's through the whole frozen generator: most of the time, for a second-order path).
    """

    def __init__(
        self,
        settings: FaceSettings,
        perceptual: PerceptualNetwork,
        device: torch.device,
        autocast: Autocast,
        steps: int,
        main: nn.Module,
    ) -> None:
        super().__init__(settings, perceptual, device, autocast, steps, build=face_networks)
        self.main = cast_once(self._place(main).requires_grad_(False), autocast)
        self.synthesizer = FaceSynthesizer(self.generator, settings.face.size)

    def takes_last_only(self, step: int) -> bool:
        """Never, because the face is pasted into each frame before the next."""
        return False

    def _learn(self, batch: Batch) -> Losses:
        clips = self._on_device(batch)
        skeletons, real = clips.skeletons, clips.real
        corners, visible = batch["corner"], batch["visible"]
        synthesized = self._synthesize(clips, corners, visible)
        corners = corners.flatten(0, 1)
        labels, synthesized, real = (
            cut_faces(pictures.flatten(0, 1), corners, self.synthesizer.size)
            for pictures in (skeletons, synthesized, real)
        )
        shown = visible.flatten().to(self.device, torch.float32)
        face, losses = self._face_step(labels, synthesized, real, shown)
        return losses | self._discriminate_faces(labels, face, real, shown)

    @torch.no_grad()
    def _synthesize(self, clips: Clips, corners: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        """The main generator's frames (N, T, 3, h, w), each given the last one with its corrected face.

        With references it must synthesize what it could copy.
        """
        now = clips.at(0)
        previous = empty_picture(now.skeletons, now.backgrounds)
        images, last = [], clips.skeletons.shape[1] - 1
        with torch.autocast(**self.autocast):
            for moment in range(last + 1):
                now = clips.at(moment)
                shown: dict[str, torch.Tensor] = {}
                if now.references is not None:  # what it could copy is not corrected in results
                    copying = now.skeletons.new_zeros(len(now.skeletons), 1, 1, 1)
                    shown = {"reference": now.references, "copying": copying}
                image, _ = self.main(now.skeletons, previous, now.backgrounds, **shown)
                images.append(image)
                if moment < last:
                    where = corners[:, moment], visible[:, moment]
                    previous = self.synthesizer.synthesize(now.skeletons, image, *where)
        return torch.stack(images, dim=1)

    def _face_step(
        self, labels: torch.Tensor, synthesized: torch.Tensor, real: torch.Tensor, shown: torch.Tensor
    ) -> tuple[torch.Tensor, Losses]:
        """Update the face generator. All (M, 3, s, s), shown (M,) 0 or 1; returns faces and losses."""
        weights = asdict(self.settings.weights)
        with torch.autocast(**self.autocast), frozen(self.discriminator):
            # clamped in results only: clamping here would stop the gradient beyond the range
            face = synthesized + self.parallel["generator"](labels, synthesized)[0]
            # faces that are not visible are replaced by the real ones, so they have neither loss nor gradient
            counted = torch.where(shown[:, None, None, None] > 0, face, real)
            losses = {
                "gan": masked_lsgan(self.discriminator(torch.cat([labels, face], dim=1))[-1], True, shown),
                "perceptual": perceptual_loss(self.perceptual, counted, real),
                "l1": F.l1_loss(counted, real),
            }
        self._optimise("generator", sum(weights[name] * loss for name, loss in losses.items()))
        return face.detach(), losses

    def _discriminate_faces(
        self, labels: torch.Tensor, face: torch.Tensor, real: torch.Tensor, shown: torch.Tensor
    ) -> Losses:
        """Update the discriminator on one joint pass over real and synthesized faces; returns the losses."""
        with torch.autocast(**self.autocast):
            pictures = torch.cat([torch.cat([labels] * 2), torch.cat([real, face])], dim=1)
            on_real, on_fake = self.parallel["discriminator"](pictures)[-1].chunk(2)
            losses = {
                "discriminator_real": masked_lsgan(on_real, True, shown),
                "discriminator_fake": masked_lsgan(on_fake, False, shown),
            }
        self._optimise("discriminator", 0.5 * sum(losses.values()))
        return losses


def masked_lsgan(realness: torch.Tensor, real: bool, shown: torch.Tensor) -> torch.Tensor:
    """Least-squares GAN loss of the samples that count, over the number of all.

    realness: (M, 1, h, w); real: the desired judgement; shown: (M,) 0 or 1. Divided by all, not by those that
    count, so that the mean over several processes is the loss of the whole batch.
    """
    each = (realness.float() - float(real)).square().mean(dim=(1, 2, 3))
    return (each * shown).mean()
