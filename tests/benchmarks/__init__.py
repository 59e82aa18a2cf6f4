"""Benchmarks: figures as ratios to something measured in the same run; no test asserts them."""
