"""The trading platform's side of the gateway: one neutral model inside, one adapter per province, an outbox that loses nothing."""
