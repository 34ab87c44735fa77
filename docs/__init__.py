"""Pages of documentation, and the scripts that draw their pictures."""
