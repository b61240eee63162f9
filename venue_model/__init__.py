"""What exists in a venue and what must hold: the words, laws, wire bytes and hashes that all programs share.

Nothing here does I/O or asks for the time, except `tools/`, which reads files for the commands that work offline.
"""
