"""The gateway's decisions: pure functions of state, event and now."""
