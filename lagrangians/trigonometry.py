"""Products of sines and cosines as sums over multiple angles."""

from __future__ import annotations

import sympy


def multiple_angles(expression: sympy.Expr) -> sympy.Expr:
    """Fourier form: cos²u → (1 + cos 2u)/2, sin u cos u → sin(2u)/2, cos u cos w → ½cos(u−w) + ½cos(u+w).

    Each term of the expanded expression is a product of powers of cos u = (e^{iu} + e^{−iu})/2 and
    sin u = (e^{iu} − e^{−iu})/2i with a rest; the exponentials are multiplied out and the real part is
    kept. In this form cos²u + sin²u is 1, and terms with distinct angles are linearly independent.
    """
    return sympy.Add(*(_fourier(term) for term in sympy.Add.make_args(sympy.expand(expression))))


def _fourier(term: sympy.Expr) -> sympy.Expr:
    waves: dict[sympy.Expr, sympy.Expr] = {sympy.S.Zero: sympy.S.One}
    rest = []
    count = 0
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if isinstance(base, sympy.cos | sympy.sin) and exponent.is_Integer and exponent > 0:
            count += int(exponent)
            for _ in range(int(exponent)):
                waves = _times(waves, base)
        else:
            rest.append(factor)
    if count < 2:
        return term
    real = sympy.Add(
        *(sympy.re(c) * sympy.cos(angle) - sympy.im(c) * sympy.sin(angle) for angle, c in waves.items())
    )
    return sympy.expand(sympy.Mul(*rest) * real)


def _times(waves: dict[sympy.Expr, sympy.Expr], factor: sympy.Expr) -> dict[sympy.Expr, sympy.Expr]:
    angle, half = factor.args[0], sympy.Rational(1, 2)
    up, down = (half, half) if isinstance(factor, sympy.cos) else (-sympy.I * half, sympy.I * half)
    product: dict[sympy.Expr, sympy.Expr] = {}
    for other, amplitude in waves.items():
        for shifted, part in ((other + angle, up), (other - angle, down)):
            shifted = sympy.expand(shifted)
            product[shifted] = product.get(shifted, sympy.S.Zero) + amplitude * part
    return product
