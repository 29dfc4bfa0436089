"""The watch cache: every read and every watch of the API is served from encoded bytes in memory."""
