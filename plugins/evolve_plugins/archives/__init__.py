"""Archives: which trials are kept to breed from."""
