/**
 * A boot ROM of our own for the emulated RP2040 (data sheet section 2.8, "Bootrom").
 *
 * It has what firmware looks for, at the places where the data sheet says (2.8.2.1 and 2.8.3): vectors, the magic
 * number, the two tables of two-letter codes, the lookup function. It holds none of the real ROM's code. Each function
 * is a BKPT and a return; the BKPT's number says which JavaScript does the work, and that says how many cycles it took.
 */

import { DOUBLES, FLOATS } from './rom_float.mjs';

const BYTES = 16 * 1024;
const BX_LR = 0x4770;
const LOOP = 0xe7fe; // b .
const MOV_R0_R12 = 0x4660;
const PIECE = 64; // bytes that a copy does before interrupts are looked at again

/**
 * What a ROM function may use.
 * @typedef {object} Machine
 * @property {import('rp2040js').RP2040} mcu
 * @property {import('./flash.mjs').Flash} flash
 * @property {(why: string) => void} halt
 * @property {(address: number, bytes: number) => void} written SRAM was changed from outside the core
 */

/** @typedef {(r: Uint32Array, core: any, machine: Machine) => number} RomFunction gives the cycles taken */

/** @param {any} mcu @param {number} at @param {number} n */
function read(mcu, at, n) {
  if (at >= 0x20000000 && at + n <= 0x20042000) return mcu.sram.slice(at - 0x20000000, at - 0x20000000 + n);
  if (at >= 0x10000000 && at < 0x14000000) return mcu.flash.slice(at & 0xffffff, (at & 0xffffff) + n);
  const bytes = new Uint8Array(n);
  for (let i = 0; i < n; i++) bytes[i] = mcu.readUint8((at + i) >>> 0);
  return bytes;
}

/** @param {Machine} machine @param {number} at @param {Uint8Array} bytes */
function write(machine, at, bytes) {
  if (at >= 0x20000000 && at + bytes.length <= 0x20042000) {
    machine.mcu.sram.set(bytes, at - 0x20000000);
    machine.written(at, bytes.length);
    return;
  }
  for (let i = 0; i < bytes.length; i++) machine.mcu.writeUint8((at + i) >>> 0, bytes[i]);
}

/** Finds a code in a table of (code, pointer) pairs. @type {RomFunction} */
const lookUp = (r, _core, { mcu }) => {
  let at = r[0];
  let steps = 1;
  for (;;) {
    const code = mcu.readUint16(at);
    if (code === 0) {
      r[0] = 0;
      return 6 * steps;
    }
    if (code === (r[1] & 0xffff)) {
      r[0] = mcu.readUint16(at + 2);
      return 6 * steps;
    }
    at += 4;
    steps++;
  }
};

/** Keeps the destination, which memcpy and memset return. @type {RomFunction} */
const keepDestination = (r) => {
  r[12] = r[0];
  return 8;
};

/** A piece of a copy; comes back to itself until all is done. 2.8.3.1.2: 5 cycles a byte, 0.8 when aligned alike.
 * @type {RomFunction} */
const copy = (r, core, machine) => {
  const n = Math.min(r[2], PIECE);
  const alike = ((r[0] ^ r[1]) & 3) === 0;
  write(machine, r[0], read(machine.mcu, r[1], n));
  r[0] += n;
  r[1] += n;
  r[2] -= n;
  if (r[2]) core.PC -= 2;
  return alike ? Math.ceil(n * 0.82) + 2 : n * 5;
};

/** @type {RomFunction} */
const fill = (r, core, machine) => {
  const n = Math.min(r[2], PIECE);
  write(machine, r[0], new Uint8Array(n).fill(r[1]));
  r[0] += n;
  r[2] -= n;
  if (r[2]) core.PC -= 2;
  return Math.ceil(n * 0.45) + 2;
};

/** @param {number} x */
function ones(x) {
  let n = 0;
  for (; x; x = (x & (x - 1)) >>> 0) n++;
  return n;
}

/** @param {number} x */
function reversed(x) {
  let out = 0;
  for (let i = 0; i < 32; i++) out = ((out << 1) | ((x >>> i) & 1)) >>> 0;
  return out;
}

/** After a reset (2.8.1): where a watchdog reboot said, else the second stage of the flash. @type {RomFunction} */
const boot = (_r, core, machine) => {
  const { mcu } = machine;
  const scratch = mcu.peripherals[0x40058].scratchData;
  if (scratch[4] === 0xb007c0d3) {
    const pc = (scratch[5] ^ -0xb007c0d3) >>> 0;
    const sp = scratch[6];
    const check = scratch[7];
    scratch[4] = 0;
    if (check === pc) {
      core.SP = sp;
      core.PC = pc & ~1;
      return 50;
    }
  }
  // 2.8.1.3.1: the first 256 bytes count only with their checksum, CRC-32 without reflection.
  let crc = 0xffffffff;
  for (let i = 0; i < 252; i++) {
    crc ^= mcu.flash[i] << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  if (crc >>> 0 !== mcu.flashView.getUint32(252, true)) {
    machine.halt('the flash holds no program: the chip waits in its USB boot loader');
    core.PC -= 2;
    return 1;
  }
  mcu.sram.set(mcu.flash.subarray(0, 256), 0x41f00);
  core.SP = 0x20041f00;
  core.LR = 0;
  core.PC = 0x20041f00;
  return 20_000;
};

/** @type {RomFunction} */
const hang = (_r, core, machine) => {
  machine.halt(`hard fault, or an interrupt without a handler: exception ${core.IPSR}, LR ${core.LR.toString(16)}`);
  core.PC -= 2;
  return 1;
};

/** @type {RomFunction} */
const toBootLoader = (_r, core, machine) => {
  machine.halt('the firmware asked for the USB boot loader');
  core.PC -= 2;
  return 1;
};

/** Cycles that take no note. @param {number} n @returns {RomFunction} */
const takes = (n) => () => n;

/** Lays out the ROM. @returns {{image: Uint32Array, functions: RomFunction[]}} */
export function buildBootRom() {
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  /** @type {RomFunction[]} */
  const functions = [];
  let at = 0x100;

  const emit = (/** @type {number[]} */ ...halfwords) => {
    const start = at;
    for (const h of halfwords) {
      view.setUint16(at, h, true);
      at += 2;
    }
    return start | 1;
  };
  const breakpoint = (/** @type {RomFunction} */ fn) => {
    functions.push(fn);
    if (functions.length > 256) throw new Error('the boot ROM has more functions than BKPT has numbers');
    return 0xbe00 | (functions.length - 1);
  };
  const stub = (/** @type {RomFunction} */ fn) => emit(breakpoint(fn), BX_LR);
  const align = () => { at = (at + 3) & ~3; };

  const reset = emit(breakpoint(boot), LOOP);
  const fault = emit(breakpoint(hang), LOOP);
  const lookup = stub(lookUp);
  const memcpy = emit(breakpoint(keepDestination), breakpoint(copy), MOV_R0_R12, BX_LR);
  const memset = emit(breakpoint(keepDestination), breakpoint(fill), MOV_R0_R12, BX_LR);
  /** 2.8.3.1 @type {[string, number][]} */
  const code = [
    ['P3', stub((r) => { r[0] = ones(r[0]); return 18; })],
    ['R3', stub((r) => { r[0] = reversed(r[0]); return 20; })],
    ['L3', stub((r) => { r[0] = Math.clz32(r[0]); return 14; })],
    ['T3', stub((r) => { r[0] = r[0] ? 31 - Math.clz32(r[0] & -r[0]) : 32; return 16; })],
    ['MC', memcpy], ['C4', memcpy], ['MS', memset], ['S4', memset],
    ['IF', stub(takes(20))], ['EX', stub(takes(400))], ['FC', stub(takes(100))], ['CX', stub(takes(60))],
    ['RE', stub((r, _core, { flash }) => flash.erase(r[0], r[1], r[2]))],
    ['RP', stub((r, _core, { mcu, flash }) => flash.program(r[0], read(mcu, r[1], r[2])))],
    ['UB', emit(breakpoint(toBootLoader), LOOP)],
    ['DT', stub(takes(0))], ['DE', stub(takes(0))], ['WV', fault],
  ];
  const floats = (/** @type {import('./rom_float.mjs').FloatFunction[]} */ table) => {
    const stubs = table.map(([fn, cycles]) => stub((r, core) => {
      fn(r, core);
      return cycles;
    }));
    align();
    view.setUint8(at + 2, stubs.length); // the size in words stands two bytes before the table
    at += 4;
    const start = at;
    for (const pointer of stubs) {
      view.setUint32(at, pointer, true);
      at += 4;
    }
    return start;
  };
  const single = floats(FLOATS);
  const double = floats(DOUBLES);
  const copyright = at;
  for (const c of 'boot ROM stand-in\0') bytes[at++] = c.charCodeAt(0);
  align();
  const revision = at;
  at += 4;
  /** 2.8.3.2 and 2.8.3.3 @type {[string, number][]} */
  const data = [
    ['CR', copyright], ['GR', revision], ['SF', single], ['SD', double], ['FS', single], ['FE', single + 0x80],
    ['DS', double], ['DE', double + 0x80],
  ];
  const directory = (/** @type {[string, number][]} */ entries) => {
    align();
    const start = at;
    for (const [name, pointer] of entries) {
      view.setUint16(at, name.charCodeAt(0) | (name.charCodeAt(1) << 8), true);
      view.setUint16(at + 2, pointer, true);
      at += 4;
    }
    at += 4;
    return start;
  };
  const codeTable = directory(code);
  const dataTable = directory(data);
  if (at > BYTES) throw new Error('the boot ROM is longer than 16 KB');
  view.setUint32(0, 0x20041f00, true);
  view.setUint32(4, reset, true);
  view.setUint32(8, fault, true);
  view.setUint32(12, fault, true);
  bytes.set([0x4d, 0x75, 0x01, 0x03], 0x10); // "Mu", 1, version 3 (RP2040-B2)
  view.setUint16(0x14, codeTable, true);
  view.setUint16(0x16, dataTable, true);
  view.setUint16(0x18, lookup, true);
  return { image: new Uint32Array(bytes.buffer), functions };
}
