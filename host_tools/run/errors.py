"""What can go wrong on the host's side of a run, each with words for the person who started it."""


class UsageError(Exception):
    """The command line, a rock or a scenario file asks for something that does not exist. Exit status 2,
    nothing was run.
    """


class RunError(Exception):
    """The target failed while it ran (its program died, or broke the protocol). Exit status 4; what came so
    far is kept.

    `details` is what only a developer reads: it goes into the run folder, not on the screen.
    """

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class Interrupted(KeyboardInterrupt):
    """The person pressed Ctrl-C (or the process was asked to end). Exit status 130.

    A subclass of KeyboardInterrupt, so that the session, which runs on MicroPython too and knows no host
    class, makes the payload safe in its one `except KeyboardInterrupt`.
    """
