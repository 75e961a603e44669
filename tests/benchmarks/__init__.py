"""What one request costs in dualapp and in its peers; see README.md."""
