"""The Euler–Lagrange score: exact for linear layers, right about noise, refused where it has no meaning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from fieldnet import LConv, expand_layer
from fieldnet.generators import Dense, Stencil
from fieldnet.robustness import robustness
from fieldnet.robustness.verification import rank_correlation

DOUBLE = torch.float64


def mixed_network() -> nn.Module:
    return nn.Sequential(
        LConv(2, 5, Stencil((0.3,), radius=2, dtype=DOUBLE), bias=True, dtype=DOUBLE),
        nn.Tanh(),
        LConv(5, 2, Stencil((0.3,), radius=2, dtype=DOUBLE), dtype=DOUBLE),
    )


def fields(count: int, scale: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs and targets of very different sizes from sample to sample."""
    sizes = scale * torch.rand(count, 1, 1, dtype=DOUBLE).exp2()
    return sizes * torch.randn(count, 2, 8, dtype=DOUBLE), torch.randn(count, 2, 8, dtype=DOUBLE)


def own_gradient(model: nn.Module, f: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """δI/δf of one sample by itself, without a batch axis."""
    f = f.clone().requires_grad_()
    return torch.autograd.grad((model(f) - y).square().sum(), f)[0]


# ---- identities


@pytest.mark.parametrize("indefinite", [False, True])
def test_of_one_linear_layer_it_is_the_euler_lagrange_expression_of_the_expanded_loss(
    indefinite: bool,
) -> None:
    """δI/δf = 2D†ηDΦ, from the weights alone, with a measure on the nodes and an output metric."""
    layer = LConv(2, 3, Dense(2, 9, dtype=DOUBLE), dtype=DOUBLE)
    inputs, targets = torch.randn(12, 2, 9, dtype=DOUBLE), torch.randn(12, 3, 9, dtype=DOUBLE)
    measure, eta = torch.rand(9, dtype=DOUBLE) + 0.5, torch.eye(3, dtype=DOUBLE)
    loss = "mse"
    if indefinite:
        mixed = torch.randn(3, 3, dtype=DOUBLE)
        eta = mixed + mixed.T

        def loss(outputs, wanted):
            r = outputs - wanted
            return torch.einsum("bod,op,bpd->bd", r, eta, r)

    found = robustness(layer, (inputs, targets), loss, measure=measure, order=1, batch=5)
    expansion = expand_layer(layer, (9,), True, eta, measure)
    stack = torch.cat([inputs, targets], 1).numpy()
    expected = expansion.euler_lagrange(stack)[:, :2]
    np.testing.assert_allclose(found.euler_lagrange.numpy(), expected, atol=1e-11 * np.abs(expected).max())
    np.testing.assert_allclose(
        found.score.numpy(), np.linalg.norm(expected.reshape(12, -1), axis=1), rtol=1e-11
    )
    np.testing.assert_allclose(found.loss.numpy(), expansion.value(stack), rtol=1e-9, atol=1e-9)
    assert found.second_order is None


def test_of_a_quadratic_loss_the_second_order_is_exact() -> None:
    """E[(δI)²] = ε²‖g‖² + ε⁴(¼(tr H)² + ½‖H‖²) against H by brute force, then against 2000 draws."""
    layer = LConv(2, 2, Stencil((0.3,), radius=2, dtype=DOUBLE), dtype=DOUBLE)
    inputs, targets = fields(12, 0.05)
    targets = layer(inputs).detach() + 0.02 * targets
    found = robustness(layer, (inputs, targets), size=0.3, probes=16)
    hessian = torch.autograd.functional.hessian(
        lambda f: (layer(f[None]) - targets[:1]).square().sum(), inputs[0]
    ).reshape(16, 16)
    expected = 0.09 * (hessian.trace().square() / 4 + hessian.square().sum() / 2).sqrt()
    torch.testing.assert_close(found.second_order, expected.expand(12))
    assert (found.second_order > found.first_order).all()
    verified = found.verify(draws=2000, seed=1)
    torch.testing.assert_close(verified.measured, found.predicted, rtol=0.1, atol=0)
    first = robustness(layer, (inputs, targets), size=0.3, order=1)
    assert (first.predicted < 0.8 * verified.measured).any()


def test_of_a_network_it_is_each_samples_own_gradient() -> None:
    model, (inputs, targets) = mixed_network(), fields(7)

    expected = torch.stack([own_gradient(model, *pair) for pair in zip(inputs, targets, strict=True)])
    found = robustness(model, (inputs, targets), order=1, batch=3)
    torch.testing.assert_close(found.euler_lagrange, expected)
    torch.testing.assert_close(found.first_order, 0.1 * expected.flatten(1).norm(dim=1))
    assert all(p.grad is None for p in model.parameters())


def test_fewer_probes_estimate_the_curvature_that_all_probes_give() -> None:
    model, data = mixed_network(), fields(10)
    exact = robustness(model, data, probes=16).second_order
    rough = [robustness(model, data, probes=8, seed=seed).second_order for seed in range(30)]
    assert (exact / rough[0] - 1).abs().max() > 1e-3
    squares = torch.stack(rough).square().mean(0)
    assert (squares.sqrt() / exact - 1).abs().max() < 0.1


@pytest.mark.parametrize("probes", [4, 16])
def test_the_batch_changes_nothing_and_the_seed_fixes_all(probes: int) -> None:
    model, data = mixed_network(), fields(11)
    runs = [robustness(model, data, probes=probes, batch=batch, seed=3) for batch in (1, 4, 100)]
    for run in runs[1:]:
        torch.testing.assert_close(run.score, runs[0].score)
        torch.testing.assert_close(run.verify(draws=4).measured, runs[0].verify(draws=4).measured)
    again = robustness(model, data, probes=probes, batch=100, seed=3)
    assert torch.equal(again.score, runs[2].score)
    assert torch.equal(again.verify(seed=5).measured, runs[2].verify(seed=5).measured)


def test_cross_entropy_is_that_of_torch_for_images_and_for_every_pixel() -> None:
    head = nn.Linear(6, 4, dtype=DOUBLE)
    inputs, labels = torch.randn(9, 6, dtype=DOUBLE), torch.arange(9) % 4
    found = robustness(head, (inputs, labels), "cross_entropy", order=1)
    error = torch.softmax(head(inputs), 1) - nn.functional.one_hot(labels, 4)
    torch.testing.assert_close(found.euler_lagrange, (error @ head.weight).detach())
    pixels = nn.Conv2d(1, 3, 1, dtype=DOUBLE)
    maps = torch.randn(5, 1, 4, 4, dtype=DOUBLE)
    kinds = torch.randint(0, 3, (5, 4, 4))
    measure = torch.rand(4, 4, dtype=DOUBLE)
    dense = robustness(pixels, (maps, kinds), "cross_entropy", measure=measure, order=1)
    values = nn.functional.cross_entropy(pixels(maps), kinds, reduction="none").detach()
    torch.testing.assert_close(dense.loss, (measure * values).sum((1, 2)))


# ---- does it predict?


def test_the_score_predicts_the_change_and_the_controls_do_not() -> None:
    model, data = mixed_network(), fields(150)
    verified = robustness(model, data, seed=1).verify(seed=2)
    assert verified.correlations["score"] > 0.9
    assert verified.correlations["score"] > verified.correlations["loss"] + 0.02
    assert abs(verified.correlations["random"]) < 0.25
    assert verified.correlations["score"] < verified.ceiling + 0.02
    assert verified.ratio == pytest.approx(1, abs=0.1)
    shuffled = robustness(model, data).score[torch.randperm(150)]
    assert abs(rank_correlation(shuffled, verified.measured)) < 0.25


def test_noise_of_another_size_is_predicted_from_the_same_score() -> None:
    model, data = mixed_network(), fields(100)
    found = robustness(model, data, size=0.1)
    torch.testing.assert_close(found.predicted_at(0.02), robustness(model, data, size=0.02).predicted)
    assert found.verify(size=0.02).ratio == pytest.approx(1, abs=0.05)
    assert (found.predicted / found.predicted_at(0.02)).min() > 5


def test_a_fit_without_residual_is_judged_by_the_second_variation_alone() -> None:
    model, (inputs, _) = mixed_network(), fields(100, 2.0)
    data = (inputs, model(inputs).detach())
    first, second = robustness(model, data, order=1), robustness(model, data)
    assert first.score.max() == 0
    assert first.verify(draws=8).correlations["score"] == 0
    assert second.verify().correlations["score"] > 0.9


# ---- what goes in


def test_tensors_a_dataset_and_a_loader_are_the_same_data() -> None:
    model, data = mixed_network(), fields(10)
    expected = robustness(model, data).score
    dataset = TensorDataset(*data)
    for same in (list(data), dataset, DataLoader(dataset, batch_size=3)):
        torch.testing.assert_close(robustness(model, same, batch=4).score, expected)


def test_dropout_and_batch_normalisation_count_only_in_use() -> None:
    """In training mode they are refused, before a running mean has moved; after .eval() they are fine."""
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
    data = (torch.randn(12, 6), torch.randn(12, 3))
    with pytest.raises(ValueError, match=r"BatchNorm1d in training mode.*call \.eval\(\)"):
        robustness(model, data)
    assert model[1].running_mean.abs().max() == 0
    model[1].eval()
    with pytest.raises(ValueError, match="Dropout in training mode"):
        robustness(model, data)
    assert robustness(model.eval(), data).score.dtype == torch.float32


class Company(nn.Module):
    """Takes the mean of the batch off."""

    def forward(self, inputs):
        return inputs - inputs.mean(0)


class Drawing(nn.Module):
    """Adds noise even in use."""

    def forward(self, inputs):
        return inputs + 0.1 * torch.randn_like(inputs)


GOOD = (torch.randn(12, 3), torch.randn(12, 3))


@pytest.mark.parametrize("model", [Company(), Drawing()], ids=["interaction", "random numbers"])
def test_samples_that_interact_and_models_that_draw_are_refused(model: nn.Module) -> None:
    with pytest.raises(ValueError, match="depends on the batch that it is in, or changes from call to call"):
        robustness(model.eval(), GOOD)


@pytest.mark.parametrize(
    "data, options, message",
    [
        (GOOD, {"loss": "hinge"}, "got the loss 'hinge', expected mse, cross_entropy"),
        (GOOD, {"loss": nn.MSELoss()}, 'reduction="none"'),
        (GOOD, {"order": 3}, "expected 1 or 2"),
        (GOOD, {"size": 0.0}, "expected a positive number"),
        (GOOD, {"batch": 0}, "got batch=0"),
        ((GOOD[0].double(), GOOD[1].double()), {}, r"inputs of torch.float64 on cpu.*convert one of them"),
        (GOOD, {"measure": torch.ones(4)}, r"got a measure of shape \(4,\)"),
        (
            GOOD,
            {"loss": lambda outputs, targets: (outputs - targets).detach().square()},
            "without a gradient",
        ),
        ((GOOD[0], GOOD[1][:5]), {}, "the same count"),
        ((GOOD[0], GOOD[1][:, :2]), {}, "the same shape for the loss 'mse'"),
        ((GOOD[0].long(), GOOD[1]), {}, "expected real numbers"),
        ((GOOD[0] * torch.nan, GOOD[1]), {}, "not finite"),
        ((GOOD[0][:0], GOOD[1][:0]), {}, "at least 1"),
        ([GOOD[0]], {}, "pairs of tensors"),
        ([], {}, "got no samples"),
        (7, {}, "got data of type int"),
    ],
)
def test_what_has_no_meaning_is_refused_in_one_line(data, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refusal:
        robustness(nn.Linear(3, 3), data, **options)
    assert "\n" not in str(refusal.value)


class Once(torch.autograd.Function):
    """f ↦ f² with a gradient that cannot be differentiated again."""

    @staticmethod
    def forward(ctx, f):
        ctx.save_for_backward(f)
        return f.square()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        return 2 * ctx.saved_tensors[0] * gradient


def test_a_function_without_second_derivatives_has_the_first_order_only() -> None:
    inputs, targets = GOOD
    found = robustness(Once.apply, (inputs, targets), order=1)
    torch.testing.assert_close(found.euler_lagrange, 4 * (inputs.square() - targets) * inputs)
    with pytest.raises(ValueError, match="take order=1"):
        robustness(Once.apply, (inputs, targets))
    f = torch.randn(12, 1, 5, 8)
    with pytest.raises(ValueError, match=r"attention.* not implemented.*take order=1"):
        robustness(lambda f: nn.functional.scaled_dot_product_attention(f, f, f), (f, f))


def test_a_rank_correlation_needs_samples_and_draws() -> None:
    found = robustness(nn.Linear(3, 3), GOOD)
    with pytest.raises(ValueError, match="at least 2"):
        found.verify(draws=1)
    with pytest.raises(ValueError, match="at least 10"):
        robustness(nn.Linear(3, 3), (GOOD[0][:9], GOOD[1][:9])).verify()
