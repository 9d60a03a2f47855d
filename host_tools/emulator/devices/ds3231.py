"""DS3231 clock (Maxim 19-5170, "Address Map" and the register descriptions).

Time runs with the plant's mission clock; what is written is kept as a difference to it. Years 2000 to 2199,
by the century bit. Registers 0x00 to 0x12.
"""

from host_tools.emulator.devices.base import I2cPart
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.world import World

_DAYS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 2000-01-01, in the Gregorian calendar."""
    y = year - 2000
    days = y * 365 + (y + 3) // 4 - (y - 1) // 100 + (y + 399) // 400 if y > 0 else 0
    days += _DAYS[month - 1] + day - 1
    if month > 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        days += 1
    return days


def civil_from_days(days: int) -> "tuple[int, int, int]":
    """(year, month, day) of a number of days since 2000-01-01."""
    year = 2000 + days // 366
    while days_from_civil(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while month > 1 and days_from_civil(year, month, 1) > days:
        month -= 1
    return year, month, days - days_from_civil(year, month, 1) + 1


def to_bcd(value: int) -> int:
    """0 to 99 as two decimal digits."""
    return value // 10 << 4 | value % 10


class Ds3231(I2cPart):
    """The mission clock. `epoch_year` is the year at whose start the plant's `epoch_s` is 0; it comes running
    and set.
    """

    def __init__(self, world: "World", name: str, address: int, epoch_year: int) -> None:
        I2cPart.__init__(self, world, name, address)
        # Seconds from 2000-01-01 to the plant's second 0, corrected by what is written to the part.
        self.offset_s = days_from_civil(epoch_year, 1, 1) * 86400
        self.regs = bytearray(0x13)
        # Power-on: INTCN and both rates set; EN32kHz. The battery has kept it running, so OSF is clear.
        self.regs[0x0E] = 0x1C
        self.regs[0x0F] = 0x08
        self._weekday_shift = 0
        self._twelve_hours = False
        self._checked_s = world.plant.epoch_s
        self._temperature_s = -64
        self._stopped_at: "int | None" = None
        self.coin_cell = True
        self._epoch_year_s = self.offset_s

    def _now(self) -> int:
        if self._stopped_at is not None:
            return self._stopped_at
        return self.plant.epoch_s + self.offset_s

    def mission_s(self) -> int:
        """The mission second that it shows."""
        return self._now() - self._epoch_year_s

    # --- what happens to it

    def jump(self, seconds: int) -> None:
        """The count leaps, as after a disturbance: no flag tells."""
        self.offset_s += seconds
        self._checked_s = self.plant.epoch_s

    def stand(self, stopped: bool) -> None:
        """The oscillator stops, or starts again from where it stood. It leaves OSF set."""
        if stopped:
            self._stopped_at = self._now()
            self.regs[0x0F] |= 0x80
        elif self._stopped_at is not None:
            self.offset_s = self._stopped_at - self.plant.epoch_s
            self._stopped_at = None
            self._checked_s = self.plant.epoch_s

    def power_on(self) -> None:
        """The supply is back. Without a coin cell it starts at 2000-01-01 00:00:00 with OSF set (data sheet,
        "Address map" and "Status register").
        """
        I2cPart.power_on(self)
        if not self.coin_cell:
            self.regs[0x0E] = 0x1C
            self.regs[0x0F] = 0x88
            self.offset_s = -self.plant.epoch_s
            self._stopped_at = None
            self._checked_s = self.plant.epoch_s

    @property
    def alarm_out(self) -> bool:
        """INT/SQW pulled low: an alarm has come and its flag was not cleared (INTCN and its enable set)."""
        self._fill()
        return bool(self.regs[0x0E] & 4 and self.regs[0x0E] & self.regs[0x0F] & 3)

    def _fill(self) -> None:
        now = self._now()
        year, month, day = civil_from_days(now // 86400)
        if year > 2199:
            raise EmulationError(self.text() + ": the part's calendar ends with 2199")
        regs = self.regs
        regs[0] = to_bcd(now % 60)
        regs[1] = to_bcd(now // 60 % 60)
        hour = now // 3600 % 24
        if self._twelve_hours:
            regs[2] = 0x40 | (0x20 if hour >= 12 else 0) | to_bcd((hour + 11) % 12 + 1)
        else:
            regs[2] = to_bcd(hour)
        # 2000-01-01 was a Saturday; the part counts 1 to 7 from where the user says.
        regs[3] = (now // 86400 + 5 + self._weekday_shift) % 7 + 1
        regs[4] = to_bcd(day)
        regs[5] = to_bcd(month) | (0x80 if year >= 2100 else 0)
        regs[6] = to_bcd(year % 100)
        self._alarms(now)
        if now - self._temperature_s >= 64 or now < self._temperature_s:
            self._temperature_s = now
            self._take_temperature()

    def _take_temperature(self) -> None:
        quarters = (self.plant.box_mc + 125) // 250
        self.regs[0x11] = quarters >> 2 & 0xFF
        self.regs[0x12] = (quarters & 3) << 6

    # --- alarms

    def _alarms(self, now: int) -> None:
        """Sets A1F and A2F when an alarm's time has passed since the last look."""
        last = self._checked_s
        current = self.plant.epoch_s
        self._checked_s = current
        if current <= last:
            return
        if self._due(last + self.offset_s, now, 7, 4):
            self.regs[0x0F] |= 1
        if self._due(last + self.offset_s, now, 11, 3):
            self.regs[0x0F] |= 2

    def _due(self, after: int, until: int, base: int, count: int) -> bool:
        """Whether a second in (after, until] matches the alarm registers from `base` on."""
        regs = self.regs
        # Masked fields (bit 7) match always; they are masked from the day down (table 2).
        masked = 0
        i = count - 1
        while i >= 0 and regs[base + i] & 0x80:
            masked += 1
            i -= 1
        while i >= 0:
            if regs[base + i] & 0x80:
                raise EmulationError(self.text() + ": alarm mask bits not in table 2 of the data sheet")
            i -= 1
        fields = count - masked
        second = -1
        if count == 4:
            second = _from_bcd(regs[base] & 0x7F) if fields >= 1 else -1
            base += 1
            fields -= 1
        else:
            second = 0
        unit = 1 if second < 0 else 60
        target = 0 if second < 0 else second
        if fields >= 1:
            target += _from_bcd(regs[base] & 0x7F) * 60
            unit = 3600
        if fields >= 2:
            target += self._hour(regs[base + 1] & 0x7F) * 3600
            unit = 86400
        if fields < 3:
            # The last time <= until that has the target's remainder.
            return until - (until - target) % unit > after
        day = until - (until - target) % 86400
        while day > after:
            if self._day_matches(day // 86400, regs[base + 2]):
                return True
            day -= 86400
        return False

    def _day_matches(self, days: int, reg: int) -> bool:
        if reg & 0x40:
            return (days + 5 + self._weekday_shift) % 7 + 1 == reg & 0x0F
        return civil_from_days(days)[2] == _from_bcd(reg & 0x3F)

    def _hour(self, value: int) -> int:
        if value & 0x40:
            return _from_bcd(value & 0x1F) % 12 + (12 if value & 0x20 else 0)
        return _from_bcd(value & 0x3F)

    # --- registers

    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Reads from a register on, time as of the start (the part copies it to a buffer); wraps after
        0x12.
        """
        if reg > 0x12:
            raise self.no_register(reg, "read")
        self._fill()
        i = 0
        n = len(buf)
        while i < n:
            buf[i] = self.regs[reg]
            reg = 0 if reg == 0x12 else reg + 1
            i += 1
        self.pointer = reg

    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """Writes from a register on. Raises EmulationError for a time that does not exist or a read-only
        register.
        """
        self._fill()
        time = False
        weekday = False
        for value in buf:
            if reg > 0x12:
                raise self.no_register(reg, "write")
            if reg >= 0x11:
                raise EmulationError(self.text() + ": the temperature is read-only")
            if reg == 0x0F:
                # OSF, A2F, A1F can only be cleared; EN32kHz is free; BSY is the part's.
                value = self.regs[0x0F] & value & 0x83 | value & 0x08
            elif reg == 0x0E and value & 0x20:
                # CONV: a temperature conversion now; the bit clears itself.
                self._take_temperature()
                value &= ~0x20
            elif reg == 3:
                weekday = True
            elif reg <= 6:
                time = True
            self.regs[reg] = value
            reg += 1
        self.pointer = 0 if reg > 0x12 else reg
        if time:
            self._set_time()
        if weekday:
            day = self.regs[3]
            if not 1 <= day <= 7:
                raise EmulationError(self.text() + ": weekday " + str(day) + " is not 1 to 7")
            self._weekday_shift = (day - 1 - (self._now() // 86400 + 5)) % 7

    def _set_time(self) -> None:
        regs = self.regs
        second = _from_bcd(regs[0])
        minute = _from_bcd(regs[1])
        self._twelve_hours = regs[2] & 0x40 != 0
        hour = self._hour(regs[2])
        day = _from_bcd(regs[4])
        month = _from_bcd(regs[5] & 0x1F)
        year = 2000 + _from_bcd(regs[6]) + (100 if regs[5] & 0x80 else 0)
        if second > 59 or minute > 59 or hour > 23 or not 1 <= month <= 12 or not 1 <= day <= 31:
            raise EmulationError(self.text() + ": a time is written that does not exist")
        days = days_from_civil(year, month, day)
        if civil_from_days(days) != (year, month, day):
            raise EmulationError(self.text() + ": a date is written that does not exist")
        self.offset_s = days * 86400 + hour * 3600 + minute * 60 + second - self.plant.epoch_s
        if self._stopped_at is not None:
            self._stopped_at = self.plant.epoch_s + self.offset_s
        self._checked_s = self.plant.epoch_s


def _from_bcd(value: int) -> int:
    if value & 0x0F > 9 or value >> 4 > 9:
        raise EmulationError("DS3231: 0x%02x is not a BCD number" % value)
    return (value >> 4) * 10 + (value & 0x0F)
