"""Synthesize a whole clip: recurrent, frame by frame, in constant memory."""

import logging
import time

import numpy as np
import torch
from tqdm import tqdm

from dancenow.device import as_images, as_pictures, as_references, as_skeletons, pick_device, prepare
from dancenow.errors import InputError
from dancenow.model.checkpoint import load_generator
from dancenow.model.face import face_corners, load_face
from dancenow.model.networks import empty_picture
from dancenow.model.windows import cut, draw_window, place_windows, to_tensor, whole_frame
from dancenow.model.winograd import unchanged_weights
from dancenow.video.media import encode

log = logging.getLogger(__name__)

LOG_SECONDS = 10


class Synthesizer:
    """A generator with its memory of the last frame, which one without `temporal` never sees.

    As long as a Synthesizer lives the weights of its networks may not change.
    generator: a Generator on `device`; background: (H, W, 3) uint8 or None; autocast: arguments of
    torch.autocast; face: a FaceSynthesizer on the device that goes over every visible face, or None;
    references: of the pose that is synthesized, a references.bank.ChosenReferences, for a generator that is
    shown them.
    """

    def __init__(self, generator, background, device, autocast, face=None, references=None):
        self.generator, self.background, self.face, self.references = generator, background, face, references
        self.device, self.autocast = device, autocast
        self.last, self.kept = None, {}

    def reset(self):
        """Forget the last frame, as before the first and after a cut."""
        self.last = None

    @torch.inference_mode()
    def synthesize(self, pose, index, window):
        """Frame `index` of `pose` in its window (x, y, w, h): (H, W, 3) uint8 RGB, the whole frame."""
        skeleton = as_skeletons(self._batch(draw_window(pose, index, window)), self.device)
        background = None if self.background is None else self._image(self.background, window)
        previous = empty_picture(skeleton, background)
        if self.generator.temporal and self.last is not None:
            previous = self._image(self.last, window)
        with torch.autocast(**self.autocast), unchanged_weights(self.kept):
            shown = {}
            if self.generator.references:
                picture = self.references(index, window)
                shown["reference"] = as_references(self._batch(picture), self.device)
            image, _ = self.generator(skeleton, previous, background, **shown)
            if self.face is not None:
                corners, visible = face_corners(pose.keypoints[index : index + 1], self.face.size, window)
                image = self.face.synthesize(skeleton, image, corners, visible)
        # outside the window nothing but the background is ever seen; without a background the window is the
        # frame
        frame = (
            np.zeros((pose.height, pose.width, 3), np.uint8)
            if self.background is None
            else self.background.copy()
        )
        cut(frame, window)[:] = as_pictures(image)[0]
        self.last = frame
        return frame

    def _image(self, picture, window):
        return as_images(self._batch(cut(picture, window)), self.device)

    def _batch(self, picture):
        return to_tensor(picture[None])


def synthesize_clip(generator_path, pose, threads, cuts=(), face_path=None, span=None, references=None):
    """Yield (H, W, 3) uint8 RGB for every frame of `pose`, synthesized by the generator in the file.

    face_path: the face generator's file, where there is one. At the `cuts` of the pose's footage (as in
    dancenow.video.cuts) the synthesizer begins anew. span: (first, stop), to synthesize these frames alone,
    the synthesizer beginning anew at `first`. references: a references.bank.ChosenReferences of the pose, for
    a generator that is shown them. Raises InputError when pose and generator were made for different frame
    sizes, ValueError for a generator that is shown references and got none. Frames without any keypoint show
    what the generator makes of an empty skeleton: with a background, nearly the background alone.
    """
    device = pick_device()
    autocast = prepare(device, threads)
    generator, description, background = load_generator(generator_path)
    size = (description["width"], description["height"])
    if (pose.width, pose.height) != size:
        raise InputError(
            f"{generator_path}: gives {size[0]}x{size[1]} px, the pose is {pose.width}x{pose.height} px; "
            "set frames.long_edge back, or delete the generator to train it again"
        )
    if generator.references and references is None:
        raise ValueError(f"{generator_path}: is shown references, and there are none")
    generator = generator.to(device, memory_format=torch.channels_last)
    face = load_face(face_path, device) if face_path else None
    synthesizer = Synthesizer(generator, background, device, autocast, face, references)
    windows = whole_frame(pose)
    if background is not None:
        windows = place_windows(pose.keypoints, description["sizes"], *size, cuts)
    first, stop = span or (0, len(windows))
    began = logged = time.monotonic()
    for index in range(first, stop):
        if index in cuts:
            synthesizer.reset()
        yield synthesizer.synthesize(pose, index, windows[index].tolist())
        now = time.monotonic()
        if now - logged > LOG_SECONDS or index + 1 == stop:
            done = index + 1 - first
            log.info("%s", tqdm.format_meter(done, stop - first, now - began, ncols=60, unit="frame"))
            logged = now


def synthesize(generator_path, pose, video_path, threads, cuts=(), face_path=None, references=None):
    """Synthesize every frame of `pose` and write a silent H.264 video of the same rate and length."""
    frames = synthesize_clip(generator_path, pose, threads, cuts, face_path, references=references)
    encode(video_path, frames, pose.fps, pose.width, pose.height)
