"""The local time zone as a value that knows each date's own offset. Pure but for the zone."""

from datetime import UTC, datetime, timedelta, tzinfo


class LocalZone(tzinfo):
    """What `datetime.astimezone()` would say, also of dates on the other side of summer time."""

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        """Return the offset that holds here at a time of the clock."""
        return _here(when).utcoffset()

    def dst(self, when: datetime | None) -> timedelta | None:
        """Leave open what of the offset is summer time: nobody asks."""
        del when
        return None

    def tzname(self, when: datetime | None) -> str | None:
        """Return what the zone is called at a time of the clock."""
        return _here(when).tzname()

    def fromutc(self, when: datetime) -> datetime:
        """Return a time that is given in UTC as the clock here shows it."""
        return when.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)

    def __repr__(self) -> str:
        return "LocalZone()"


def _here(when: datetime | None) -> datetime:
    wall = datetime.now() if when is None else when.replace(tzinfo=None)
    return wall.astimezone()
