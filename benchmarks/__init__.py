"""Timings as ratios or against stated targets; `python -m benchmarks` runs them and writes JSON results."""
