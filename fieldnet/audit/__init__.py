"""Parts of the conservation audit: names of charges, controls, noise, symmetries within the errors."""
