"""Source text of a sine and a cosine without branches, for loops that a compiler turns into vector code."""

from __future__ import annotations

from string import Template

# sin r = r + r³ P(r²) on |r| ≤ π/2, P the Chebyshev interpolant of degree 6 in r²; error 7.3e-16.
POLYNOMIAL = (
    -0.1666666666666665,
    0.008333333333325928,
    -0.00019841269836466636,
    2.7557318055221206e-06,
    -2.505197288121006e-08,
    1.6050970646122487e-10,
    -7.408031343670488e-13,
)

# π as a sum of three parts, so few bits in the first two that their products with n are exact.
SPLIT_PI = {
    "float64": (3.1415926534682512, 1.2154201012607932e-10, 4.044532497591901e-21),
    "float32": (3.140625, 0.0009675025939941406, 1.5099578831723193e-07),
}
_ROUNDING = {"float64": 1.5 * 2**52, "float32": 1.5 * 2**23}  # adding it rounds to the nearest integer
_WHOLE = {"float64": "int64", "float32": "int32"}

_TEMPLATE = Template('''
real, whole = np.$real, np.$whole
ROUNDING, INVERSE_PI, HALF = real($rounding), real(0.3183098861837907), real(0.5)
PI_1, PI_2, PI_3 = real($pi_1), real($pi_2), real($pi_3)
SIGN = whole($sign)
$coefficients


def alternating(r, shifted):
    """(−1)^n sin r, n the integer in the lowest bit of `shifted`."""
    s = r * r
    p = $horner
    y = real(r + r * s * p)
    return whole(y.view(whole) ^ (real(shifted).view(whole) << SIGN)).view(real)


def sine(x):
    """sin x by x = nπ + r, |r| ≤ π/2."""
    shifted = x * INVERSE_PI + ROUNDING
    n = shifted - ROUNDING
    return alternating(((x - n * PI_1) - n * PI_2) - n * PI_3, shifted)


def cosine(x):
    """cos x = sin(x + π/2) by x = (n − ½)π + r, |r| ≤ π/2."""
    shifted = (x * INVERSE_PI + HALF) + ROUNDING
    n = (shifted - ROUNDING) - HALF
    return alternating(((x - n * PI_1) - n * PI_2) - n * PI_3, shifted)
''')

LARGEST_ARGUMENT = {"float64": 1e6, "float32": 2e4}


def elementary_source(dtype: str) -> str:
    """Text that defines `real`, `sine` and `cosine` for NumPy scalars of dtype "float64" or "float32".

    For |x| ≤ LARGEST_ARGUMENT the absolute error is at most 4 units of the last place of 1: 1e-15 in
    float64, 5e-7 in float32. Beyond, the argument's own last place limits it.
    """
    first, second, third = SPLIT_PI[dtype]
    names = [f"C{i}" for i in range(len(POLYNOMIAL))]
    horner = names[-1]
    for name in reversed(names[:-1]):
        horner = f"({horner}) * s + {name}"
    return _TEMPLATE.substitute(
        real=dtype,
        whole=_WHOLE[dtype],
        rounding=_ROUNDING[dtype],
        pi_1=first,
        pi_2=second,
        pi_3=third,
        sign=63 if dtype == "float64" else 31,
        coefficients="\n".join(f"{n} = real({c!r})" for n, c in zip(names, POLYNOMIAL, strict=True)),
        horner=horner,
    )
