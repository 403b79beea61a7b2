"""Pictures of the inputs: maps, contours, tokens as shaded text, series, time by feature."""
