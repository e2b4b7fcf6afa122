"""Runs every benchmark and prints one table after the other."""

from bench import stages

if __name__ == "__main__":
    stages.main()
