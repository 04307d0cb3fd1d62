"""W⁰f + Σ_k W^k L_k f and its gradients in every order of products, and the memory that they take."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from fieldnet.contraction import contract_factors, contract_matrices, keeps_stack, mixes_first

DOUBLE = torch.float64
# count, outputs, inputs: W first; W first, several generators at once; L first, kept; L first, not kept
SIZES = [(2, 3, 4), (3, 2, 5), (3, 4, 1), (1, 4, 2), (8, 8, 4), (3, 3, 2)]


def einsum(weight, features, matrices, identity=None):
    """The layer as it is written in the paper's code."""
    result = torch.einsum("kdf,bcf,koc->bod", matrices, features, weight)
    return result if identity is None else result + torch.einsum("bcd,oc->bod", features, identity)


def tensors(count, outputs, inputs, batch=3, nodes=5, dtype=DOUBLE):
    shapes = ((count, outputs, inputs), (batch, inputs, nodes), (count, nodes, nodes), (outputs, inputs))
    generator = torch.Generator().manual_seed(count + 10 * outputs + 100 * inputs)
    return [torch.randn(s, dtype=dtype, generator=generator).requires_grad_() for s in shapes]


def test_sizes_cover_every_order():
    assert {(mixes_first(*size), keeps_stack(*size)) for size in SIZES} >= {
        (True, False),
        (False, True),
        (False, False),
    }


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("identity", [True, False], ids=["W⁰", "no W⁰"])
def test_matrices_equal_the_einsum(size, identity):
    """Forward and all gradients, to round-off."""
    given = tensors(*size)[: 4 if identity else 3]
    result, expected = contract_matrices(*given), einsum(*given)
    torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)
    g = torch.randn_like(result)
    found, truth = torch.autograd.grad(result, given, g), torch.autograd.grad(expected, given, g)
    torch.testing.assert_close(found, truth, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_only_what_is_asked_for(size):
    """Each input's gradient alone."""
    for place in range(4):
        given = tensors(*size)
        for other in range(4):
            given[other].requires_grad_(other == place)
        (found,) = torch.autograd.grad((contract_matrices(*given) ** 2).sum(), given[place])
        (truth,) = torch.autograd.grad((einsum(*given) ** 2).sum(), given[place])
        torch.testing.assert_close(found, truth, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("size", SIZES[1:5], ids=str)
def test_derivatives_of_every_order_and_mode(size):
    """Backward, forward, batched; twice, and forward over backward."""
    given = tensors(*size, batch=2, nodes=3)
    options = {"check_batched_grad": True, "fast_mode": True}
    assert torch.autograd.gradcheck(contract_matrices, given, check_forward_ad=True, **options)
    assert torch.autograd.gradgradcheck(contract_matrices, given, check_fwd_over_rev=True, **options)


@pytest.mark.parametrize("size", SIZES[1:5], ids=str)
@pytest.mark.parametrize(
    "mapped", [(None, 0, None, None), (0, None, None, 0), (None, None, 0, None)], ids=str
)
def test_vmap_of_values_and_gradients(size, mapped):
    """An ensemble in any of the tensors equals one after the other."""
    given = [t.detach() for t in tensors(*size)]
    many = [
        t if axis is None else torch.stack([t, 2 * t, t**2]) for t, axis in zip(given, mapped, strict=True)
    ]

    def gradients(contract):
        return torch.func.grad(lambda *t: (contract(*t) ** 2).sum(), argnums=(0, 1, 2, 3))

    for mine, truth in ((contract_matrices, einsum), (gradients(contract_matrices), gradients(einsum))):
        found, expected = torch.vmap(mine, mapped)(*many), torch.vmap(truth, mapped)(*many)
        torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-11)


def test_single_precision_on_large_matrices():
    """Where another kernel multiplies: within the round-off of single precision."""
    given = tensors(2, 3, 3, batch=40, nodes=300, dtype=torch.float32)
    exact = [t.detach().double().requires_grad_() for t in given]
    result, truth = contract_matrices(*given), einsum(*exact)
    g = torch.randn_like(result)
    for found, expected in zip(
        (result, *torch.autograd.grad(result, given, g)),
        (truth, *torch.autograd.grad(truth, exact, g.double())),
        strict=True,
    ):
        error = (found.double() - expected).norm() / expected.norm()
        assert error < 1e-6


def test_no_generators():
    weight, features, matrices, identity = tensors(1, 3, 4)
    torch.testing.assert_close(
        contract_matrices(weight[:0], features, matrices[:0], identity),
        torch.einsum("bcd,oc->bod", features, identity),
    )
    assert not contract_matrices(weight[:0], features, matrices[:0]).any()


def test_complex_features():
    given = tensors(2, 3, 4)
    given = [torch.complex(t, t.flip(0)).detach().requires_grad_() for t in given]
    loss = [torch.view_as_real(c(*given)).square().sum() for c in (contract_matrices, einsum)]
    torch.testing.assert_close(*(torch.autograd.grad(one, given) for one in loss))


@pytest.mark.parametrize("size", [(4, 8, 1), (4, 3, 3), (6, 2, 5)], ids=str)
@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
def test_factors_equal_the_einsum(size, shared):
    """Σ_k W^k U_k V_k f in both orders: forward, gradients, double gradients."""
    count = size[0]
    weight, features, _, identity = tensors(*size, nodes=6)
    left = torch.randn(count, 6, 2, dtype=DOUBLE, requires_grad=True)
    right = torch.randn(1 if shared else count, 2, 6, dtype=DOUBLE, requires_grad=True)
    given = (weight, features, left, right, identity)

    def truth(weight, features, left, right, identity):
        return einsum(weight, features, left @ right, identity)

    result, expected = contract_factors(*given), truth(*given)
    torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-12)
    g = torch.randn_like(result)
    found = torch.autograd.grad(result, given, g)
    torch.testing.assert_close(found, torch.autograd.grad(expected, given, g), rtol=1e-12, atol=1e-12)
    assert torch.autograd.gradgradcheck(contract_factors, given, fast_mode=True)


class LargestTensor(TorchDispatchMode):
    """Entries in the storage of the largest tensor that any operation returns."""

    entries = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                stored = tensor.untyped_storage().nbytes() // tensor.element_size()
                self.entries = max(self.entries, stored)
        return result


def largest(contract, given):
    with LargestTensor() as seen:
        torch.autograd.grad((contract(*given)).sum(), given)
    return seen.entries


@pytest.mark.parametrize("outputs, inputs", [(4, 4), (4, 12), (12, 4), (1, 4)])
def test_no_stack_of_all_moved_features(outputs, inputs):
    """Nothing of n_L·batch·channels·d entries; the plain einsum, the control, has such a tensor."""
    count, batch, nodes = 9, 30, 7
    given = tensors(count, outputs, inputs, batch, nodes)
    assert largest(contract_matrices, given) <= batch * max(outputs, inputs) * nodes
    assert largest(einsum, given) >= count * batch * inputs * nodes
    weight, features, _, identity = given
    factors = [torch.randn(s, dtype=DOUBLE, requires_grad=True) for s in ((count, nodes, 1), (1, 1, nodes))]
    low_rank = (weight, features, *factors, identity)
    assert largest(contract_factors, low_rank) <= 2 * batch * max(outputs, inputs) * nodes
