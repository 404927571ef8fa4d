"""Colours of pictures: spaces, transfer of mean and covariance, and transfer of whole distributions."""
