"""The program as one of the desktop's: in its menu, behind its icons, one instance for a user."""
