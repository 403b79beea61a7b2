"""What is done to a graph, wherever it came from: names, shapes, a canonical form, kinds of operations, bounds."""
