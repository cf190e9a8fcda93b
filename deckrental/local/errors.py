"""What goes wrong with an embedded service, told to somebody who wanted to see a web page."""

import sys


class LocalServiceError(RuntimeError):
    """An embedded server cannot be had on this machine.

    `service` is its name, `variable` the setting that makes it unnecessary, `reason` what happened.
    """

    def __init__(self, service: str, variable: str, reason: str) -> None:
        self.service, self.variable, self.reason = service, variable, reason
        super().__init__(
            f"The project's own {service} could not be started.\n{reason.rstrip()}\n"
            f"To go on without it, set {variable} to a {service} that you run yourself."
        )


def tell(text: str) -> None:
    """Something that the owner of the machine should know, on standard error."""
    sys.stderr.write(f"deckrental: {text}\n")
    sys.stderr.flush()
