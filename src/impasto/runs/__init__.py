"""Runs: from inputs to a finished file, with its record, checkpoints, and what it will take of time and memory.

Read `run`, `record` and `checkpoint`, then `memory` and `forecast` with `trials`, and `claims`. The API may import it.
"""
