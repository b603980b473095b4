import math

import pytest
import torch

from dancenow.model.losses import feature_matching, foreground_colour, lsgan, mask_error


def test_lsgan_by_hand():
    results = [[torch.zeros(1), torch.tensor([0.5, 1.0])], [torch.zeros(1), torch.tensor([3.0])]]
    assert lsgan(results, True).item() == pytest.approx((0.25 + 0) / 2 + 4)
    assert lsgan(results, False).item() == pytest.approx((0.25 + 1) / 2 + 9)


def test_feature_matching_by_hand():
    # two scales with the published four maps before the verdict: each map counts 1, each scale a half
    fake = [[torch.full((2,), 1.0)] * 4 + [torch.tensor(9.0)]] * 2
    real = [[torch.full((2,), 3.0)] * 4 + [torch.tensor(0.0)]] * 2
    assert feature_matching(fake, real).item() == pytest.approx(4 * 2.0)


def test_feature_matching_gives_the_real_side_no_gradient():
    fake, real = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    feature_matching([[fake, fake]], [[real, real]]).backward()
    assert fake.grad is not None and real.grad is None


def test_foreground_colour_counts_where_it_is_laid_and_leaves_alpha_alone():
    colour = torch.full((1, 3, 1, 2), 0.5, requires_grad=True)
    alpha = torch.tensor([[[[1.0, 0.0]]]], requires_grad=True)
    loss = foreground_colour((colour, alpha), torch.zeros(1, 3, 1, 2))
    loss.backward()
    assert loss.item() == pytest.approx(0.25)
    assert colour.grad[..., 0].all() and not colour.grad[..., 1].any()
    assert alpha.grad is None


def test_mask_error_raises_alpha_inside_and_lowers_it_outside():
    logit = torch.zeros(1, 1, 4, 4, requires_grad=True)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    loss = mask_error(logit, mask)
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    assert (logit.grad[..., :2] < 0).all() and (logit.grad[..., 2:] > 0).all()
    assert mask_error(torch.where(mask > 0, 20.0, -20.0), mask) < 1e-6
