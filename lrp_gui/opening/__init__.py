"""Between a file and its network: why there is none, how tensors are connected, whether a program may run."""
