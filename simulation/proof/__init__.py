"""Proofs about the shipping code: searches that visit everything that can happen."""
