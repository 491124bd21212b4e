"""What can go wrong for the whole run, as a small hierarchy that carries what to do about it.

A fault of one file is never an exception: it is a :class:`ray_lineage.model.Diagnostic` of that file.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0
    FINDINGS = 1
    """Done, but diagnostics at or above ``--fail-on``, dead letters, or an unhealthy cache were found; no watch runs."""
    USAGE = 2
    """Could not run: usage, configuration, a path that does not exist."""
    UNAVAILABLE = 3
    """Could not finish, a later try may succeed: store away or locked."""
    REFUSED = 4
    """Refused in order to protect data: mass removal, a store written by a newer version."""
    BUG = 101
    """A fault of ray_lineage itself."""
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class RayLineageError(Exception):
    """Base of every error that ends a run.

    ``code`` is stable (``RL2xx``); ``where`` names the setting, file or line at fault; ``help`` says what to do.
    """

    exit_code = ExitCode.UNAVAILABLE

    def __init__(self, code: str, message: str, *, where: str | None = None, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.help = help

    def __reduce__(self) -> tuple[object, ...]:
        # crosses process borders inside Ray with all its parts
        return (_rebuild, (type(self), self.code, self.message, self.where, self.help))


def first_line(error: BaseException) -> str:
    """One line of at most 300 characters that says what happened, for a message of ours."""
    return str(error).strip().split("\n")[0][:300] or type(error).__name__


def _rebuild(
    kind: type[RayLineageError], code: str, message: str, where: str | None, hint: str | None
) -> RayLineageError:
    return kind(code, message, where=where, help=hint)


class UsageError(RayLineageError):
    """Wrong arguments, a path that does not exist, a bad setting (RL20x)."""

    exit_code = ExitCode.USAGE


class SettingsError(UsageError):
    """An unknown key or a bad value in flags, environment or a settings file (RL200)."""


class StoreUnavailable(RayLineageError):
    """The graph store is away, locked or refuses us; a later try may succeed (RL21x)."""


class StoreForbids(StoreUnavailable):
    """The store refuses us (password, rights, address), and will until somebody changes that: not to be tried again soon."""


class StoreRefused(RayLineageError):
    """Going on could destroy data: newer schema version, mass removal, foreign file (RL22x)."""

    exit_code = ExitCode.REFUSED


class NotRunning(RayLineageError):
    """A command for a running ``watch``, and there is none (RL241), or it did not come to rest in time (RL242)."""

    exit_code = ExitCode.FINDINGS


class Interrupted(RayLineageError):
    """The run was stopped by a signal; what was written is whole and the next run goes on from there."""

    def __init__(self, signum: int) -> None:
        super().__init__(
            "RL290",
            f"stopped by signal {signum}",
            help="what was written is whole; the same command goes on from there",
        )
        self.signum = signum
        known = {1: ExitCode.HUNG_UP, 15: ExitCode.TERMINATED}
        self.exit_code = known.get(signum, ExitCode.INTERRUPTED)

    def __reduce__(self) -> tuple[object, ...]:
        return (Interrupted, (self.signum,))
