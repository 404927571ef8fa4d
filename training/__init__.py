"""Trains the embedded backbone. `python -m training --help`; see README.md."""
