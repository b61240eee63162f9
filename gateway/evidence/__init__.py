"""The sealed evidence package of a project: built from the recorder's files, signed, logged, handed out."""
