"""The scale of layers: modules folded by their paths, opened in place."""
