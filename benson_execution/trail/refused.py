"""What every store says when it refuses: one sentence for each reason, the same in all of them."""

from __future__ import annotations

from benson_execution.errors import (
    DispatchClosed,
    PacAlreadyWrapped,
    StatusConflict,
    StillHeld,
    TrailUnavailable,
    WrapIdTaken,
)
from benson_execution.trail.port import WrapClaim


def refuse_wrapped(pac_id: str, wrap_id: str) -> PacAlreadyWrapped:
    """The error of every store for a second WRAP of a PAC."""
    return PacAlreadyWrapped(f"{pac_id} is closed by {wrap_id}", wrap_id=wrap_id)


def refuse_taken(claim: WrapClaim, next_number: int) -> WrapIdTaken:
    """The error of every store for a WRAP id that another PAC has."""
    return WrapIdTaken(f"{claim.wrap_id} is taken", next_number=next_number)


def refuse_closed(dispatch_id: str) -> DispatchClosed:
    """The error of every store for an append to a closed dispatch."""
    return DispatchClosed(f"dispatch {dispatch_id} is closed and takes no more events")


def refuse_status(dispatch_id: str, recorded: str, offered: str) -> StatusConflict:
    """The error of every store for a second, different end of a dispatch."""
    return StatusConflict(f"dispatch {dispatch_id} is closed as {recorded}, and can't be {offered}")


def refuse_seizure(dispatch_id: str) -> StillHeld:
    """The error of every store for closing a dispatch that somebody went on with."""
    return StillHeld(f"dispatch {dispatch_id} was taken up by another process")


def unavailable(where: str, error: BaseException) -> TrailUnavailable:
    """The error of every store that can't be read or written, with the cause in one line."""
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    return TrailUnavailable(
        f"the trail at {where} is not available: {cause[0] if cause else type(error).__name__}",
        "nothing was decided; check that the place exists, is writable and has room",
    )
