"""The agent on one board: drives doors, readers, cameras and displays, and keeps deciding when it is alone."""
