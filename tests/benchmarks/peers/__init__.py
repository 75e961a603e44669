"""The frameworks that are compared, each doing the same work for the same requests."""
