"""Runs every benchmark and prints one table after the other; python -m bench.intake --full and bench.soak take hours."""

from bench import copies, intake, polling, stages, tagging

if __name__ == "__main__":
    stages.main()
    tagging.main()
    polling.main()
    copies.main()
    intake.main([])
