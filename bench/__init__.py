"""How fast the engine is, measured on data of its own: `make bench`, or `python -m bench --help`."""
