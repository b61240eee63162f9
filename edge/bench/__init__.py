"""Figures of the edge for `bidhall bench`."""
