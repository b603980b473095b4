"""The printed figures from tiny footage: their size, what stands where, legible in grey, the same again."""

import json

import cv2
import numpy as np
import pytest
from matplotlib.axes import Axes

from clips import ffprobe, film, numbered, sounding_clip
from dancenow.errors import InputError
from dancenow.evaluation.names import BACKGROUND, NEIGHBOUR, RESULT
from dancenow.evaluation.series import save_series
from dancenow.evenly import spread
from dancenow.figures import bars, curves, faces, failures, grid, placing, style
from dancenow.figures.bars import axis_limit, plot_ablation
from dancenow.figures.comparison import compare_files
from dancenow.figures.curves import plot_curves
from dancenow.figures.faces import TargetFiles, plot_faces
from dancenow.figures.failures import plot_failures, worst_frames
from dancenow.figures.filmstrip import differences, plot_filmstrip
from dancenow.figures.grid import CELL_INCHES, plot_grid
from dancenow.figures.moments import person_window, read_moments, stillest
from dancenow.figures.placing import plot_placing
from dancenow.figures.side_by_side import cell_sizes, compare_people
from dancenow.figures.strips import Strip, print_strips, window
from dancenow.files import write_json
from dancenow.intervals import block_bootstrap
from dancenow.keypoints import load_pose, save_pose
from dancenow.model.face import face_corners
from dancenow.pose.draw import draw_over, draw_pose
from dancenow.video import media
from dancenow.video.frames import FrameStore, extract_frames
from performers import footage, performer
from walkers import copy_of

COUNT, WIDTH, HEIGHT, DPI = 20, 96, 64, 60
TOLD = {"seed": 0, "block": 3}


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    monkeypatch.setattr(style, "DPI", DPI)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with one performer as source and target, two results, their measures by frame."""
    folder = tmp_path_factory.mktemp("printed")
    pose = performer(COUNT, WIDTH, HEIGHT, tall=45)
    shown = footage(pose)
    clip = film(folder / "clip.mp4", shown)
    extract_frames([clip], [media.probe(clip)], WIDTH, folder / "clip.avi")
    save_pose(folder / "pose.npz", pose)
    film(folder / "result.mp4", shown // 2 + 40)
    film(folder / "heldout.mp4", shown[15:] // 2)
    noise = np.random.default_rng(0)
    series = {
        row: {"ssim": 0.8 + 0.01 * noise.standard_normal(COUNT)} for row in (RESULT, BACKGROUND, NEIGHBOUR)
    }
    series[RESULT]["ssim"][7] = 0.1
    save_series(folder / "series.npz", series)
    scores = {row: {"ssim": block_bootstrap(one["ssim"], **TOLD)} for row, one in series.items()}
    facts = {"frames": COUNT, "frames_compared": COUNT, "bootstrap": TOLD}
    write_json(folder / "metrics.json", facts | {"scores": scores})
    return folder


def printed(draw, folder, name="figure"):
    """Let `draw` print; the PNG as (H, W, 3) uint8, checked to be a page wide, with a PDF beside it."""
    png, pdf = folder / f"{name}.png", folder / f"{name}.pdf"
    draw(png, pdf)
    picture = cv2.imread(str(png))
    assert picture.shape[1] == round(style.WIDTH * DPI)
    assert pdf.read_bytes().startswith(b"%PDF") and pdf.stat().st_size > 1000
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20
    return picture


def test_the_same_data_give_the_same_bytes(place, tmp_path):
    strips = [[Strip("a row", [np.full((20, 30, 3), 90, np.uint8)] * 2)]]
    files = [[tmp_path / f"{run}.{kind}" for kind in ("png", "pdf")] for run in (1, 2)]
    for png, pdf in files:
        print_strips(strips, png, pdf, 1.0)
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]


def test_strips_fill_the_page_and_keep_the_pictures_shape(tmp_path):
    red, blue = (np.full((100, 100, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))
    draw = lambda *files: print_strips([[Strip("above", [red] * 4), Strip("below", [blue] * 4)]], *files, 9.0)  # noqa: E731
    png, pdf = tmp_path / "a.png", tmp_path / "a.pdf"
    draw(png, pdf)
    picture = cv2.imread(str(png))[..., ::-1].astype(int)
    for channel, half in ((0, slice(0, len(picture) // 2)), (2, slice(len(picture) // 2, None))):
        drawn = picture[half, :, channel] - picture[half, :, 1] > 150
        columns, rows = drawn.any(axis=0).sum(), drawn.any(axis=1).sum()
        # four squares side by side
        assert columns == pytest.approx(4 * rows, rel=0.05)
        assert columns > 0.8 * picture.shape[1]


def test_a_faint_difference_is_not_printed_as_a_strong_one(tmp_path):
    faint = np.full((40, 40), 240, np.uint8)
    faint[10:30, 10:30] = 225
    print_strips([[Strip("change", [faint] * 2)]], tmp_path / "a.png", tmp_path / "a.pdf", 1.0)
    page = cv2.imread(str(tmp_path / "a.png"))
    right = page[:, page.shape[1] // 2 :]  # the label stands left of the middle
    assert 200 < right.min() <= 225


def test_strips_of_different_lengths_are_no_group(tmp_path):
    cell = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match=r"\[1, 2\] pictures"):
        print_strips(
            [[Strip("a", [cell]), Strip("b", [cell] * 2)]], tmp_path / "a.png", tmp_path / "a.pdf", 1.0
        )


@pytest.mark.parametrize("count", [2, 5, 8])
def test_bars_and_lines_are_told_apart_without_colour(count):
    names = [f"method {number}" for number in range(count)]
    looks = style.bar_styles(names)
    grey = [style.luminance(look["facecolor"]) for look in looks.values()]
    assert (np.diff(grey) < 0).all() and grey[0] - grey[-1] > 0.5
    # neighbours differ in lightness, and in hatching too
    assert min(-np.diff(grey)) > 0.025
    hatches = [look["hatch"] for look in looks.values()]
    assert all(a != b for a, b in zip(hatches[:-1], hatches[1:], strict=True))
    lines = style.line_styles(names)
    assert list(lines) == names and lines[names[-1]]["linestyle"] == "-"
    assert all(style.luminance(line["color"]) < 0.55 for line in lines.values())
    assert len({(str(line["linestyle"]), style.luminance(line["color"])) for line in lines.values()}) == count


def test_luminance_of_known_colours():
    assert [style.luminance(c) for c in ((1, 1, 1), (0, 0, 0))] == pytest.approx([1, 0])
    assert style.luminance((1, 0, 0)) == pytest.approx(0.2126)
    assert style.luminance((0.5, 0.5, 0.5)) == pytest.approx(0.214, abs=1e-3)


def test_a_towering_bar_is_cut_and_others_are_not():
    limit, cut = axis_limit(np.array([100.0, 1.2, 1.0]))
    assert cut == {0} and limit == pytest.approx(1.08 * 1.2)
    assert axis_limit(np.array([20.0, 100.0, 1.0]))[1] == {0, 1}
    assert axis_limit(np.array([2.0, 1.0]))[1] == set()
    assert axis_limit(np.zeros(2)) == (1.0, set())


def test_bars_fill_one_row_of_panels(place, tmp_path, monkeypatch):
    files = [["variant", "ours"], [place / "metrics.json"] * 2, [place / "series.npz"] * 2]
    picture = printed(lambda png, pdf: plot_ablation(compare_files(*files), png, pdf), tmp_path)
    assert picture.shape[0] == pytest.approx((style.PANEL_INCHES + bars.LEGEND_INCHES) * DPI, abs=1)


def test_grid_has_four_rows_for_each_pair(place, tmp_path):
    one = "anna_as_bert", *(place / name for name in ("clip.avi", "pose.npz", "pose.npz", "result.mp4"))
    picture = printed(lambda *files: plot_grid([one, one], *files), tmp_path)
    assert picture.shape[0] == pytest.approx(2 * (4 * CELL_INCHES + 0.4) * DPI, rel=0.03)


def test_grid_tells_the_seconds_of_the_dance(place, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(grid, "print_strips", lambda groups, *_: shown.extend(groups[0]))
    one = "anna_as_bert", *(place / name for name in ("clip.avi", "pose.npz", "pose.npz", "result.mp4"))
    plot_grid([one], tmp_path / "a.png", tmp_path / "a.pdf")
    seconds = [float(note.removesuffix(" s")) for note in shown[0].notes]
    assert seconds == sorted(seconds) and seconds[0] > 0 and seconds[-1] < COUNT / 25


def test_filmstrip_has_two_rows_for_each_method(place, tmp_path):
    def height(count):
        names, videos = [f"m{number}" for number in range(count)], [place / "result.mp4"] * count
        draw = lambda *files: plot_filmstrip(names, videos, place / "pose.npz", *files)  # noqa: E731
        return printed(draw, tmp_path).shape[0]

    # the skeleton and two rows, and two rows more
    assert height(2) == pytest.approx(5 / 3 * height(1), rel=0.05)


def test_differences_are_dark_where_something_changed():
    frames = [np.full((4, 4, 3), level, np.uint8) for level in (50, 50, 60)]
    frames[2][0] = 50
    first, same, other = differences(frames)
    assert (first == 255).all() and (same == 255).all()
    assert (other[0] == 255).all() and (other[1:] == 255 - 60).all()


def test_the_stillest_frames_show_the_whole_person():
    pose = performer(30, WIDTH, HEIGHT).keypoints
    still = pose.copy()
    still[12:18] = still[12]
    assert stillest(still, 6) == 12
    still[13, :8] = 0  # half of the person is missing there
    assert stillest(still, 6) != 12
    assert stillest(pose[:6], 6) == 0


def test_a_window_holds_the_person_and_stays_in_the_frame():
    pose = performer(10, WIDTH, HEIGHT, tall=45).keypoints
    x0, y0, x1, y1 = person_window(pose, WIDTH, HEIGHT)
    seen = pose[pose[..., 2] > 0]
    assert 0 <= x0 <= seen[:, 0].min() and seen[:, 0].max() < x1 <= WIDTH
    assert 0 <= y0 <= seen[:, 1].min() and seen[:, 1].max() < y1 <= HEIGHT
    with pytest.raises(InputError, match="nobody"):
        person_window(pose * 0, WIDTH, HEIGHT)
    assert x0 < seen[:, 0].min() - 3 and y0 < seen[:, 1].min() - 3  # hair and clothes lie outside the joints
    cut = window(np.ones((4, 4, 3), np.uint8), (-1, 2, 3, 6))
    assert cut.shape == (4, 4, 3) and cut.sum() == cut[:2, 1:].sum() == 3 * 2 * 3


def test_placing_fills_a_page_and_faces_have_three_rows(place, tmp_path):
    clip, pose, result = (place / file for file in ("clip.avi", "pose.npz", "result.mp4"))
    given = (clip, pose), (clip, None), (pose, result), (pose, result)
    printed(lambda *files: plot_placing(*given, *files), tmp_path, "placing")
    videos = dict.fromkeys(["base", "face"], place / "heldout.mp4")
    target = TargetFiles(place / "clip.avi", place / "pose.npz")
    faces = printed(lambda *files: plot_faces(videos, target, 0.25, 16, *files), tmp_path, "faces")
    assert faces.shape[0] == pytest.approx(3.2 * DPI, rel=0.2)  # three rows of squares, an inch each at most


def test_placing_shows_what_was_not_normalised_above_what_was(place, tmp_path, monkeypatch):
    shown, store, own = [], FrameStore(place / "clip.avi"), load_pose(place / "pose.npz")
    poses = [copy_of(own, scale, (10, 5)) for scale in (0.5, 0.8)]
    for name, pose in zip(("before.npz", "after.npz"), poses, strict=True):
        save_pose(tmp_path / name, pose)
    monkeypatch.setattr(placing, "print_strips", lambda groups, *_: shown.extend(groups[0]))
    videos = place / "clip.mp4", place / "result.mp4"
    pairs = (tmp_path / "before.npz", videos[0]), (tmp_path / "after.npz", videos[1])
    clip = place / "clip.avi"
    plot_placing((clip, place / "pose.npz"), (clip, None), *pairs, tmp_path / "a.png", tmp_path / "a.pdf")
    moments = [int(note.split()[1]) for note in shown[0].notes]
    footage = [store[moment] for moment in spread(COUNT, len(moments))]

    def over(picture, pose, moment):
        return draw_over(picture, pose.keypoints[moment], placing.FOOTAGE_BRIGHTNESS)

    wanted = [[over(store[moment], own, moment) for moment in moments]]
    for pose, video in zip(poses, videos, strict=True):
        wanted.append([over(each, pose, moment) for each, moment in zip(footage, moments, strict=True)])
        wanted.append(read_moments(video, moments, WIDTH, HEIGHT))
    for strip, pictures in zip(shown, wanted, strict=True):
        np.testing.assert_array_equal(strip.pictures, pictures)


def test_the_worst_frames_are_those_of_the_worst_measure():
    quiet = 0.8 + 0.01 * np.where(np.arange(40) % 2, 1, -1)
    series = {("ssim",): quiet.copy(), ("lpips_form",): 1 + quiet, ("time", "flicker"): quiet * 9}
    series[("ssim",)][[10, 12]] = 0.5, 0.4
    series[("lpips_form",)][30] = 9.0
    series[("lpips_form",)][31] = -9.0  # better than usual is no failure
    series[("ssim",)][20] = np.nan
    assert worst_frames(series, 5)[:2] == [(30, ("lpips_form",)), (12, ("ssim",))]
    assert {frame for frame, _ in worst_frames(series, 1)} >= {30, 12, 10}
    assert 20 not in {frame for frame, _ in worst_frames({("ssim",): series[("ssim",)]}, 1)}


def test_failures_of_a_transfer_and_of_held_out_footage(place, tmp_path):
    given = place / "series.npz", place / "result.mp4"
    against = place / "clip.mp4", place / "clip.avi"
    pictures = [
        printed(
            lambda *files, truth=truth: plot_failures(*given, truth, place / "pose.npz", *files), tmp_path
        )
        for truth in against
    ]
    # the stored frames are those of the video, but for their compression
    assert np.abs(pictures[0].astype(int) - pictures[1]).mean() < 2


def test_held_out_frames_are_compared_with_those_of_their_own_time(place, tmp_path, monkeypatch):
    """The film of what was held out begins at the footage's frame 15."""
    shown, store = [], FrameStore(place / "clip.avi")
    pose = load_pose(place / "pose.npz")
    save_series(tmp_path / "late.npz", {RESULT: {"ssim": np.array([0.8, 0.8, 0.1, 0.8, 0.7])}})
    for module in (failures, faces):
        monkeypatch.setattr(module, "print_strips", lambda groups, *_: shown.append(groups[0]))
    files = tmp_path / "a.png", tmp_path / "a.pdf"
    plot_failures(
        tmp_path / "late.npz", place / "heldout.mp4", place / "clip.avi", place / "pose.npz", *files
    )
    drawn, truth, *_ = shown[0]
    box = person_window(pose.keypoints[[17]], WIDTH, HEIGHT)
    np.testing.assert_array_equal(truth.pictures[0], window(store[17], box))
    np.testing.assert_array_equal(drawn.pictures[0], window(draw_pose(pose, 17), box))
    assert drawn.notes[0] == "frame 17"
    target = TargetFiles(place / "clip.avi", place / "pose.npz")
    plot_faces({"ours": place / "heldout.mp4"}, target, 0.25, 16, *files)
    corners, _ = face_corners(pose.keypoints, 16, (0, 0, WIDTH, HEIGHT))
    for index, picture in zip(range(15, 20), shown[1][0].pictures, strict=True):
        x, y = corners[index].tolist()
        np.testing.assert_array_equal(picture, store[index][y : y + 16, x : x + 16])


def test_curves_have_a_panel_for_each_stage_and_loss(tmp_path):
    for name, stage in (("a", {"l1": 1.0}), ("b", {"l1": 0.5, "gan": 2.0, "mask": 1.0})):
        rows = [
            {"step": step} | {loss: value / step for loss, value in stage.items()} for step in range(1, 60)
        ]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = [tmp_path / name for name in ("a", "b", "b")]
    given = ["ours", "other", "other"], ["", "", "face"], files
    # one panel of the first alone; of all three the losses of both stages, six
    for count, panels in ((1, 1), (3, 6)):
        chosen = [values[:count] for values in given]
        picture = printed(lambda *to, chosen=chosen: plot_curves(*chosen, *to), tmp_path, f"of {count}")
        height = -(-panels // style.COLUMNS) * style.PANEL_INCHES + curves.LEGEND_INCHES
        assert picture.shape[0] == pytest.approx(height * DPI, abs=1)


def test_a_spike_of_a_loss_does_not_press_its_curve_flat(tmp_path, monkeypatch):
    losses = np.linspace(2, 1, 400)
    losses[200] = 1000
    rows = [json.dumps({"step": step, "gan": loss}) for step, loss in enumerate(losses, 1)]
    (tmp_path / "losses.jsonl").write_text("\n".join(rows) + "\n")
    limits = []
    monkeypatch.setattr(Axes, "set_ylim", lambda axis, low, high: limits.append((low, high)))
    plot_curves(["ours"], [""], [tmp_path / "losses.jsonl"], tmp_path / "a.png", tmp_path / "a.pdf")
    ((low, high),) = limits
    assert low == 0 and 2 < high < 4


def test_everyone_dances_in_step_with_the_sound(tmp_path):
    clip = sounding_clip(tmp_path)
    store = tmp_path / "clip.avi"
    extract_frames([clip], [media.probe(clip)], 96, store)
    videos = [film(tmp_path / "tall.mp4", numbered(30, 96, 64)), film(tmp_path / "wide.mp4", numbered(30))]
    compare_people("bert", ["anna", "carla"], store, videos, clip, tmp_path / "out" / "bert.mp4")
    told = media.probe(tmp_path / "out" / "bert.mp4")
    # 64 high: 96, 42 and 96 wide; the band of names below
    assert (told["width"], told["height"], told["frames"]) == (96 + 42 + 96, 64 + 16, 30)
    assert told["audio"] is not None
    (sound,) = [
        stream
        for stream in ffprobe(tmp_path / "out" / "bert.mp4", "stream=codec_type,duration")["streams"]
        if stream["codec_type"] == "audio"
    ]
    assert abs(float(sound["duration"]) - 1.2) < 0.03
    frames = list(media.decode(tmp_path / "out" / "bert.mp4", told, 234, 80))
    for number, frame in enumerate(frames):
        for left, right in ((0, 96), (96, 138), (138, 234)):
            assert abs(frame[8:56, left + 6 : right - 6].mean() - (20 + 7 * number)) < 4
    assert frames[0][64:].max() > 150  # the names
    short = [film(tmp_path / "short.mp4", numbered(29))]
    with pytest.raises(InputError, match="short.mp4: 29 frames, but the source has 30"):
        compare_people("bert", ["anna"], store, short, clip, tmp_path / "none.mp4")
    assert not (tmp_path / "none.mp4").exists()


def test_many_people_fit_into_the_widest_picture():
    sizes = cell_sizes([(512, 288)] * 6)
    assert sum(width for width, _ in sizes) <= 1920 and len(set(sizes)) == 1
    assert all(length % 2 == 0 for size in sizes for length in size)
