"""Where the agent touches the world: loop, journal, broker link, drivers."""
