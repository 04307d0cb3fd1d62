"""The experiments of the paper on L-conv, beside its numbers and beside controls."""
