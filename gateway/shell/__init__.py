"""Where the gateway touches the world: database, broker, clock, signatures."""
