"""Help in the program: the guide, what a view shows now, a tour, and the explanation as Python."""
