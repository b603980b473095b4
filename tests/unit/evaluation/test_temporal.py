import numpy as np
import pytest

from dancenow.evaluation.temporal import measure_step, returns, step_between, warp_back
from dancenow.keypoints import COUNT, INDEX, LEFT_HAND

HEIGHT = 200  # px of the body; a keypoint stands still below 0.6 px, its disc has a radius of 10 px
SHAPE = 120, 140


def texture(shift=(0, 0)):
    """A textured frame, its content moved by (x, y) px."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    x, y = x - shift[0], y - shift[1]
    waves = [np.sin(x / 3) + np.cos(y / 4), np.sin((x + y) / 5) + np.sin(x / 7), np.cos((x - 2 * y) / 9)]
    return np.stack([128 + 50 * wave for wave in waves], axis=2).astype(np.uint8)


def everywhere():
    mask = np.zeros(SHAPE, bool)
    mask[30:90, 30:110] = True
    return mask


def poses(**moves):
    """Two poses of the named keypoints: name=((x, y), (x, y))."""
    pair = np.zeros((2, COUNT, 3), np.float32)
    for name, places in moves.items():
        pair[:, INDEX[name], :2], pair[:, INDEX[name], 2] = places, 1
    return pair


RESTING = poses(nose=((60, 60), (60, 60)))


def step(truth, asked=RESTING, mask=None):
    mask = everywhere() if mask is None else mask
    return step_between(truth, (mask, mask), asked, HEIGHT)


def test_flicker_is_the_mean_change_where_the_skeleton_is_still():
    truth = texture(), texture()
    brighter = truth[1].copy()
    brighter[50:71, 50:71] += 6  # holds the disc around the nose
    flicker, _, _ = measure_step(step(truth), (truth[0], brighter), truth)
    assert flicker == 6
    assert measure_step(step(truth), truth, truth) == (0, 0, 0)


def test_the_still_area_is_a_disc_without_those_of_moving_keypoints():
    truth = texture(), texture()
    alone = step(truth).still
    assert alone.sum() == pytest.approx(np.pi * 10**2, rel=0.1)
    beside = step(truth, poses(nose=((60, 60), (60, 60)), left_wrist=((70, 60), (72, 60)))).still
    assert 0 < beside.sum() < alone.sum()
    nothing = step(truth, poses(nose=((60, 60), (60.7, 60))))
    assert not nothing.still.any()
    assert np.isnan(measure_step(nothing, truth, truth)[0])
    creeping = step(truth, poses(nose=((60, 60), (60.5, 60))))
    assert creeping.still.any()


def test_a_limb_that_moves_at_one_end_is_not_still_along_its_length():
    truth = texture(), texture()
    elbow = {"left_elbow": ((50, 60), (50, 60)), "nose": ((75, 60), (75, 60))}
    resting = step(truth, poses(**elbow, left_wrist=((100, 60), (100, 60)))).still.sum()
    assert step(truth, poses(**elbow)).still.sum() > 0.5 * resting
    # the forearm lies over elbow and nose; at most a rim of them is left
    assert step(truth, poses(**elbow, left_wrist=((100, 60), (100, 62)))).still.sum() < 0.03 * resting


def test_where_a_limb_arrives_and_whence_a_bone_starts_nothing_is_still():
    truth = texture(), texture()
    alone = step(truth).still
    arriving = step(truth, poses(nose=((60, 60), (60, 60)), left_wrist=((105, 60), (68, 60)))).still
    assert 0 < arriving.sum() < 0.8 * alone.sum()
    # the shoulder moves, at whose other end hand and elbow rest
    asked = poses(nose=((75, 60), (75, 60)), left_shoulder=((50, 60), (50, 62)), left_elbow=((100, 60),) * 2)
    assert step(truth, asked).still.sum() < 0.15 * alone.sum()


def test_only_what_both_pictures_show_of_the_body_is_still():
    """Fingers have no area of their own; what one mask alone holds came or went."""
    truth, half = (texture(), texture()), everywhere()
    fingers = np.zeros((2, COUNT, 3), np.float32)
    fingers[:, LEFT_HAND] = 60, 60, 1
    assert not step(truth, fingers).still.any()
    half[:, 60:] = False
    for masks in ((half, everywhere()), (everywhere(), half)):
        found = step_between(truth, masks, RESTING, HEIGHT)
        rows, columns = found.inside
        whole = np.zeros(SHAPE, bool)
        whole[rows, columns] = found.still
        assert whole[:, :60].any() and not whole[:, 60:].any()
        assert found.person.sum() == everywhere().sum()  # either shows the person


def test_a_keypoint_that_was_not_asked_for_is_not_still():
    asked = RESTING.copy()
    asked[0, INDEX["nose"]] = 0
    assert not step((texture(), texture()), asked).still.any()


def test_difference_error_by_hand():
    truth = texture(), texture((2, 1))
    now = step(truth)
    # the same change on another picture is no error
    darker = tuple(frame - 20 for frame in truth)
    assert measure_step(now, darker, truth)[2] == 0
    assert measure_step(now, (truth[0], truth[1] - 7), truth)[2] == 7
    # a still picture lacks the truth's whole change
    inside = everywhere()
    missing = np.abs(truth[1].astype(float) - truth[0])[inside].mean()
    assert measure_step(now, (truth[0], truth[0]), truth)[2] == pytest.approx(missing)


def test_warping_error_follows_the_truths_motion():
    truth = texture(), texture((3, 2))
    now = step(truth)
    assert np.median(now.flow[now.traced], axis=0) == pytest.approx([3, 2], abs=0.15)
    moved = measure_step(now, truth, truth)[1]
    still = measure_step(now, (truth[0], truth[0]), truth)[1]
    flickering = measure_step(now, (truth[0], truth[1] + 10), truth)[1]
    assert moved < 4 < 20 < still
    assert flickering == pytest.approx((moved**2 + 100) ** 0.5, rel=0.15)


def test_what_moves_wrongly_has_a_warping_error_and_what_moves_rightly_has_none():
    truth = texture(), texture((3, 2))
    now = step(truth)
    other = np.roll(truth[0][:, ::-1], 11, axis=0)  # another picture, moved along with the truth
    along = np.roll(other, (2, 3), axis=(0, 1))
    against = np.roll(other, (-2, -3), axis=(0, 1))
    assert 3 * measure_step(now, (other, along), truth)[1] < measure_step(now, (other, against), truth)[1]


def test_warp_back_takes_pixels_from_where_the_flow_leads():
    picture = np.arange(20, dtype=np.float32).reshape(4, 5)[..., None].repeat(3, axis=2)
    flow = np.zeros((4, 5, 2), np.float32)
    flow[..., 0], flow[..., 1] = 1, 2
    warped = warp_back(picture, flow)[..., 0]
    assert warped[0, 0] == 11
    assert warped[1, 3] == 19
    assert warped[3, 4] == 19  # beyond the edge its last pixel goes on
    flow[..., 0] = 0.5
    assert warp_back(picture, flow)[0, 0, 0] == pytest.approx(10.5)


def test_flow_that_does_not_return_marks_an_occlusion():
    forward = np.zeros((10, 30, 2), np.float32)
    forward[..., 0] = 4
    backward = -forward
    backward[:, 15:, 0] = 0  # from here on something else has come to lie there
    assert returns(forward, backward)[:, :11].all()
    assert not returns(forward, backward)[:, 11:].any()
    # by hand: 0.25 of squared gap is below 0.5, 1 is above, with no length to speak of
    still, half, one = (np.full((2, 2, 2), (value, 0), np.float32) for value in (0, 0.5, 1))
    assert returns(still, half).all()
    assert not returns(still, one).any()
    # a long way may miss by a share of it, as by a pixel in fourteen
    there, back = (np.full((2, 2, 2), (value, 0), np.float32) for value in (14, -13))
    assert returns(there, back).all()


def test_no_person_is_no_step():
    truth = texture(), texture()
    assert step(truth, mask=np.zeros(SHAPE, bool)) is None


def test_a_few_pixels_in_a_corner():
    mask = np.zeros(SHAPE, bool)
    mask[:3, :5] = True
    truth = texture(), texture((1, 0))
    now = step(truth, mask=mask)
    assert now.person.shape == (19, 21)
    assert np.isnan(measure_step(now, truth, truth)).all()
    mask[:4] = True
    assert np.isfinite(measure_step(step(truth, mask=mask), truth, truth)[2])
