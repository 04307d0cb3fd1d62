"""What `load` is made of: files as they come, the normal form of fields, the guess of a boundary."""
