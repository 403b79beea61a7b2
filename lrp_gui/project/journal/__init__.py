"""The journal: what is edited reaches the disk at once, and is offered back when the program was ended by force."""
