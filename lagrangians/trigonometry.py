"""Products of sines and cosines as sums over multiple angles."""

from __future__ import annotations

import sympy

Waves = dict[sympy.Expr, sympy.Expr]


def multiple_angles(expression: sympy.Expr) -> sympy.Expr:
    """Fourier form: cos²u → (1 + cos 2u)/2, sin u cos u → sin(2u)/2, cos u cos w → ½cos(u−w) + ½cos(u+w).

    Each term of the expanded expression is a product of powers of cos u = (e^{iu} + e^{−iu})/2 and
    sin u = (e^{iu} − e^{−iu})/2i with a rest; the exponentials are multiplied out and the real part is
    kept. In this form cos²u + sin²u is 1, and terms with distinct angles are linearly independent.
    """
    return sympy.Add(*(_fourier(term) for term in sympy.Add.make_args(sympy.expand(expression))))


def _fourier(term: sympy.Expr) -> sympy.Expr:
    waves: Waves = {sympy.S.Zero: sympy.S.One}
    rest = []
    count = 0
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if isinstance(base, sympy.cos | sympy.sin) and exponent.is_Integer and exponent > 0:
            count += int(exponent)
            for _ in range(int(exponent)):
                waves = times_wave(waves, base.args[0], *_HALVES[base.func])
        else:
            rest.append(factor)
    if count < 2:
        return term
    real = sympy.Add(
        *(sympy.re(c) * sympy.cos(angle) - sympy.im(c) * sympy.sin(angle) for angle, c in waves.items())
    )
    return sympy.expand(sympy.Mul(*rest) * real)


_HALVES = {
    sympy.cos: (sympy.S.Half, sympy.S.Half),
    sympy.sin: (-sympy.I / 2, sympy.I / 2),
}


def times_wave(waves: Waves, angle: sympy.Expr, up: sympy.Expr, down: sympy.Expr) -> Waves:
    """Σ a_θ e^θ, as {θ: a_θ}, times up·e^angle + down·e^−angle (for sines and cosines θ stands for iθ)."""
    product: Waves = {}
    for other, amplitude in waves.items():
        for shifted, part in ((other + angle, up), (other - angle, down)):
            shifted = sympy.expand(shifted)
            product[shifted] = product.get(shifted, sympy.S.Zero) + amplitude * part
    return product
