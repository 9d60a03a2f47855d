/**
 * The I2C controllers as masters (RP2040 data sheet section 4.3, DW_apb_i2c), with the time that each byte takes and
 * what happens when nothing answers: the transmit FIFO is flushed, TX_ABRT and then STOP_DET are raised (4.3.14 and
 * IC_TX_ABRT_SOURCE, 4.3.17), and TX_EMPTY with them, so that the firmware's wait ends at once and not in its time-out.
 *
 * TX_EMPTY comes when a byte's last bit is on the line (IC_CON.TX_EMPTY_CTRL = 1, as the SDK sets it). What is on the
 * bus is somebody else's: see `Answers`.
 */

const CON = 0x00;
const TAR = 0x04;
const DATA_CMD = 0x10;
const SS_HCNT = 0x14;
const SS_LCNT = 0x18;
const FS_HCNT = 0x1c;
const FS_LCNT = 0x20;
const INTR_STAT = 0x2c;
const INTR_MASK = 0x30;
const RAW_INTR_STAT = 0x34;
const RX_TL = 0x38;
const TX_TL = 0x3c;
const CLR_INTR = 0x40;
const ENABLE = 0x6c;
const STATUS = 0x70;
const TXFLR = 0x74;
const RXFLR = 0x78;
const TX_ABRT_SOURCE = 0x80;
const ENABLE_STATUS = 0x9c;

/** Clear-on-read registers: offset to the bits of RAW_INTR_STAT that they clear. */
const CLEARS = new Map([
  [CLR_INTR, 0x1f6f], [0x44, 1 << 0], [0x48, 1 << 1], [0x4c, 1 << 3], [0x50, 1 << 5], [0x54, 1 << 6], [0x58, 1 << 7],
  [0x5c, 1 << 8], [0x60, 1 << 9], [0x64, 1 << 10], [0x68, 1 << 11], [0xa8, 1 << 12],
]);
const RX_UNDER = 1 << 0;
const RX_OVER = 1 << 1;
const RX_FULL = 1 << 2;
const TX_OVER = 1 << 3;
const TX_EMPTY = 1 << 4;
const TX_ABRT = 1 << 6;
const ACTIVITY = 1 << 8;
const STOP_DET = 1 << 9;
const START_DET = 1 << 10;

const READ = 1 << 8;
const STOP = 1 << 9;
const RESTART = 1 << 10;
const FIFO = 16;
const SPEED_FAST = 2;
const ABRT_7B_ADDR_NOACK = 1 << 0;
const ABRT_TXDATA_NOACK = 1 << 3;
const ABRT_USER = 1 << 16;
const FLUSHED_SHIFT = 23;

/**
 * The parts on the bus. Bytes are asked for and given at the moment at which their last bit passes.
 * @typedef {object} Answers
 * @property {(address: number, read: boolean) => boolean} start a start or repeated start: who acknowledges?
 * @property {(byte: number) => boolean} write acknowledged?
 * @property {(last: boolean) => number} read the part's next byte
 * @property {() => void} stop
 */

/** A bus on which nothing is. @type {Answers} */
const EMPTY_BUS = { start: () => false, write: () => false, read: () => 0xff, stop: () => {} };

export class I2cController {
  /** @param {any} mcu @param {number} irq */
  constructor(mcu, irq) {
    this.mcu = mcu;
    this.irq = irq;
    this.rawWriteValue = 0;
    /** @type {Answers} */
    this.bus = EMPTY_BUS;
    /** @type {Map<number, number>} */
    this.registers = new Map([[CON, 0x65], [TAR, 0x55], [SS_HCNT, 0x28], [SS_LCNT, 0x2f], [FS_HCNT, 6], [FS_LCNT, 13],
      [INTR_MASK, 0x8ff], [RX_TL, 0], [TX_TL, 0], [ENABLE, 0], [0x7c, 1], [0xa0, 7], [0xf8, 0x3230312a], [0xfc, 0x44570140]]);
    this.raw = TX_EMPTY;
    this.source = 0;
    /** @type {number[]} */
    this.commands = [];
    /** @type {number[]} */
    this.received = [];
    this.open = false; // between a start and its stop
    this.reading = false;
    this.busy = false;
    this.command = 0;
    this.alarm = mcu.clock.createAlarm(() => this.byteDone());
    this.atAddress = false;
    this.ending = mcu.clock.createAlarm(() => this.stopped());
  }

  /** @param {number} register */
  get(register) {
    return this.registers.get(register) ?? 0;
  }

  /** Nanoseconds of one bit (4.3.14.3: the counts plus what the spike filter and the ramps add). */
  get bitNs() {
    const fast = ((this.get(CON) >> 1) & 3) >= SPEED_FAST;
    const cycles = fast ? this.get(FS_HCNT) + this.get(FS_LCNT) : this.get(SS_HCNT) + this.get(SS_LCNT);
    return (cycles * 1e9) / this.mcu.clkSys;
  }

  /** @param {number} bits */
  raise(bits) {
    this.raw |= bits;
    this.interrupts();
  }

  interrupts() {
    this.mcu.setInterrupt(this.irq, (this.raw & this.get(INTR_MASK)) !== 0);
  }

  /** Begins with the next command that waits. */
  next() {
    if (this.busy || !this.commands.length || !(this.get(ENABLE) & 1)) return;
    const command = this.commands[0];
    const read = (command & READ) !== 0;
    this.busy = true;
    if (!this.open || command & RESTART || read !== this.reading) {
      // A start, the address, its acknowledge.
      this.open = true;
      this.reading = read;
      this.atAddress = true;
      this.raise(START_DET | ACTIVITY);
      this.alarm.schedule(10 * this.bitNs);
      return;
    }
    this.atAddress = false;
    this.command = command;
    this.commands.shift();
    this.alarm.schedule(9 * this.bitNs);
  }

  byteDone() {
    this.busy = false;
    if (this.atAddress) {
      if (!this.bus.start(this.get(TAR) & 0x7f, this.reading)) {
        this.abort(ABRT_7B_ADDR_NOACK);
        return;
      }
      // The command that asked for the start is sent now; the restart is done.
      this.commands[0] &= ~RESTART;
      this.next();
      return;
    }
    const last = (this.command & STOP) !== 0;
    if (this.reading) {
      const byte = this.bus.read(last);
      if (this.received.length >= FIFO) this.raise(RX_OVER);
      else this.received.push(byte);
      if (this.received.length > this.get(RX_TL)) this.raise(RX_FULL);
    } else if (!this.bus.write(this.command & 0xff)) {
      this.abort(ABRT_TXDATA_NOACK);
      return;
    }
    if (this.commands.length <= this.get(TX_TL)) this.raise(TX_EMPTY);
    if (last) this.end();
    else this.next();
  }

  /** Nobody acknowledged, or the firmware gave up. @param {number} reason */
  abort(reason) {
    this.source = reason | (this.commands.length << FLUSHED_SHIFT);
    this.commands = [];
    this.raise(TX_ABRT | TX_EMPTY);
    if (this.open) this.end();
  }

  end() {
    this.busy = true;
    this.ending.schedule(this.bitNs);
  }

  stopped() {
    this.busy = false;
    this.open = false;
    this.bus.stop();
    this.raise(STOP_DET);
    this.next();
  }

  /** @param {number} offset */
  readUint32(offset) {
    const clears = CLEARS.get(offset);
    if (clears !== undefined) {
      const was = this.raw & clears;
      this.raw &= ~clears;
      if (clears & TX_ABRT) this.source = 0;
      this.interrupts();
      return was ? 1 : 0;
    }
    switch (offset) {
      case DATA_CMD: {
        const byte = this.received.shift();
        if (byte === undefined) {
          this.raise(RX_UNDER);
          return 0;
        }
        if (this.received.length <= this.get(RX_TL)) this.raw &= ~RX_FULL;
        this.interrupts();
        return byte;
      }
      case INTR_STAT: return this.raw & this.get(INTR_MASK);
      case RAW_INTR_STAT: return this.raw;
      case TXFLR: return this.commands.length;
      case RXFLR: return this.received.length;
      case TX_ABRT_SOURCE: return this.source;
      case ENABLE_STATUS: return this.get(ENABLE) & 1;
      case STATUS: return (this.open || this.busy ? 0x21 : 0) | (this.commands.length < FIFO ? 2 : 0)
        | (this.commands.length ? 0 : 4) | (this.received.length ? 8 : 0) | (this.received.length >= FIFO ? 16 : 0);
      default: return this.get(offset);
    }
  }

  /** @param {number} offset @param {number} value */
  writeUint32(offset, value) {
    if (offset === DATA_CMD) {
      if (this.commands.length >= FIFO) {
        this.raise(TX_OVER);
        return;
      }
      this.commands.push(value & 0x7ff);
      if (this.commands.length > this.get(TX_TL)) this.raw &= ~TX_EMPTY;
      this.interrupts();
      this.next();
      return;
    }
    if (offset === ENABLE) {
      if (value & 2 && this.open) {
        this.alarm.cancel();
        this.busy = false;
        this.abort(ABRT_USER);
      }
      value &= ~2;
      if (!(value & 1)) {
        this.commands = [];
        this.received = [];
        this.raw |= TX_EMPTY;
      }
    }
    this.registers.set(offset, value);
    if (offset === INTR_MASK) this.interrupts();
    if (offset === ENABLE) this.next();
  }

  /** Registers have the aliases of all peripherals: plain, XOR, set, clear (2.1.2).
   * @param {number} offset @param {number} value @param {number} kind */
  writeUint32Atomic(offset, value, kind) {
    this.rawWriteValue = value;
    const was = kind ? this.get(offset) : 0;
    this.writeUint32(offset, kind === 0 ? value : kind === 1 ? was ^ value : kind === 2 ? was | value : was & ~value);
  }
}

/** Puts the two controllers in the places of rp2040js's. @param {any} mcu @returns {I2cController[]} */
export function fitI2c(mcu) {
  const controllers = [new I2cController(mcu, 23), new I2cController(mcu, 24)];
  mcu.peripherals[0x40044] = controllers[0];
  mcu.peripherals[0x40048] = controllers[1];
  return controllers;
}
