"""Runs: from inputs to a finished file, with its record and checkpoints, and the forecast of its time and memory.

Read `run`, `record` and `checkpoint`, then `memory` and `forecast` with `trials`, `outputs` and `claims`. `impasto.api`
and the packages above it may import this one.
"""
