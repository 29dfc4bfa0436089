"""What tests share: virtual time, an API server in memory with faults, pytest fixtures."""
