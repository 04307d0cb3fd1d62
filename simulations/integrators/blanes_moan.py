"""Symplectic splittings with the smallest known errors for their cost.

S. Blanes, P. C. Moan, Practical symplectic partitioned Runge–Kutta and Runge–Kutta–Nyström methods,
J. Comput. Appl. Math. 142 (2002) 313: S₆ of Table 2 (order 4) and SRKN₁₄ᵃ of Table 3 (order 6).

On a pendulum, at an equal number of forces, the error of `blanes_moan4` is more than 15 times smaller than
that of `yoshida4` and that of `blanes_moan6` more than 1000 times smaller than that of the triple jump of
order 6 (tests/simulations/test_integrators.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from .composition import SymplecticSplitting


def palindrome(half: Sequence[float], total_is_even: bool) -> tuple[float, ...]:
    """The palindromic coefficients of sum 1 that begin like this.

    One more is found from the sum: the doubled middle pair, or the single middle one.
    """
    if total_is_even:
        half = (*half, 0.5 - sum(half))
        return (*half, *half[::-1])
    return (*half, 1 - 2 * sum(half), *half[::-1])


blanes_moan4 = SymplecticSplitting(
    "blanes_moan4",
    4,
    drifts=palindrome((0.0792036964311957, 0.353172906049774, -0.0420650803577195), total_is_even=False),
    kicks=palindrome((0.209515106613362, -0.143851773179818), total_is_even=True),
    proposed_part=0.25,
)

blanes_moan6 = SymplecticSplitting(
    "blanes_moan6",
    6,
    drifts=palindrome(
        (
            0.0378593198406116,
            0.102635633102435,
            -0.0258678882665587,
            0.314241403071447,
            -0.130144459517415,
            0.106417700369543,
            -0.00879424312851058,
        ),
        total_is_even=False,
    ),
    kicks=palindrome(
        (
            0.09171915262446165,
            0.183983170005006,
            -0.05653436583288827,
            0.004914688774712854,
            0.143761127168358,
            0.328567693746804,
        ),
        total_is_even=True,
    ),
    proposed_part=0.3,
)
