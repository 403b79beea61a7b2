"""From modules to graphs, by `torch.export` or along the path of an example; known families and own code."""
