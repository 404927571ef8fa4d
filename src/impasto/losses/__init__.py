"""Losses: pure functions on tensors, one family a file; nothing here knows a network."""
