"""Measured fields: their noise, the waves that stand out of it, and smoothing."""
