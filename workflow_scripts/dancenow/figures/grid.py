"""Show all transfers of a run in one picture: source, its skeleton, the normalised skeleton, the result."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from dancenow.evenly import spread
from dancenow.figures.moments import read_moments
from dancenow.figures.strips import PICTURES_INCHES, Strip, print_strips
from dancenow.keypoints import load_pose
from dancenow.pose.draw import draw_pose
from dancenow.video.frames import FrameStore

CELL_INCHES = 1.1  # high
FEWEST, MOST = 3, 7


def plot_grid(transfers: Iterable[Sequence[str]], png: str | Path, pdf: str | Path) -> None:
    """Print a group of four rows per transfer; writes a PNG and a PDF.

    transfers: of each the name, {target}_as_{source}, and the paths of the source's FrameStore, the source's
    Pose, the normalised Pose and the result. The moments are spread evenly over the dance, as many as fit
    beside each other.
    """
    print_strips([_group(*transfer) for transfer in transfers], png, pdf, CELL_INCHES)


def _group(
    pair: str, source_path: str, source_pose_path: str, pose_path: str, video_path: str
) -> list[Strip]:
    target, source = pair.split("_as_")
    frames, before, after = FrameStore(source_path), load_pose(source_pose_path), load_pose(pose_path)
    aspect = max(frames.width / frames.height, after.width / after.height)
    count = max(FEWEST, min(MOST, int(PICTURES_INCHES / (CELL_INCHES * aspect))))
    moments = spread(len(frames), count)
    seconds = [f"{float(moment / frames.fps):.1f} s" for moment in moments]
    return [
        Strip(f"source\n({source})", [frames[m] for m in moments], seconds, f"{target} as {source}"),
        Strip("skeleton", [draw_pose(before, m) for m in moments]),
        Strip("normalised skeleton", [draw_pose(after, m) for m in moments]),
        Strip(f"result ({target})", read_moments(video_path, moments, after.width, after.height)),
    ]
