"""The pieces of arms and legs: bent joints, the other leg beside a leg, and what spans both."""

import numpy as np
import pytest

from dancenow.references.warps import bent, bone_map


def in_degrees(*angles, length=40.0):
    """Start, joint and end of two bones of these directions."""
    ends = [length * np.array([np.cos(a), np.sin(a)]) for a in np.radians(angles)]
    return np.cumsum([[100.0, 100], *ends], axis=0)


@pytest.mark.parametrize(
    "wanted, given", [((90, 30), (90, -110)), ((90, 180), (0, 10)), ((45, 60), (45, 225))]
)
def test_an_elbow_that_is_opened_or_closed_by_much_is_not_swollen(wanted, given):
    wanted, given = in_degrees(*wanted), in_degrees(*given)
    maps = [bone_map(wanted[bone : bone + 2], given[bone : bone + 2]) for bone in (0, 1)]
    ys, xs = np.mgrid[60:200, 40:180].astype(np.float32)
    for share in (0.0, 0.3, 0.5, 1.0):
        there = bent(maps, wanted[1], np.full(xs.shape, share, np.float32), xs, ys)
        across, down = np.diff(there, axis=1)[:-1], np.diff(there, axis=0)[:, :-1]
        area = np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0])
        np.testing.assert_allclose(area, 1, atol=0.01)  # a mean of both maps takes all of it from one point
    for share, bone in ((1.0, 0), (0.0, 1)):
        there = bent(
            maps, wanted[1], np.float32([[share]]), *np.float32(wanted[bone + bone]).reshape(2, 1, 1)
        )
        np.testing.assert_allclose(there[0, 0], given[bone + bone], atol=1e-3)
