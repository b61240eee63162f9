"""The venue's own certificate authority: who is a board, who is the gateway, and who is no longer."""
