"""Benchmarks: each script prints its figures; `python -m bench` (make bench) runs them all. They never fail by the clock."""
