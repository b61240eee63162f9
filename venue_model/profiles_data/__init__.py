"""Shipped policy profiles."""
