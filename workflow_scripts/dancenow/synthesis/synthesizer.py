"""Synthesize a whole clip: recurrent, frame by frame, in constant memory."""

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from dancenow.device import (
    Autocast,
    as_images,
    as_levels,
    as_references,
    as_skeletons,
    cast_once,
    pick_device,
    prepare,
    upload,
)
from dancenow.errors import InputError
from dancenow.keypoints import Pose
from dancenow.model.checkpoint import load_generator
from dancenow.model.face import FaceSynthesizer, face_corners, load_face, synthesized_share
from dancenow.model.networks import empty_picture
from dancenow.model.windows import cut, place_windows, to_tensor, whole_frame
from dancenow.pose.draw import draw_pose
from dancenow.prefetch import ahead
from dancenow.progress import LogTimer
from dancenow.provenance.finishing import finished
from dancenow.synthesis.transfer import Transfer
from dancenow.video.media import encode

log = logging.getLogger(__name__)

AHEAD = 4  # frames by which drawing is ahead of the networks, and these of the encoder


class Drawn(NamedTuple):
    """The host's share of one frame, before the networks.

    window: x, y, w, h px; skeleton: (1, 3, h, w) uint8 tensor; reference: (1, 4, h, w) uint8 tensor, or None
    for a generator without references; background: (H, W, 3) uint8, the whole frame without the person, with
    her shadow if references show one, or None; corners, visible: of the face, as from face.face_corners, or
    None.
    """

    window: list
    skeleton: torch.Tensor
    reference: torch.Tensor | None
    background: np.ndarray | None
    corners: np.ndarray | None
    visible: np.ndarray | None


class Synthesizer:
    """A generator with its last frame, which a generator without `temporal` never sees.

    Last frame and background stay on the device, in uint8. Skeleton and references are sent there, and a
    background with a shadow; only the window comes back.
    generator: a Generator on `device`; background: (H, W, 3) uint8 or None; autocast: arguments of
    torch.autocast; face: a FaceSynthesizer on the device that corrects every visible face, or None;
    references: of the pose that is synthesized, a references.bank.ChosenReferences, for a generator that is
    shown them.
    """

    def __init__(
        self,
        generator: torch.nn.Module,
        background: np.ndarray | None,
        device: torch.device,
        autocast: Autocast,
        face: FaceSynthesizer | None = None,
        references: Any = None,
    ) -> None:
        self.generator, self.background, self.face, self.references = generator, background, face, references
        self.device, self.autocast = device, autocast
        self.behind = None if background is None else upload(to_tensor(background[None]), device)
        self.last: torch.Tensor | None = None

    def reset(self) -> None:
        """Forget the last frame, as before the first and after a cut."""
        self.last = None

    def synthesize(self, pose: Pose, index: int, window: Sequence[int]) -> np.ndarray:
        """Frame `index` of `pose` in its window (x, y, w, h): (H, W, 3) uint8 RGB, the whole frame."""
        drawn = self.draw(pose, index, window)
        return self.whole(drawn, self.step(drawn))

    def draw(self, pose: Pose, index: int, window: Sequence[int]) -> Drawn:
        """The Drawn of a frame: the host's share before the networks. Independent of the last frame."""
        skeleton = to_tensor(draw_pose(pose, index, window)[None])
        reference, background = None, self.background
        if self.generator.references:
            reference = to_tensor(self.references(index, window)[None])
            background = self.references.behind(index, background)
        corners = visible = None
        if self.face is not None:
            corners, visible = face_corners(pose.keypoints[index : index + 1], self.face.size, window)
        return Drawn(list(window), skeleton, reference, background, corners, visible)

    @torch.inference_mode()
    def step(self, drawn: Drawn) -> torch.Tensor:
        """The next frame's window: (h, w, 3) uint8 on the device. Remembers it as the last frame."""
        behind = self.behind
        if drawn.background is not None and drawn.background is not self.background:
            behind = upload(to_tensor(drawn.background[None]), self.device)
        if behind is not None and not drawn.skeleton.any():  # nobody in the frame: the unchanged background
            return self._shown(_cut(behind, drawn.window), behind, drawn.window)
        skeleton = as_skeletons(_planes(drawn.skeleton, self.device), self.device)
        background = None if behind is None else self._image(behind, drawn.window)
        previous = empty_picture(skeleton, background)
        if self.generator.temporal and self.last is not None:
            previous = self._image(self.last, drawn.window)
        with torch.autocast(**self.autocast):
            shown: dict[str, torch.Tensor | bool] = {}
            if drawn.reference is not None:
                shown["reference"] = as_references(_planes(drawn.reference, self.device), self.device)
                shown["in_results"] = True
            image, foreground = self.generator(skeleton, previous, background, **shown)
            if self.face is not None:
                share = None
                if drawn.reference is not None:
                    share = synthesized_share(foreground.alpha, shown["reference"])
                image = self.face.synthesize(skeleton, image, drawn.corners, drawn.visible, share)
        levels = as_levels(image).to(torch.uint8, memory_format=torch.channels_last)
        return self._shown(levels, behind, drawn.window)

    def _image(self, frame: torch.Tensor, window: Sequence[int]) -> torch.Tensor:
        """A window of a frame (1, 3, H, W) uint8 on the device: (1, 3, h, w) in [-1, 1]."""
        return as_images(_planes(_cut(frame, window), self.device), self.device)

    def _shown(
        self, levels: torch.Tensor, behind: torch.Tensor | None, window: Sequence[int]
    ) -> torch.Tensor:
        """(h, w, 3) of a window's levels (1, 3, h, w), which become the last frame, with what lies behind."""
        if self.generator.temporal:
            self.last = (levels if behind is None else behind).clone()
            _cut(self.last, window)[:] = levels
        return levels[0].permute(1, 2, 0).contiguous()

    def whole(self, drawn: Drawn, picture: torch.Tensor) -> np.ndarray:
        """(H, W, 3) uint8 array: the window from `step` in its place, copied from the device.

        Outside the window is the background; without a background the window is the frame.
        """
        if drawn.background is None:
            return picture.cpu().numpy()
        frame = drawn.background.copy()
        cut(frame, drawn.window)[:] = picture.cpu().numpy()
        return frame


def _cut(images: torch.Tensor, window: Sequence[int]) -> torch.Tensor:
    """A window (x, y, w, h) out of (N, C, H, W), as a view."""
    x, y, w, h = window
    return images[..., y : y + h, x : x + w]


def _planes(pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """(N, C, H, W) on the device, each channel by itself in memory: computing with some of them is faster."""
    return upload(pictures, device).contiguous()


def synthesize_clip(
    transfer: Transfer, threads: int, span: tuple[int, int] | None = None
) -> Iterator[np.ndarray]:
    """Yield (H, W, 3) uint8 RGB for every frame of a Transfer's pose, without its `finish`.

    span: (first, stop), to synthesize these frames only, with the synthesizer reset at `first`. Frames
    without any keypoint show only the background or, without one, what the generator makes of an empty
    skeleton. Raises InputError when pose and generator were made for different frame sizes, ValueError for a
    generator that needs references and has none.
    """
    generator_path, cuts = transfer.generator_path, transfer.cuts
    pose, replay = transfer.pose, transfer.replay
    device = pick_device()
    autocast = prepare(device, threads)
    generator, description, background = load_generator(generator_path)
    size = (description["width"], description["height"])
    if replay is not None:
        # a generator without a background gives the framing, and nothing around it
        replay = replay if background is not None else replay.framed()
        pose = replay.view.on_canvas(pose)
    if (pose.width, pose.height) != size:
        raise InputError(
            f"{generator_path}: gives {size[0]}x{size[1]} px, the pose is {pose.width}x{pose.height} px; "
            "set frames.long_edge back, or delete the generator to train it again"
        )
    if generator.references and transfer.references is None:
        raise ValueError(f"{generator_path}: is shown references, and there are none")
    generator = cast_once(generator.to(device, memory_format=torch.channels_last), autocast)
    face = load_face(transfer.face_path, device) if transfer.face_path else None
    if face is not None:
        cast_once(face.generator, autocast)
    synthesizer = Synthesizer(generator, background, device, autocast, face, transfer.references)
    windows = whole_frame(pose)
    if background is not None:
        windows = place_windows(pose.keypoints, description["sizes"], *size, cuts)
    indices = range(*(span or (0, len(windows))))
    drawn = ahead((synthesizer.draw(pose, index, windows[index].tolist()) for index in indices), AHEAD)
    pictures = ahead(_steps(synthesizer, drawn, indices, cuts, threads), AHEAD)
    with closing(pictures):
        for index, (given, picture) in zip(indices, pictures, strict=True):
            frame = synthesizer.whole(given, picture)
            yield frame if replay is None else replay(frame, index)


def _steps(
    synthesizer: Synthesizer, drawn: Generator, indices: range, cuts: Sequence[int], threads: int
) -> Generator:
    """Yield (Drawn, picture as from Synthesizer.step) of each frame of `indices`, and show the progress."""
    torch.set_num_threads(threads)  # of this thread's own pool
    timer = LogTimer()
    with closing(drawn):
        for done, (index, given) in enumerate(zip(indices, drawn, strict=True), 1):
            if index in cuts:
                synthesizer.reset()
            yield given, synthesizer.step(given)
            if timer.due(done == len(indices)):
                meter = tqdm.format_meter(done, len(indices), timer.seconds(), ncols=60, unit="frame")
                log.info("%s", meter)


def synthesize(transfer: Transfer, video_path: str | Path, threads: int) -> None:
    """Synthesize every frame of a Transfer into a silent H.264 video of its pose's rate and length."""
    pose, frames = transfer.pose, synthesize_clip(transfer, threads)
    encode(video_path, finished(frames, transfer.finish), pose.fps, pose.width, pose.height)
