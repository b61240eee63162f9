"""What exists in a venue and what must hold: the words, laws, wire bytes and hashes that all programs share.  No I/O."""
