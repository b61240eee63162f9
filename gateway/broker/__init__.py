"""The venue's MQTT broker as a child of the gateway: who may log in, what each may read and write, and keeping it up."""
