"""Who is where, rebuilt from what the doors saw, and what follows from it.

Everything is a function of the journal's lines ordered by the time at which they happened: boards that were away tell late, twice, and
out of order among each other, and the picture is the same in the end.
"""
