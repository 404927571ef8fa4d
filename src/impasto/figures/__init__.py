"""Figures: labelled contact sheets of pictures, and plots of losses by matplotlib."""
