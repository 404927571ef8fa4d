"""Picture files and arrays to tensors and back, at any size. Knows nothing of networks, losses or runs."""
