"""`python -m fastproxy`: the same command as `fastproxy`. Holds nothing of its own."""

from fastproxy.cli import main

if __name__ == "__main__":
    main()
