"""Lines of text with a checksum: what the bench asks and what it is answered.

A line ends with a line feed. `TEXT*CCCC` carries the CRC-16 of TEXT (CCITT, start 0xFFFF) as four hexadecimal
digits; a line without a star is taken as it is, for a hand at a terminal. Answers always carry one.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.hal.serial_port import UsbPort

LONGEST = 96
"""Bytes of a line; what is longer is refused whole."""


def crc16(text: str) -> int:
    """CRC-16/CCITT-FALSE of a text of ASCII."""
    crc = 0xFFFF
    for character in text:
        crc ^= ord(character) << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def sealed(text: str) -> str:
    """The text with its checksum behind it."""
    return "{}*{:04X}".format(text, crc16(text))


def opened(line: str) -> "tuple[str, str]":
    """The text of a line, and what is wrong with it, "" for nothing."""
    star = line.rfind("*")
    if star < 0:
        return line, ""
    text = line[:star]
    if line[star + 1 :].upper() != "{:04X}".format(crc16(text)):
        return "", "the line came with a wrong checksum: say it again"
    return text, ""


class Lines:
    """Lines out of a port of bytes and answers into it; never waits."""

    def __init__(self, port: "UsbPort") -> None:
        """port: as rochette/hal/serial_port.py has them."""
        self._port = port
        self._in = bytearray(64)
        self._have = 0
        self._at = 0
        self._line = bytearray(LONGEST)
        self._count = 0
        self._out = bytearray()

    def next(self) -> "str | None":
        """The next whole line, without its end; None while there is none. Allocates only for a line."""
        if self._at == self._have:
            self._at = 0
            self._have = self._port.read_into(self._in)
        while self._at < self._have:
            byte = self._in[self._at]
            self._at += 1
            if byte == 10 or byte == 13:
                count = self._count
                self._count = 0
                if count:
                    return self._text(count)
            elif self._count < LONGEST:
                self._line[self._count] = byte
                self._count += 1
            else:
                self._count = LONGEST + 1
        return None

    def _text(self, count: int) -> str:
        if count > LONGEST:
            return "this_line_is_too_long"
        return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in self._line[:count]])

    def say(self, text: str) -> None:
        """Queue an answer."""
        self._out += (sealed(text) + "\r\n").encode()

    def flush(self) -> None:
        """Send what the port takes now."""
        if self._out:
            sent = self._port.write(self._out, 0, len(self._out))
            if sent:
                self._out = self._out[sent:]
