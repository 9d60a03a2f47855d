/**
 * The transmit side of the UARTs (RP2040 data sheet section 4.2, PL011): a FIFO of 32 bytes, drained at the baud rate.
 *
 * rp2040js sends in no time and holds the transmit interrupt up for ever, a storm as soon as it is unmasked. Here the
 * interrupt comes when the FIFO has drained to its half, and at its end.
 */

const DATA = 0x00;
const FLAGS = 0x18;
const TRANSMIT = 1 << 5;
const DEPTH = 32;
const HALF = 16;
const TX_FULL = 1 << 5;
const TX_EMPTY = 1 << 7;
const BUSY = 1 << 3;
const BITS = 10; // of a byte on the line

/** @param {any} mcu @param {number} number 0 or 1 @param {number} irq @param {(byte: number) => void} onByte */
export function fitUart(mcu, number, irq, onByte) {
  const uart = mcu.uart[number];
  const write = uart.writeUint32.bind(uart);
  const read = uart.readUint32.bind(uart);
  /** @type {number[]} */
  const fifo = [];
  let sending = -1;

  uart.checkInterrupts = () => mcu.setInterrupt(irq, (uart.interruptStatus & uart.interruptMask) !== 0);
  uart.interruptStatus &= ~TRANSMIT;
  const byteNs = () => (uart.baudDivider ? (uart.baudDivider * 16 * BITS * 1e9) / mcu.clkPeri : 0);
  const next = () => {
    sending = fifo.shift() ?? -1;
    if (sending >= 0) alarm.schedule(byteNs());
    if (fifo.length === HALF || sending < 0) {
      uart.interruptStatus |= TRANSMIT;
      uart.checkInterrupts();
    }
  };
  const alarm = mcu.clock.createAlarm(() => {
    onByte(sending);
    next();
  });
  uart.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
    if (offset !== DATA) {
      write(offset, value);
      return;
    }
    if (fifo.length < DEPTH) fifo.push(value & 0xff);
    if (sending < 0) {
      sending = fifo.shift() ?? -1;
      alarm.schedule(byteNs());
    }
  };
  uart.readUint32 = (/** @type {number} */ offset) => {
    if (offset !== FLAGS) return read(offset);
    return (read(FLAGS) & ~(TX_EMPTY | TX_FULL | BUSY))
      | (fifo.length ? 0 : TX_EMPTY) | (fifo.length >= DEPTH ? TX_FULL : 0) | (sending >= 0 ? BUSY : 0);
  };
}
