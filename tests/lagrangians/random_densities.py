"""Random densities for property tests: all operations and functions of the allow-list, nested twice."""

import sympy
from hypothesis import strategies as st

from lagrangians.jets import jet_space
from lagrangians.parser import FUNCTIONS

JETS = jet_space(("phi", "u_1"), ("t", "x"))
PARAMETERS = sympy.symbols("c lambda")
PLACES = [(0, (0, 0)), (0, (1, 0)), (0, (0, 1)), (0, (1, 1)), (1, (0, 0)), (1, (0, 2))]
NAMES = [*(JETS.function(*place) for place in PLACES), *JETS.coordinates, *PARAMETERS]
NUMBERS = [
    *map(sympy.Integer, (-3, -1, 2, 7)),
    *(sympy.Rational(p, q) for p, q in ((1, 2), (-2, 3), (5, 4))),
    *map(sympy.Float, (0.1, -1.25, 1e-7, 250.0)),
    sympy.pi,
]

names = st.sampled_from(NAMES)
atoms = st.one_of(names, names, st.sampled_from(NUMBERS))
HALF = sympy.Rational(1, 2)


def is_real_and_finite(expression: sympy.Expr) -> bool:
    numbers = (e for e in sympy.postorder_traversal(expression) if e.is_number)
    odd = expression.has(sympy.nan, sympy.zoo, sympy.oo, sympy.I)
    return not odd and all(n.is_real and 1e-12 < abs(n.evalf()) < 1e12 for n in numbers)


def sums_of_products(of: st.SearchStrategy, factors: int, powers: tuple) -> st.SearchStrategy:
    factor = st.builds(lambda base, power: base**power, of, st.sampled_from(powers))
    product = st.lists(factor, min_size=1, max_size=factors).map(lambda factors: sympy.Mul(*factors))
    total = st.lists(product, min_size=1, max_size=3).map(lambda terms: sympy.Add(*terms))
    return total.filter(is_real_and_finite)


def functions_of(inner: st.SearchStrategy) -> st.SearchStrategy:
    functions = st.sampled_from(list(FUNCTIONS.values()))
    arguments = sums_of_products(inner, factors=2, powers=(-1, 1, 1, 2, HALF))
    applied = st.builds(lambda function, argument: function(argument), functions, arguments)
    return applied.filter(is_real_and_finite)


simple = functions_of(atoms)
nested = functions_of(st.one_of(atoms, simple))
densities = sums_of_products(st.one_of(atoms, simple, nested), factors=3, powers=(-2, -1, 1, 1, 2, 3, HALF))
