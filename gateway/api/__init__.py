"""The gateway's HTTP and WebSocket face: what the dashboard and other programs may ask and do."""
