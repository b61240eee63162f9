"""The venue prover behind `bidhall check`: laws that can be decided from the floor plan before anyone enters."""
