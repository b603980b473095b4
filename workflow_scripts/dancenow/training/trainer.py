"""Both networks and the paper's two-frame step; loop.py repeats it."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

from dancenow import parallel
from dancenow.device import Autocast, as_images, as_references, as_skeletons, upload
from dancenow.errors import DivergedError
from dancenow.model.losses import feature_matching, foreground_colour, lsgan, mask_error
from dancenow.model.networks import Discriminator, Foreground, Generator, empty_picture, fill, misfit
from dancenow.model.perceptual import PerceptualNetwork, perceptual_loss
from dancenow.training.adam import ChannelsLastAdam
from dancenow.training.dataset import Batch
from dancenow.training.schedule import average_decay, learning_rate
from dancenow.training.settings import FirstSettings, StageSettings

Losses = dict[str, torch.Tensor]  # scalars by the name of their term

BETAS = (0.5, 0.999)
# share of the samples in which copying is forbidden; otherwise the synthesized colours would never learn
SYNTHESIZED = 1 / 3
MASK_WEIGHT = 10.0  # weight of the mask's cross entropy
# range of the edges of a misplaced patch, as shares of the window's
PATCH = (0.15, 0.5)


class Clips(NamedTuple):
    """On the device, float32: skeletons, real, backgrounds (N, T, 3, h, w), references (N, T, 4, h, w), masks
    (N, T, 1, h, w); each of these three is None if the generator does not use it. valid (N, T, 1, h, w): 1
    where the frames show the scene, None if they do everywhere.
    """

    skeletons: torch.Tensor
    real: torch.Tensor
    backgrounds: torch.Tensor | None = None
    references: torch.Tensor | None = None
    masks: torch.Tensor | None = None
    valid: torch.Tensor | None = None

    def at(self, moment: int) -> "Clips":
        """One frame of each: Clips with T = 1 left out."""
        return Clips(*(None if part is None else part[:, moment] for part in self))


@contextmanager
def frozen(module: torch.nn.Module) -> Iterator[None]:
    """No gradients for the module's weights inside the block; those for its inputs still flow."""
    module.requires_grad_(False)
    try:
        yield
    finally:
        module.requires_grad_(True)


def corrupt_last_frame(
    previous: torch.Tensor, empty: torch.Tensor, share: float, randoms: Sequence[np.random.Generator]
) -> torch.Tensor:
    """In a share of the samples, misplace one patch of the last frame and remove another.

    Otherwise a generator would keep its errors: in training its last frame always fits
    the next skeleton, so it learns to trust both equally. previous, empty: (N, 3, h, w);
    randoms: N numpy Generators. Returns a new (N, 3, h, w) with gradients.
    """
    previous, (height, width) = previous.clone(), previous.shape[-2:]
    for sample, random in enumerate(randoms):
        if random.random() >= share:
            continue
        h, w = (int(side * random.uniform(*PATCH)) for side in (height, width))
        (y0, y1, y2), (x0, x1, x2) = (random.integers(0, spare, 3) for spare in (height - h, width - w))
        patch = previous[sample, :, y0 : y0 + h, x0 : x0 + w].clone()
        previous[sample, :, y1 : y1 + h, x1 : x1 + w] = patch
        previous[sample, :, y2 : y2 + h, x2 : x2 + w] = empty[sample, :, y2 : y2 + h, x2 : x2 + w]
    return previous


def counted(fake: torch.Tensor, real: torch.Tensor, valid: torch.Tensor | None) -> torch.Tensor:
    """`fake` where it is judged, `real` elsewhere, so that areas not shown by a frame cost nothing.

    Both (..., 3, h, w); valid: (..., 1, h, w), above 0 where it is judged, or None for everywhere.
    """
    return fake if valid is None else torch.where(valid > 0, fake, real.to(fake.dtype))


def network_arguments(settings: FirstSettings) -> tuple[dict, dict]:
    """Arguments of the first stage's Generator and Discriminator."""
    generator, discriminator = asdict(settings.generator), asdict(settings.discriminator)
    frames = 2 if settings.temporal else 1
    return generator | {"temporal": settings.temporal}, discriminator | {"frames": frames}


def new_networks(settings: FirstSettings) -> tuple[Generator, Discriminator]:
    """The generator and the discriminator of the first stage, as new."""
    generator, discriminator = network_arguments(settings)
    return Generator(**generator), Discriminator(**discriminator)


class Trainer:
    """Both networks, their optimisers and the moving average, with one method that does one step.

    settings: of the stage; autocast: arguments of torch.autocast; steps: of the whole training, what the
    settings' epochs came to. The step follows the paper (section 3.2, eq. 1 and 3): I0 = G(s0, z), I1 = G(s1,
    I0) with gradients through I0 and z empty, then one step of the generator and one of the discriminator. A
    first share of the steps, `single_frame_share` (the paper has 0), uses single frames without a last frame
    and without the discriminator. Without `temporal` (the paper's baseline FBF: pix2pixHD) a step is one
    frame, I = G(s), judged by itself. build: called with the settings, and with torch seeded, gives generator
    and discriminator.
    """

    def __init__(
        self,
        settings: StageSettings,
        perceptual: PerceptualNetwork,
        device: torch.device,
        autocast: Autocast,
        steps: int,
        build: Callable[[Any], tuple[torch.nn.Module, torch.nn.Module]] = new_networks,
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device, self.autocast, self.steps = settings, device, autocast, steps
        self.generator, self.discriminator = map(self._place, build(settings))
        # with a decay of zero the average equals the generator, and copying 182 M weights per step is useless
        self.average = self.generator
        if settings.ema:
            self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.perceptual = self._place(perceptual)
        rate = settings.learning_rate
        self.optimisers = {
            "generator": ChannelsLastAdam(self.generator.parameters(), rate, BETAS),
            "discriminator": ChannelsLastAdam(self.discriminator.parameters(), rate, BETAS),
        }
        # gradients in float16 vanish unless the loss is scaled up; a step whose gradients overflow is skipped
        by_scale = autocast["enabled"] and autocast["dtype"] == torch.float16
        self.scalers = {name: torch.amp.GradScaler(device.type, enabled=by_scale) for name in self.optimisers}
        # the same modules with their gradients averaged over the processes of a training on several devices
        self.parallel = {
            "generator": parallel.distribute(self.generator),
            "discriminator": parallel.distribute(self.discriminator),
        }
        self.step, self.single_frame_steps = 0, round(settings.single_frame_share * steps)

    def _place(self, module: torch.nn.Module) -> torch.nn.Module:
        return module.to(self.device, memory_format=torch.channels_last)

    def synthesize(self, clips: Clips) -> tuple[torch.Tensor, list[Foreground | None]]:
        """Synthesize frames in sequence, each given the last one, the first the empty picture.

        clips: Clips of T frames. Returns (N, T, 3, h, w) and a list of the T foregrounds.
        """
        images, foregrounds = [], []
        first, copying = clips.at(0), self._copying(clips)
        previous = empty_picture(first.skeletons, first.backgrounds)
        for moment in range(clips.skeletons.shape[1]):
            now = clips.at(moment)
            empty = empty_picture(previous, now.backgrounds)
            if self.generator.temporal:
                share = self.settings.last_frame_corruption  # type: ignore[union-attr]  # FaceSettings have none
                previous = corrupt_last_frame(previous, empty, share, self.randoms)
            previous, foreground = self._generate(now, previous, copying)
            images.append(previous)
            foregrounds.append(foreground)
        return torch.stack(images, dim=1), foregrounds

    def _generate(
        self, now: Clips, previous: torch.Tensor, copying: torch.Tensor | None
    ) -> tuple[torch.Tensor, Foreground | None]:
        """The generator on one frame of Clips; arguments that it does not use are left out."""
        shown = {} if now.references is None else {"reference": now.references, "copying": copying}
        return self.parallel["generator"](now.skeletons, previous, now.backgrounds, **shown)

    def _copying(self, clips: Clips) -> torch.Tensor | None:
        """(N, 1, 1, 1) of 0 for samples that must synthesize, 1 for those that may copy; None without any."""
        if clips.references is None:
            return None
        may = [float(random.random() >= SYNTHESIZED) for random in self.randoms]
        return upload(torch.tensor(may), self.device).view(-1, 1, 1, 1)

    def takes_last_only(self, step: int) -> bool:
        """Whether the step uses only the last frame of each clip."""
        return step < self.single_frame_steps

    def train_step(self, batch: Batch) -> dict[str, float]:
        """One step on a batch of ClipSampler's; returns the losses, floats by name, all of them finite."""
        values = parallel.average(self.update(batch))
        if not all(math.isfinite(value) for value in values.values()):
            terms = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
            raise DivergedError(f"step {self.step}: a loss is not finite: {terms}")
        return values

    def update(self, batch: Batch) -> Losses:
        """The computation of a step; returns the losses, scalar tensors by name, without checking them."""
        self.randoms = self._randoms(len(batch["skeleton"]))
        settings = self.settings
        rate = learning_rate(settings.learning_rate, settings.lr_decay_share, self.step, self.steps)
        for optimiser in self.optimisers.values():
            optimiser.param_groups[0]["lr"] = rate
        losses = self._learn(batch)
        self._update_average()
        self.step += 1
        return losses

    def _on_device(self, batch: Batch) -> Clips:
        """The Clips of a batch."""
        scaled = {
            "skeleton": as_skeletons,
            "image": as_images,
            "background": as_images,
            "reference": as_references,
            "mask": as_skeletons,
            "valid": as_skeletons,
        }
        return Clips(
            *(scale(batch[name], self.device) if name in batch else None for name, scale in scaled.items())
        )

    def _learn(self, batch: Batch) -> Losses:
        """Update both networks on a batch; returns the losses, scalars by name."""
        clips = self._on_device(batch)
        if self.takes_last_only(self.step):
            return self._single_frame_step(clips.at(-1))
        fake, losses = self._generator_step(clips)
        return losses | self._discriminator_step(clips.skeletons, clips.real, fake)

    def _randoms(self, count: int) -> list[np.random.Generator]:
        """A numpy Generator for each of the `count` samples of this process's share of the batch.

        Drawn only from the seed and the sample's number in the training, so that neither a stop nor the
        number of processes changes what a sample sees.
        """
        first = self.step * count * parallel.world_size() + parallel.rank() * count
        return [np.random.default_rng([self.settings.seed, 3, first + i]) for i in range(count)]

    def _single_frame_step(self, frames: Clips) -> Losses:
        """One step of the generator on single frames, Clips with T = 1; returns the losses."""
        with torch.autocast(**self.autocast):
            previous = empty_picture(frames.real, frames.backgrounds)
            fake, foreground = self._generate(frames, previous, self._copying(frames))
            fake = counted(fake, frames.real, frames.valid)
            losses = self._picture_losses(fake, frames.real, [foreground], frames.masks, frames.valid)
        self._optimise("generator", self._weighted(losses))
        return losses

    def _picture_losses(
        self,
        fake: torch.Tensor,
        real: torch.Tensor,
        foregrounds: list[Foreground | None],
        masks: torch.Tensor | None,
        valid: torch.Tensor | None,
    ) -> Losses:
        """The terms that need no discriminator.

        fake, real: (N, 3, h, w); foregrounds: a list, by frame; masks, valid: (N, 1, h, w) or None.
        """
        losses = {
            "perceptual": perceptual_loss(self.perceptual, fake, real),
            "l1": F.l1_loss(fake, real),
        }
        if foregrounds[0] is not None:
            # foregrounds are ordered by frame, images by sample
            colour, alpha, logit = (
                torch.stack(part, 1).flatten(0, 1) for part in zip(*foregrounds, strict=True)
            )
            weight = alpha if masks is None else torch.maximum(alpha, masks)
            losses["foreground"] = foreground_colour((counted(colour, real, valid), weight), real)
            if masks is not None:
                losses["mask"] = mask_error(logit, masks, valid)
        return losses

    def _weighted(self, losses: Losses) -> torch.Tensor:
        # the foreground's colour is a second estimate of the same pixels, with the same weight
        given = self.settings.weights
        weights = {"mask": MASK_WEIGHT, **asdict(given), "foreground": given.l1}
        return sum(weights[name] * loss for name, loss in losses.items() if weights[name])

    def _generator_step(self, clips: Clips) -> tuple[torch.Tensor, Losses]:
        skeletons, real = clips.skeletons, clips.real
        masks, valid = (None if part is None else part.flatten(0, 1) for part in (clips.masks, clips.valid))
        with torch.autocast(**self.autocast), frozen(self.discriminator):
            fake, foregrounds = self.synthesize(clips)
            fake = counted(fake, real, clips.valid)
            with torch.no_grad():
                real_maps = self.discriminator(skeletons, real)
            fake_maps = self.discriminator(skeletons, fake)
            losses = {
                "gan": lsgan(fake_maps, True),
                "feature_matching": feature_matching(fake_maps, real_maps),
                **self._picture_losses(fake.flatten(0, 1), real.flatten(0, 1), foregrounds, masks, valid),
            }
        self._optimise("generator", self._weighted(losses))
        return fake.detach(), losses

    def _discriminator_step(self, skeletons: torch.Tensor, real: torch.Tensor, fake: torch.Tensor) -> Losses:
        with torch.autocast(**self.autocast):
            maps = self.parallel["discriminator"](torch.cat([skeletons] * 2), torch.cat([real, fake]))
            half = len(real)
            on_real = lsgan([[level[:half] for level in scale] for scale in maps], True)
            on_fake = lsgan([[level[half:] for level in scale] for scale in maps], False)
        self._optimise("discriminator", 0.5 * (on_real + on_fake))
        return {"discriminator_real": on_real, "discriminator_fake": on_fake}

    def _optimise(self, name: str, loss: torch.Tensor) -> None:
        optimiser = self.optimisers[name]
        scaler = self.scalers[name]
        optimiser.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.step(optimiser)
        scaler.update()

    @torch.no_grad()
    def _update_average(self) -> None:
        if self.average is self.generator:
            return
        decay = average_decay(self.settings.ema, self.step)
        targets, sources = self.average.parameters(), self.generator.parameters()
        torch._foreach_lerp_(list(targets), list(sources), 1 - decay)

    def state(self) -> dict[str, Any]:
        """Everything that a later process needs to continue as if nothing had happened."""
        modules = {"generator": self.generator, "discriminator": self.discriminator, "average": self.average}
        return {
            "step": self.step,
            **{name: module.state_dict() for name, module in modules.items()},
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "scalers": {name: scaler.state_dict() for name, scaler in self.scalers.items()},
        }

    def misfit(self, state: dict[str, Any]) -> str:
        """Why a state() is not of these networks and optimisers, in words; "" if it is. Changes nothing."""
        try:
            for name in ("generator", "discriminator", "average"):
                if why := misfit(getattr(self, name), state[name]):
                    return f"{name}: {why}"
            for name, optimiser in self.optimisers.items():
                theirs, ours = state["optimisers"][name], optimiser.state_dict()
                if [group["params"] for group in theirs["param_groups"]] != [
                    group["params"] for group in ours["param_groups"]
                ]:
                    return f"the optimiser of the {name} has other parameters"
                weights = [weight for group in optimiser.param_groups for weight in group["params"]]
                for number, moments in theirs["state"].items():
                    if moments["exp_avg"].shape != weights[number].shape:
                        return f"the optimiser of the {name} has other shapes"
            if self.scalers.keys() - state["scalers"].keys():
                return "it lacks the scalers of the precision"
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            return f"not written by this version: {type(error).__name__} {error}"
        return ""

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state() that `misfit` says nothing of."""
        self.step = state["step"]
        for name in ("generator", "discriminator", "average"):
            fill(getattr(self, name), state[name])
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        for name, scaler in self.scalers.items():
            # empty if it was saved in another precision; the scale then starts again
            if scaler.is_enabled() and (saved := state["scalers"][name]):
                scaler.load_state_dict(saved)
