"""What `simulate` is made of: checked arguments, frames on disk, checkpoints, blow-up, metadata."""
