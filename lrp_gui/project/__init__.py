"""Sessions: what a person makes of a network, kept in a project file, and in a journal until it is."""
