"""Point symmetries of a field from trajectories: a null space in weak form, told from noise."""
