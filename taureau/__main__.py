"""The command `taureau`, also as `python -m taureau` where its script is not on the PATH.

It loads nothing before Ctrl-C is safe: in the middle of an import, it would print a traceback.
"""

import signal


def main() -> None:
    """Run the command line and exit with its code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # and not ignored, as by `nohup`
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from taureau.cli import main as run

    run()


if __name__ == "__main__":
    main()
