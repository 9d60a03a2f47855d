"""DS3231 clock (Maxim 19-5170): the mission clock, which runs on when all else is off."""

from micropython import const

from rochette.drivers.i2c_part import I2cPart
from rochette.hal.i2c import Bus

_SECONDS = const(0x00)
_STATUS = const(0x0F)
# Status: the oscillator has stopped since the time was set.
_STOPPED = const(0x80)
# Time, alarms, control, status, ageing and temperature stand in a row.
_ROW = const(19)
_ALARM = const(0x07)
_CONTROL = const(0x0E)
# Control: INT/SQW is the alarms' output (INTCN), alarm 1 is enabled (A1IE).
_ALARM_ON = const(0x05)
_ALARM_FLAGS = const(0x03)
_TEMPERATURE = const(0x11)
_DAY_S = const(86400)
_NO_TIME = const(-1)
_TOO_EARLY = const(-2)
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
# A four-year cycle of the years 2000 to 2099, all of whose fourth years are leap years.
_CYCLE_DAYS = const(1461)


def days_of(year: int, month: int, day: int) -> int:
    """Days from 2000-01-01 to a date; year 0 to 99 (of the century), month 1 to 12, day 1 to 31. Does not
    allocate.
    """
    days = year * 365 + (year + 3) // 4 + _DAYS_BEFORE[month - 1] + day - 1
    if month > 2 and year % 4 == 0:
        days += 1
    return days


def days_in(year: int, month: int) -> int:
    """Days of a month; year 0 to 99, month 1 to 12."""
    if month == 2:
        return 29 if year % 4 == 0 else 28
    return 30 if month in (4, 6, 9, 11) else 31


class Ds3231(I2cPart):
    """Mission seconds: epoch_s, from the start of the year `epoch_year` on, below 2**30 for 34 years.

    valid: False when the clock has ever stopped since it was set (then `stopped` is True), or when its
    registers do not hold a time: epoch_s is then the last good one. temperature_mc: of the part, in quarters
    of a degree, taken by itself once in 64 s.
    """

    MODEL = "DS3231"

    def __init__(self, name: str, bus: Bus, address: int, epoch_year: int) -> None:
        """epoch_year: 2000 to 2099. Raises ValueError otherwise. Nothing is sent yet."""
        I2cPart.__init__(self, name, bus, address)
        if not 2000 <= epoch_year <= 2099:
            raise ValueError("DS3231 '{}': epoch year {}; 2000 to 2099 are possible".format(name, epoch_year))
        self.epoch_year = epoch_year
        self.epoch_s = 0
        self.valid = False
        self.stopped = False
        self.temperature_mc = 0
        self._first_day = days_of(epoch_year - 2000, 1, 1)
        self._row = bytearray(_ROW)
        self._out = bytearray(8)
        self._flag = bytearray(2)

    def check(self) -> None:
        """Look that the registers are a clock's. A clock that has stopped passes, with `valid` False.

        Raises PartAbsent or PartWrong. Allocates.
        """
        self._must_read(_SECONDS, self._row)
        # One that has lost its supply starts in the year 2000, its flag says so.
        found = self._decode()
        if found == _NO_TIME or (found == _TOO_EARLY and not self._row[_STATUS] & _STOPPED):
            raise self._wrong("seconds", self._row[0], 0x59)

    def poll(self) -> None:
        """Read time and temperature. 0.52 ms of bus time. Does not allocate."""
        row = self._row
        if not self._read(_SECONDS, row):
            return
        whole = row[_TEMPERATURE]
        if whole & 0x80:
            whole -= 0x100
        self.temperature_mc = whole * 1000 + (row[_TEMPERATURE + 1] >> 6) * 250
        self.stopped = row[_STATUS] & _STOPPED != 0
        now = self._decode()
        if now < 0:
            self.valid = False
            return
        self.epoch_s = now
        self.valid = not self.stopped

    def set_epoch(self, epoch_s: int) -> None:
        """Set the clock, and clear its stopped flag. Raises ValueError outside 2000 to 2099, PartAbsent.
        Allocates.
        """
        days, year, month, day = self._date(epoch_s)
        rest = epoch_s % _DAY_S
        out = self._out
        out[0] = _SECONDS
        out[1] = _to_bcd(rest % 60)
        out[2] = _to_bcd(rest // 60 % 60)
        out[3] = _to_bcd(rest // 3600)
        # 2000-01-01 was a Saturday; Monday is 1.
        out[4] = (days + 5) % 7 + 1
        out[5] = _to_bcd(day)
        out[6] = _to_bcd(month)
        out[7] = _to_bcd(year)
        self._must_write(out)
        self._must_read(_SECONDS, self._row)
        flag = self._flag
        flag[0] = _STATUS
        flag[1] = self._row[_STATUS] & ~_STOPPED & 0xFF
        self._must_write(flag)
        self.epoch_s = epoch_s
        self.stopped = False
        self.valid = True

    def set_alarm(self, epoch_s: int) -> None:
        """Have INT/SQW pulled low from the mission second `epoch_s` on (within 28 days). An alarm that has
        come before is cleared, which releases the output.

        Where the output holds the supply on, the supply goes with this. Raises ValueError for a second
        outside of 2000 to 2099, PartAbsent. Allocates.
        """
        day = self._date(epoch_s)[3]
        rest = epoch_s % _DAY_S
        # Seconds, minutes, hours, day of the month, all without their mask bits (table 2).
        self._must_write(
            bytearray(
                [
                    _ALARM,
                    _to_bcd(rest % 60),
                    _to_bcd(rest // 60 % 60),
                    _to_bcd(rest // 3600),
                    _to_bcd(day),
                ]
            )
        )
        self._must_write(bytearray([_CONTROL, _ALARM_ON]))
        self._must_read(_SECONDS, self._row)
        flag = self._flag
        flag[0] = _STATUS
        flag[1] = self._row[_STATUS] & ~_ALARM_FLAGS & 0xFF
        self._must_write(flag)

    def _date(self, epoch_s: int) -> "tuple[int, int, int, int]":
        """Days since 2000-01-01, year of the century, month and day of a mission second. Raises
        ValueError."""
        days = epoch_s // _DAY_S + self._first_day
        if not 0 <= days < 25 * _CYCLE_DAYS:
            raise ValueError("DS3231 '{}': second {} is not in 2000 to 2099".format(self.name, epoch_s))
        year = days // _CYCLE_DAYS * 4
        left = days % _CYCLE_DAYS
        # The cycle's first year is the leap year.
        if left >= 366:
            year += 1 + (left - 366) // 365
            left = (left - 366) % 365
        month = 1
        while left >= days_in(year, month):
            left -= days_in(year, month)
            month += 1
        return days, year, month, left + 1

    def _decode(self) -> int:
        """Mission seconds of the row that was read; _NO_TIME when it is no time of the years 2000 to 2099,
        _TOO_EARLY when it is one before the mission's."""
        row = self._row
        second = _from_bcd(row[0])
        minute = _from_bcd(row[1])
        hours = row[2]
        if hours & 0x40:
            # Twelve-hour mode, bit 5 is the afternoon; another program has set it so.
            hour = _from_bcd(hours & 0x1F)
            if not 1 <= hour <= 12:
                return -1
            hour = hour % 12 + (12 if hours & 0x20 else 0)
        else:
            hour = _from_bcd(hours)
        day = _from_bcd(row[4])
        month = _from_bcd(row[5])
        year = _from_bcd(row[6])
        if not 0 <= second <= 59 or not 0 <= minute <= 59 or not 0 <= hour <= 23:
            return -1
        if year < 0 or not 1 <= month <= 12 or not 1 <= day <= days_in(year, month):
            return -1
        days = days_of(year, month, day) - self._first_day
        if days < 0:
            return _TOO_EARLY
        return days * _DAY_S + hour * 3600 + minute * 60 + second


def _from_bcd(value: int) -> int:
    """The number that two decimal digits make, -1 when they are not digits."""
    if value & 0x0F > 9 or value > 0x99:
        return -1
    return (value >> 4) * 10 + (value & 0x0F)


def _to_bcd(value: int) -> int:
    return value // 10 << 4 | value % 10
