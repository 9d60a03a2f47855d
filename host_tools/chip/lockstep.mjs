/**
 * A chip in lock step with whoever owns the parts on its pins: `node lockstep.mjs --flash FILE [--seed N] [--plain]`.
 *
 * Frames on standard input and output: length (u32, of what follows), kind (one letter), payload; little-endian, times
 * in nanoseconds since power-on as doubles. The chip runs only between a GO and its answer; nothing here is
 * asynchronous. End of input ends the program.
 *
 *   in   G  until; levels: n (u8) of (pin, level 0, 1 or 2 released); edges: n (u16) of (pin, level, time), in order;
 *           words: n (u8) of (data pin, clock pin, pulses, word u32, ready); the temperature
 *           sensor's code (u16, ADC input 4); bytes for a UART: number, n (u16), bytes;
 *           the rest goes to the USB serial port
 *        A  answer to an I: acknowledged (u8), then bytes for the reads that follow, as many as are known
 *        F  file name: write the flash there.  X  seed (u32): cut the power
 *        C  ask for the counters
 *   out  Q  it has run: time, events, then what the serial port said
 *        I  I2C start, or more bytes wanted: time, events, then bus, address, what (0 write, 1 read, 2 more), how many so far
 *        H  it has halted: time, events, reason.  D  F is done.  C  counters as JSON
 *
 * Events: n bytes (u32) of records, each a kind (u8) and a time:
 *        1 pad: pin, function, drive (i8), pull    2 rising edges: pin, count (u32), shortest
 *          high time in ns (u32, 0 for none)
 *        3 PWM slice: number, enabled, div, top, cc (u32 each)    4 reset: cause
 *        5 I2C write: bus, address, n (u16), bytes    6 word shifted out: data pin    7 USB port open
 *        9 I2C read: bus, address, n (u16), how many bytes it was
 *        8 a UART has sent, in the time before: number, n (u16), bytes
 */

import fs from 'node:fs';
import { Chip } from './chip.mjs';
import { ShiftOut } from './shift_out.mjs';

const READ = 0;
const WRITE = 1;
const TEMPERATURE = 4; // input of the ADC (data sheet section 4.9.5)

/** @param {string} name @param {string} otherwise */
function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}

/** Reads exactly so many bytes; null at the end of input. @param {number} n @returns {Buffer | null} */
function readExactly(n) {
  const buffer = Buffer.allocUnsafe(n);
  let have = 0;
  while (have < n) {
    let got;
    try {
      got = fs.readSync(READ, buffer, have, n - have, null);
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'EAGAIN' || code === 'EINTR') continue;
      if (code === 'EOF') return null;
      throw error;
    }
    if (got === 0) return null;
    have += got;
  }
  return buffer;
}

/** @returns {{kind: string, body: Buffer} | null} */
function receive() {
  const head = readExactly(4);
  const frame = head && readExactly(head.readUInt32LE(0));
  return frame ? { kind: String.fromCharCode(frame[0]), body: frame.subarray(1) } : null;
}

/** A buffer that grows. */
class Writer {
  constructor() {
    this.buffer = Buffer.alloc(65536);
    this.at = 0;
  }

  /** @param {number} n */
  room(n) {
    if (this.at + n <= this.buffer.length) return;
    const bigger = Buffer.alloc(Math.max(this.buffer.length * 2, this.at + n));
    this.buffer.copy(bigger, 0, 0, this.at);
    this.buffer = bigger;
  }

  /** @param {number} value */
  u8(value) {
    this.room(1);
    this.buffer[this.at++] = value;
  }

  /** @param {number} value */
  u32(value) {
    this.room(4);
    this.at = this.buffer.writeUInt32LE(value >>> 0, this.at);
  }

  /** @param {number} value */
  time(value) {
    this.room(8);
    this.at = this.buffer.writeDoubleLE(value, this.at);
  }

  /** @param {Uint8Array} bytes */
  bytes(bytes) {
    this.room(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }
}

const chip = new Chip({ seed: Number(option('seed', '1')), fast: !process.argv.includes('--plain') });
const events = new Writer();
/** @type {Uint8Array[]} */
let said = [];
/** What each UART has sent since the last answer. @type {number[][]} */
const sent = [[], []];

/** @param {number} kind */
function event(kind) {
  events.u8(kind);
  events.time(chip.ns);
}

/** @param {string} kind @param {Uint8Array} rest */
function send(kind, rest) {
  const frame = Buffer.allocUnsafe(4 + 1 + 8 + 4 + events.at + rest.length);
  frame.writeUInt32LE(frame.length - 4, 0);
  frame[4] = kind.charCodeAt(0);
  frame.writeDoubleLE(chip.ns, 5);
  frame.writeUInt32LE(events.at, 13);
  events.buffer.copy(frame, 17, 0, events.at);
  frame.set(rest, 17 + events.at);
  events.at = 0;
  for (let at = 0; at < frame.length;) {
    try {
      at += fs.writeSync(WRITE, frame, at);
    } catch (error) {
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN') throw error;
    }
  }
}

/** The answer to a question. @returns {Buffer} */
function answer() {
  const frame = receive();
  if (!frame) process.exit(0);
  return frame.body;
}

/** The parts on one bus: asked when a transfer starts, told when it ends. @param {number} number
 * @returns {import('./i2c.mjs').Answers} */
function bus(number) {
  let address = 0;
  /** @type {number[]} */
  let written = [];
  /** @type {number[]} */
  let known = [];
  let given = 0;
  const tell = () => {
    if (given) {
      event(9);
      events.u8(number);
      events.u8(address);
      events.u8(given & 255);
      events.u8(given >> 8);
      given = 0;
    }
    if (!written.length) return;
    event(5);
    events.u8(number);
    events.u8(address);
    events.u8(written.length & 255);
    events.u8(written.length >> 8);
    events.bytes(Uint8Array.from(written));
    written = [];
  };
  const ask = (/** @type {number} */ what) => {
    send('I', Uint8Array.of(number, address, what, given & 255, given >> 8));
    const reply = answer();
    known.push(...reply.subarray(1));
    return reply[0] === 1;
  };
  return {
    start: (to, read) => {
      tell();
      address = to;
      given = 0;
      known = [];
      return ask(read ? 1 : 0);
    },
    write: (byte) => {
      written.push(byte);
      return true;
    },
    read: () => {
      if (!known.length) ask(2);
      given++;
      return known.shift() ?? 0xff;
    },
    stop: tell,
  };
}

chip.onSerial = (bytes) => { said.push(bytes.slice()); };
chip.onUart = (uart, byte) => { sent[uart].push(byte); };
chip.buses = [bus(0), bus(1)];
chip.i2c.forEach((controller, i) => {
  const parts = chip.buses[i];
  if (parts) controller.bus = parts;
});
chip.outside = {
  onPad: (pin, pad) => {
    event(1);
    events.bytes(Uint8Array.of(pin, pad.fn, pad.drive & 255, pad.pull));
  },
  onEdges: (pin, count, shortest) => {
    event(2);
    events.u8(pin);
    events.u32(count);
    events.u32(shortest);
  },
  onSlice: (slice, registers) => {
    event(3);
    events.u8(slice);
    events.u8(registers.enabled ? 1 : 0);
    events.u32(registers.div);
    events.u32(registers.top);
    events.u32(registers.cc);
  },
};
const shift = new ShiftOut(chip, (data) => {
  event(6);
  events.u8(data);
});

/** Edges still to come, in order. @type {{pin: number, level: number, ns: number}[]} */
let edges = [];

function nextEdge() {
  const now = chip.ns + 0.5;
  while (edges.length && edges[0].ns <= now) {
    const { pin, level } = /** @type {{pin: number, level: number}} */ (edges.shift());
    chip.setPin(pin, level);
  }
  if (edges.length) chip.mcu.clock.createAlarm(nextEdge).schedule(edges[0].ns - chip.ns);
}

chip.onReset = (cause) => {
  for (const { pin, level } of edges) chip.setPin(pin, level);
  edges = [];
  event(4);
  events.u8(cause);
  shift.reset();
};

let open = false;

/** @param {Buffer} body */
function go(body) {
  let at = 0;
  const u8 = () => body[at++];
  const time = () => {
    at += 8;
    return body.readDoubleLE(at - 8);
  };
  const until = time();
  for (let n = u8(); n > 0; n--) {
    const pin = u8();
    chip.setPin(pin, u8());
  }
  const count = u8() | (u8() << 8);
  const idle = edges.length === 0;
  for (let n = 0; n < count; n++) edges.push({ pin: u8(), level: u8(), ns: time() });
  if (idle && edges.length) nextEdge();
  for (let n = u8(); n > 0; n--) {
    const data = u8();
    const clock = u8();
    const pulses = u8();
    const word = body.readUInt32LE(at);
    at += 4;
    // The top bit: a long clock pulse has started the part anew.
    shift.offer({ data, clock, pulses: pulses & 0x7f, word, readyNs: time() }, pulses > 0x7f);
  }
  chip.mcu.adc.channelValues[TEMPERATURE] = body.readUInt16LE(at);
  at += 2;
  const uart = u8();
  const bytes = body.readUInt16LE(at);
  at += 2;
  if (bytes) chip.lines[uart].feed(body.subarray(at, at + bytes));
  at += bytes;
  if (at < body.length) chip.usb.send(body.subarray(at));
  const running = chip.runUntil(until);
  sent.forEach((one, number) => {
    if (!one.length) return;
    event(8);
    events.u8(number);
    events.u8(one.length & 255);
    events.u8(one.length >> 8);
    events.bytes(Uint8Array.from(one));
    one.length = 0;
  });
  if (chip.usb.ready !== open) {
    open = chip.usb.ready;
    if (open) event(7);
  }
  if (running) send('Q', Buffer.concat(said));
  else send('H', Buffer.from(chip.halted));
  said = [];
}

/** A generator of numbers from 0 to 1 (xorshift32). @param {number} seed */
function numbers(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const file = option('flash', '');
try {
  chip.flash.load(file);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(2);
}
chip.start();
for (let frame = receive(); frame; frame = receive()) {
  const { kind, body } = frame;
  if (kind === 'G') go(body);
  else if (kind === 'F') {
    chip.flash.save(body.toString());
    send('D', Buffer.alloc(0));
  } else if (kind === 'X') {
    chip.cutPower(numbers(body.readUInt32LE(0)));
    send('D', Buffer.alloc(0));
  } else if (kind === 'C') {
    const counters = { translated: chip.core.translated, instructions: chip.instructions, resets: chip.resets,
      cycles: chip.mcu.core.cycles, flash: chip.flash.operations, uart_lost: chip.lines[0].lost() + chip.lines[1].lost(),
      watchdog: chip.mcu.peripherals[0x40058].timer.enable ? 1 : 0,
      place: chip.mcu.peripherals[0x40058].scratchData[0] & 255 };
    send('C', Buffer.from(JSON.stringify(counters)));
  }
}
