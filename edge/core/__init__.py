"""The agent's decisions: pure functions of state, event and now."""
