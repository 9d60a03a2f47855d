"""What deployment says when it can't."""


class DeployError(Exception):
    """It was not deployed; the text says why, what state the board is in, and what to do."""
