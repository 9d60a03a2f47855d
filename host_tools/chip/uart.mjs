/**
 * The UARTs (RP2040 data sheet section 4.2, Arm's PL011): both FIFOs of 32 bytes, each byte in the time that it takes on
 * the line, and the interrupts that tell of them (4.2.6): receive and transmit at their trigger levels (UARTIFLS), and
 * the receive time-out, 32 bit periods after the last byte.
 *
 * rp2040js sends in no time, holds the transmit interrupt up for ever, and has no receive time-out. Its own baud rate
 * registers are used. What arrives while the receiver is off is lost, and so is what arrives with its FIFO full; that
 * sets the overrun bit of the next byte read (4.2.8, UARTDR). Left out: parity and framing errors, breaks, flow control.
 */

const DATA = 0x00;
const FLAGS = 0x18;
const LINE_CONTROL = 0x2c;
const CONTROL = 0x30;
const TRIGGERS = 0x34;
const CLEAR = 0x44;
const RECEIVE = 1 << 4;
const TRANSMIT = 1 << 5;
const TIME_OUT = 1 << 6;
const DEPTH = 32;
/** Eighths of the FIFO for UARTIFLS 0 to 4. */
const LEVELS = [4, 8, 16, 24, 28];
const RX_EMPTY = 1 << 4;
const TX_FULL = 1 << 5;
const RX_FULL = 1 << 6;
const TX_EMPTY = 1 << 7;
const BUSY = 1 << 3;
const OVERRUN = 1 << 11;
const ENABLED = 1 | (1 << 9);
const SILENCE = 32; // bit periods

/**
 * What stands at the other end of the line.
 * @typedef {{feed: (bytes: Uint8Array) => void, lost: () => number}} Line `feed` sends to the chip, one byte after the
 * other; `lost` counts the bytes that found no room.
 */

/** @param {any} mcu @param {number} number 0 or 1 @param {number} irq @param {(byte: number) => void} onByte
 * @returns {Line} */
export function fitUart(mcu, number, irq, onByte) {
  const uart = mcu.uart[number];
  const write = uart.writeUint32.bind(uart);
  const read = uart.readUint32.bind(uart);
  /** @type {number[]} */
  const leaving = [];
  let sending = -1;
  /** @type {number[]} */
  const coming = [];
  let onLine = -1;
  /** @type {number[]} */
  const received = [];
  let overrun = 0;
  let lost = 0;
  let triggers = 0x12;

  uart.checkInterrupts = () => mcu.setInterrupt(irq, (uart.interruptStatus & uart.interruptMask) !== 0);
  uart.interruptStatus &= ~TRANSMIT;
  const depth = () => (uart.fifosEnabled ? DEPTH : 1);
  const level = (/** @type {number} */ shift) => (uart.fifosEnabled ? LEVELS[Math.min((triggers >> shift) & 7, 4)] : 1);
  const bitNs = () => (uart.baudDivider ? (uart.baudDivider * 16 * 1e9) / mcu.clkPeri : 0);
  // A start bit, the data, parity where it is on (PEN), one or two stop bits (STP2).
  const byteNs = () => {
    const control = uart.lineCtrlRegister;
    return bitNs() * (2 + uart.wordLength + ((control >> 1) & 1) + ((control >> 3) & 1));
  };
  const raise = (/** @type {number} */ bits) => {
    uart.interruptStatus |= bits;
    uart.checkInterrupts();
  };

  const nextOut = () => {
    sending = leaving.shift() ?? -1;
    if (sending >= 0) transmitter.schedule(byteNs());
    if (leaving.length === level(0) || sending < 0) raise(TRANSMIT);
  };
  const transmitter = mcu.clock.createAlarm(() => {
    onByte(sending);
    nextOut();
  });

  const silence = mcu.clock.createAlarm(() => {
    if (received.length) raise(TIME_OUT);
  });
  const nextIn = () => {
    onLine = coming.shift() ?? -1;
    if (onLine >= 0) receiver.schedule(byteNs());
  };
  const receiver = mcu.clock.createAlarm(() => {
    if ((uart.ctrlRegister & ENABLED) !== ENABLED || !uart.baudDivider) lost++;
    else if (received.length >= depth()) {
      lost++;
      overrun = OVERRUN;
    } else {
      received.push(onLine);
      if (received.length === level(3)) raise(RECEIVE);
      silence.schedule(SILENCE * bitNs());
    }
    nextIn();
  });

  uart.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
    if (offset === TRIGGERS) triggers = value & 0x3f;
    else if (offset === CLEAR) {
      uart.interruptStatus &= ~uart.rawWriteValue;
      uart.checkInterrupts();
    } else if (offset === DATA) {
      if (leaving.length < depth()) leaving.push(value & 0xff);
      if (leaving.length > level(0)) {
        uart.interruptStatus &= ~TRANSMIT;
        uart.checkInterrupts();
      }
      if (sending < 0) {
        sending = leaving.shift() ?? -1;
        transmitter.schedule(byteNs());
      }
    } else {
      write(offset, value);
      // The FIFOs are emptied when they are switched off (4.2.8, UARTLCR_H.FEN).
      if (offset === LINE_CONTROL && !uart.fifosEnabled) received.length = 0;
      if (offset === CONTROL && !uart.enabled) received.length = 0;
    }
  };
  uart.readUint32 = (/** @type {number} */ offset) => {
    if (offset === TRIGGERS) return triggers;
    if (offset === FLAGS) {
      return (read(FLAGS) & ~(TX_EMPTY | TX_FULL | BUSY | RX_EMPTY | RX_FULL))
        | (leaving.length ? 0 : TX_EMPTY) | (leaving.length >= depth() ? TX_FULL : 0) | (sending >= 0 ? BUSY : 0)
        | (received.length ? 0 : RX_EMPTY) | (received.length >= depth() ? RX_FULL : 0);
    }
    if (offset !== DATA) return read(offset);
    const byte = received.shift();
    if (received.length < level(3)) uart.interruptStatus &= ~RECEIVE;
    if (!received.length) uart.interruptStatus &= ~TIME_OUT;
    uart.checkInterrupts();
    if (byte === undefined) return 0;
    const flagged = byte | overrun;
    overrun = 0;
    return flagged;
  };
  return {
    feed: (bytes) => {
      if (!uart.baudDivider) {
        lost += bytes.length; // a receiver that was never set up hears nothing
        return;
      }
      for (const byte of bytes) coming.push(byte);
      if (onLine < 0) nextIn();
    },
    lost: () => lost,
  };
}
