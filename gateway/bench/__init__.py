"""Floors and load for `bidhall bench`: what the broker alone costs, and simulated agents that cost next to nothing."""
