"""Tokens × layers: the residual stream of a transformer, or the steps of a recurrent network, as a grid."""
