"""What `benchmarks/performance.py` measures, one module for each part."""
