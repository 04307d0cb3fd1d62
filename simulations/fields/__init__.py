"""What `FieldSystem` is made of: jets on a grid, forces from a density, theories solved in modes."""
