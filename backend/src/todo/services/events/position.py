"""The position of a stream in the change log, and the events after it."""

from collections.abc import Sequence
from typing import NamedTuple

from todo.core.database.session import Row
from todo.core.security.tokens import TokenSigner
from todo.domain.changes import InvalidSyncTokenError
from todo.schemas.changes.events import ChangeEvent
from todo.services.authentication import Principal
from todo.services.sync.tokens import SyncToken, read_token, write_token


class Event(NamedTuple):
    """A block of server-sent events (HTML, section 9.2). A block without any field is a comment.

    Attributes:
        name: the name of the event; None for a block that only sets `id` and `retry`.
        data: the content of an event with a name.
        id: the sync token of its position.
        retry: after how many milliseconds the client connects again.
    """

    name: str | None = None
    data: ChangeEvent | None = None
    id: str | None = None
    retry: int | None = None


class Position:
    """The position of a stream in the change log of its user.

    Args:
        signer: signs the ids of events.
        principal: the user of the stream.
        clock: the row of `SELECT_CLOCK`. The position is behind the last change.

    Attributes:
        seq: the number of the last change before the position.
    """

    __slots__ = ("_epoch", "_kept", "_signer", "_user_id", "seq")

    def __init__(self, signer: TokenSigner, principal: Principal, clock: Row) -> None:
        self._signer = signer
        self._user_id = principal.id
        self._epoch = clock["epoch"]
        self._kept = range(clock["swept_seq"], clock["seq"] + 1)
        self.seq: int = clock["seq"]

    @property
    def token(self) -> str:
        """The position as a sync token."""
        return write_token(self._signer, self._user_id, SyncToken(self._epoch, self.seq))

    def resume(self, last_event_id: str) -> bool:
        """Move behind the event with this id. Return False if the log lacks changes after that event."""
        try:
            token = read_token(self._signer, self._user_id, last_event_id)
        except InvalidSyncTokenError:
            return False
        if token.epoch != self._epoch or token.seq not in self._kept:
            return False
        self.seq = token.seq
        return True

    def advance(self, rows: Sequence[Row], size: int) -> list[Event]:
        """Move behind the first `size` rows, and return their events.

        Only the last event of a batch has an id, so that a client never continues in the middle of a request.

        Args:
            rows: changes after the position.
            size: how many rows become events. A further row tells whether the last batch is complete.
        """
        events = []
        for row, following in zip(rows[:size], [*rows[1:], None], strict=False):
            self.seq = row["seq"]
            is_last = following is None or following["batch"] != row["batch"]
            data = ChangeEvent(type=row["type"], id=row["id"], action=row["action"])
            events.append(Event("change", data, self.token if is_last else None))
        return events
