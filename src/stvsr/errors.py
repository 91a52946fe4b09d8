"""The one exception that users see: a single line that says what is wrong and what to do."""


class StvsrError(Exception):
    """A problem with the user's input or surroundings.

    The message is one line, names the offending file or value and says what to do about it. The command
    line prints it without a traceback and exits with code 2.
    """
