"""Colours as numbers: spaces, transfer of mean and covariance, histograms. Nothing here knows files or a config."""
