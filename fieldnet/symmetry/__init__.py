"""Discovery of symmetries: generators from pairs of data, and from the dynamics of fields and oscillators."""
