"""All samples at once: what every feature got in every sample."""
