"""Raw recordings into a store: read in parallel, bodies chosen, kept when stopped, written once."""
