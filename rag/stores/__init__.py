"""Vector stores: indexes that can be thrown away and built again from the record. One vendor, one file."""
