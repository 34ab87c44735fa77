"""The file of a store: its layout, written, opened, verified, rewritten and merged."""
