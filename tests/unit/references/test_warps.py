"""The maps that move a part's pixels from one pose to another."""

import numpy as np
import pytest

from dancenow.references.warps import STRETCH, affine, bone_map, limited, similarity


def apply(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


def test_maps_recover_what_moved_the_points():
    random = np.random.default_rng(0)
    points = random.normal(size=(6, 2)) * 20
    turn = np.array([[0.8, -0.6, 3.0], [0.6, 0.8, -5.0]])
    weights = np.full(6, 1 / 6)
    np.testing.assert_allclose(similarity(points, apply(turn, points), weights), turn, atol=1e-9)
    shear = np.array([[1.2, 0.3, 1.0], [0.1, 0.7, 2.0]])
    np.testing.assert_allclose(affine(points, apply(shear, points), weights, 1e-9), shear, atol=1e-6)
    # stiff, it is the similarity
    np.testing.assert_allclose(affine(points, apply(turn, points), weights, 1e9), turn, atol=1e-6)


def test_points_that_do_not_fit_keep_their_size():
    """A face from the front, moved to where the face of a profile is, was a giant."""
    front = np.array([[0, 0], [-8, -6], [8, -6], [-15, 0], [15, 0.0]])  # nose, eyes, ears
    profile = np.array([[20, 0], [15, -6], [13, -6], [0, 0], [-2, 0.0]])
    weights = np.full(5, 0.2)
    for seen, moved in ((profile, front), (front, profile)):
        sizes = np.linalg.svd(similarity(seen, moved, weights)[:, :2])[1]
        assert (sizes > 0.85).all() and (sizes < 1.15).all()
        both = (seen - seen.mean(axis=0)) @ [1, 1j], (moved - moved.mean(axis=0)) @ [1, 1j]
        assert abs(np.vdot(*both)) / np.vdot(both[0], both[0]).real < 0.6  # by least squares alone


def test_a_stiff_part_is_stretched_so_much_and_no_more():
    fixed = np.array([4.0, 7.0])
    near = np.array([[1.1, 0.1, 3.0], [-0.05, 0.95, 2.0]])
    np.testing.assert_allclose(limited(near, fixed), near)
    # a reference seen end on, ten times as narrow as wanted and mirrored, and one of twice the size
    far = np.array([[-0.1, 0.0, 3.0], [0.0, 2.0, 2.0]])
    matrix = limited(far, fixed)
    np.testing.assert_allclose(matrix[:, :2], [[-1 / STRETCH, 0], [0, STRETCH]], atol=1e-9)
    np.testing.assert_allclose(apply(matrix, fixed), apply(far, fixed))


def test_a_bone_changes_its_length_and_hardly_its_width():
    matrix = bone_map([[0, 0], [0, 10]], [[5, 5], [20, 5]])
    np.testing.assert_allclose(apply(matrix, np.array([[0, 0], [0, 10.0]])), [[5, 5], [20, 5]], atol=1e-9)
    across = apply(matrix, np.array([[1.0, 5]])) - apply(matrix, np.array([[0, 5.0]]))
    assert np.hypot(*across[0]) == pytest.approx(1.05)
    # nearer to the camera by a little: as a whole
    np.testing.assert_allclose(bone_map([[0, 0], [0, 10]], [[0, 0], [0, 10.3]])[:, :2], 1.03 * np.eye(2))
    # a reference seen from its end has no side to show
    stretched = bone_map([[0, 0], [0, 4]], [[0, 0], [0, 10]])
    np.testing.assert_allclose(np.diff(apply(stretched, np.array([[0, 0], [0, 4.0]])), axis=0), [[0, 6.68]])
    flat = bone_map([[0, 0], [0, 0]], [[5, 5], [7, 5]])
    np.testing.assert_allclose(flat, [[1, 0, 6], [0, 1, 5]])
