"""Equations of motion from data, and the Lagrangian behind them.

Every equation is a sum of `Atom`s. A density term gives atoms by its Euler–Lagrange expression; the weak form
puts the derivatives of an atom onto test functions; regression finds the coefficients with their covariance;
the Helmholtz conditions on those coefficients are the verdict.
"""
