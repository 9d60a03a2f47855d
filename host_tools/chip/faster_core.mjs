/**
 * A faster Cortex-M0+ for rp2040js: straight runs of Thumb instructions are translated into JavaScript functions.
 *
 * ARMv6-M Architecture Reference Manual (DDI 0419), chapter A6, for what each instruction does; the cycle counts are
 * the ones that rp2040js's own executeInstruction uses, so that a program takes the same emulated time on both (proved
 * by tests/chip). Only registers, SRAM and flash are touched here. Everything else (peripherals, SIO, the boot ROM's
 * stubs, exceptions, special registers, unaligned addresses) is left to executeInstruction, one instruction at a time.
 *
 * An interrupt is taken at the same instruction boundary as in the plain core: a run is only entered when it ends
 * before the next alarm is due; the last few instructions before an alarm go one by one.
 *
 * Flags that the following instruction of a run overwrites unread are not worked out. So the flags in the xPSR that an
 * exception stacks in the middle of such a pair may differ from the plain core's; no program can see that.
 */

const SRAM = 0x20000000;
const SRAM_BYTES = 264 * 1024;
const FLASH_BYTES = 2 * 1024 * 1024;
// SIO (RP2040 data sheet section 2.3.1.7): CPUID and the divider, which neither take time nor reach the outside.
const SIO = 0xd0000000 | 0;
const SIO_PLAIN = new Uint8Array(32);
for (const offset of [0x00, 0x60, 0x64, 0x68, 0x6c, 0x70, 0x74, 0x78]) SIO_PLAIN[offset >> 2] = 1;
// The timer (section 4.6), which MicroPython's delays read in a loop; a load from a peripheral takes four cycles.
const TIMER = 0x40054000;
const TIMER_READ = 4;
const TIMERAWH = 0x24;
const TIMERAWL = 0x28;
const LONGEST = 40; // instructions in one run
const WARM = 3; // executions before an address is worth translating

const N = 1;
const Z = 2;
const C = 4;
const V = 8;
const NZ = N | Z;
const NZC = NZ | C;
const ALL = 15;

/**
 * One decoded instruction.
 * @typedef {object} Op
 * @property {number} sets flags that it writes, in every case
 * @property {number} uses flags that it reads
 * @property {number} cycles at most
 * @property {(live: number, at: At) => string} code JavaScript; `live` are the flags that somebody reads
 * @property {boolean} [ends] whether a run ends here
 * @property {{target: number, link: boolean}} [goesTo] it always goes there: the run can go on with what is there
 * @property {number} [leaves] where it may leave the run for
 * @property {{target: number, side: (at: At) => string}} [mayGo] it may leave the run for there, and else goes on
 * @property {boolean} [wide] whether it is 32 bits long
 */

/**
 * Where an instruction stands in its run.
 * @typedef {{pc: number, cycles: number}} At cycles: those spent before it
 */

/** In a run's JavaScript, `k` is twice the cycles that it took less than counted: SIO answers in one, memory in two. */

/** JavaScript that leaves the run before this instruction, for executeInstruction to do it. @param {At} at */
const leave = (at) => `{r[15]=${at.pc};return ${at.cycles * 2 + 1}-k;}`;

/** JavaScript for N and Z of `v`. @param {number} live */
const nz = (live) => (live & N ? 'f[0]=v>>>31;' : '') + (live & Z ? 'f[1]=v===0?1:0;' : '');

const addFlags = (/** @type {number} */ live) => nz(live)
  + (live & C ? 'f[2]=(v>>>0)<(a>>>0)?1:0;' : '') + (live & V ? 'f[3]=((a^v)&(b^v))>>>31;' : '');
const subFlags = (/** @type {number} */ live) => nz(live)
  + (live & C ? 'f[2]=(a>>>0)>=(b>>>0)?1:0;' : '') + (live & V ? 'f[3]=((a^b)&(a^v))>>>31;' : '');

/** @param {string} a @param {string} b @param {string} to @returns {Op} */
const add = (a, b, to) => ({ sets: ALL, uses: 0, cycles: 1, code: (l) => `a=${a};b=${b};v=a+b|0;${to}${addFlags(l)}` });
/** @param {string} a @param {string} b @param {string} to @returns {Op} */
const sub = (a, b, to) => ({ sets: ALL, uses: 0, cycles: 1, code: (l) => `a=${a};b=${b};v=a-b|0;${to}${subFlags(l)}` });
/** @param {string} value @param {string} to @returns {Op} */
const logic = (value, to) => ({ sets: NZ, uses: 0, cycles: 1, code: (l) => `v=${value};${to}${nz(l)}` });
/** @param {string} text @returns {Op} */
const plain = (text) => ({ sets: 0, uses: 0, cycles: 1, code: () => text });

/**
 * A load: `address` is an expression, `size` 1, 2 or 4 bytes.
 * @param {string} address @param {number} size @param {boolean} signed @param {string} to @returns {Op}
 */
function load(address, size, signed, to) {
  const view = size === 4 ? '32' : size === 2 ? (signed ? '16i' : '16') : signed ? '8i' : '8';
  const shift = size === 4 ? '>>2' : size === 2 ? '>>1' : '';
  const aligned = size === 1 ? '' : `&&!(a&${size - 1})`;
  return {
    sets: 0, uses: 0, cycles: 2,
    code: (_l, at) => `a=${address}|0;b=a-${SRAM}|0;`
      + `if((b>>>0)<${SRAM_BYTES}${aligned})${to}=s${view}[b${shift}];`
      + `else if((a>>>24)===16${aligned})${to}=x${view}[(a&0xffffff)${shift}];`
      + `${size === 4 ? `else if((a&-128)===${SIO}&&plain[(a&127)>>2]&&!(a&3)){${to}=sio.readUint32(a&127);k+=2;}` : ''}else ${leave(at)}`,
  };
}

/** A store to SRAM. @param {string} address @param {number} size @param {string} from @returns {Op} */
function store(address, size, from) {
  const view = size === 4 ? '32' : size === 2 ? '16' : '8';
  const shift = size === 4 ? '>>2' : size === 2 ? '>>1' : '';
  const aligned = size === 1 ? '' : `&&!(b&${size - 1})`;
  return {
    sets: 0, uses: 0, cycles: 2,
    // Code in RAM that is written over is translated anew; a run never rewrites itself on this chip's firmware.
    code: (_l, at) => `b=(${address}|0)-${SRAM}|0;if((b>>>0)<${SRAM_BYTES}${aligned}){s${view}[b${shift}]=${from};`
      + `if(pages[b>>8])touched(b);}`
      + `${size === 4 ? `else if((b&-128)===${(SIO - SRAM) | 0}&&plain[(b&127)>>2]&&!(b&3)){sio.writeUint32(b&127,${from}>>>0);k+=2;}` : ''}else ${leave(at)}`,
  };
}

const CONDITIONS = [
  ['f[1]', Z], ['!f[1]', Z], ['f[2]', C], ['!f[2]', C], ['f[0]', N], ['!f[0]', N], ['f[3]', V], ['!f[3]', V],
  ['f[2]&&!f[1]', C | Z], ['!f[2]||f[1]', C | Z], ['f[0]===f[3]', N | V], ['f[0]!==f[3]', N | V],
  ['!f[1]&&f[0]===f[3]', N | Z | V], ['f[1]||f[0]!==f[3]', N | Z | V],
];

/** Registers of a list, lowest first. @param {number} list */
const registersOf = (list) => [0, 1, 2, 3, 4, 5, 6, 7].filter((i) => (list >> i) & 1);

/** Data processing on two low registers (A6.2.2 / A5.2.2), by opcode bits 9..6. @type {((d: number, m: number) => Op)[]} */
const DATA = [
  (d, m) => logic(`r[${d}]&r[${m}]`, `r[${d}]=v;`),
  (d, m) => logic(`r[${d}]^r[${m}]`, `r[${d}]=v;`),
  (d, m) => ({ sets: NZ, uses: C, cycles: 1, code: (l) => `a=r[${d}];b=r[${m}]&255;v=b<32?a<<b:0;`
    + (l & C ? 'if(b)f[2]=b<=32?a>>>32-b&1:0;' : '') + `r[${d}]=v;${nz(l)}` }),
  (d, m) => ({ sets: NZ, uses: C, cycles: 1, code: (l) => `a=r[${d}];b=r[${m}]&255;v=b<32?a>>>b|0:0;`
    + (l & C ? 'if(b)f[2]=b<=32?a>>>b-1&1:0;' : '') + `r[${d}]=v;${nz(l)}` }),
  (d, m) => ({ sets: NZ, uses: C, cycles: 1, code: (l) => `a=r[${d}];b=r[${m}]&255;v=b<32?a>>b:a>>31;`
    + (l & C ? 'if(b)f[2]=b<32?a>>b-1&1:a>>>31;' : '') + `r[${d}]=v;${nz(l)}` }),
  (d, m) => ({ sets: ALL, uses: C, cycles: 1, code: (l) => `a=r[${d}];b=r[${m}];c=f[2];v=a+b+c|0;`
    + (l & C ? 'f[2]=(a>>>0)+(b>>>0)+c>4294967295?1:0;' : '') + (l & V ? 'f[3]=((a^v)&(b^v))>>>31;' : '')
    + `r[${d}]=v;${nz(l)}` }),
  (d, m) => ({ sets: ALL, uses: C, cycles: 1, code: (l) => `a=r[${d}];b=r[${m}];c=1-f[2];v=a-b-c|0;`
    + (l & C ? 'f[2]=(a>>>0)>=(b>>>0)+c?1:0;' : '') + (l & V ? 'f[3]=((a^b)&(a^v))>>>31;' : '')
    + `r[${d}]=v;${nz(l)}` }),
  (d, m) => ({ sets: NZ, uses: C, cycles: 1, code: (l) => `a=r[${d}];b=r[${m}]&255;c=b&31;v=c?a>>>c|a<<32-c:a;`
    + (l & C ? 'if(b)f[2]=v>>>31;' : '') + `r[${d}]=v;${nz(l)}` }),
  (d, m) => logic(`r[${d}]&r[${m}]`, ''),
  (d, m) => sub('0', `r[${m}]`, `r[${d}]=v;`),
  (d, m) => sub(`r[${d}]`, `r[${m}]`, ''),
  (d, m) => add(`r[${d}]`, `r[${m}]`, ''),
  (d, m) => logic(`r[${d}]|r[${m}]`, `r[${d}]=v;`),
  (d, m) => logic(`Math.imul(r[${d}],r[${m}])`, `r[${d}]=v;`),
  (d, m) => logic(`r[${d}]&~r[${m}]`, `r[${d}]=v;`),
  (d, m) => logic(`~r[${m}]`, `r[${d}]=v;`),
];

/** Shift by a constant. @param {number} op @returns {Op} */
function shiftImmediate(op) {
  const d = op & 7;
  const m = (op >> 3) & 7;
  const n = (op >> 6) & 31;
  const kind = op >> 11;
  if (kind === 0) {
    if (n === 0) return logic(`r[${m}]`, `r[${d}]=v;`);
    return { sets: NZC, uses: 0, cycles: 1,
      code: (l) => `a=r[${m}];v=a<<${n};${l & C ? `f[2]=a>>>${32 - n}&1;` : ''}r[${d}]=v;${nz(l)}` };
  }
  const by = n || 32;
  const value = kind === 1 ? (by < 32 ? `a>>>${by}|0` : '0') : by < 32 ? `a>>${by}` : 'a>>31';
  return { sets: NZC, uses: 0, cycles: 1,
    code: (l) => `a=r[${m}];v=${value};${l & C ? `f[2]=a>>>${by - 1}&1;` : ''}r[${d}]=v;${nz(l)}` };
}

/**
 * Decodes one instruction; null for what is left to executeInstruction.
 * @param {number} op @param {number} next the halfword after it @param {number} pc its address @returns {Op | null}
 */
export function decode(op, next, pc) {
  const d = op & 7;
  const m = (op >> 3) & 7;
  const s = (op >> 6) & 7;
  const e = (op >> 8) & 7;
  const low = op & 255;
  const five = (op >> 6) & 31;
  switch (op >> 11) {
    case 0: case 1: case 2: return shiftImmediate(op);
    case 3: {
      const right = op & 0x400 ? String(s) : `r[${s}]`;
      return op & 0x200 ? sub(`r[${m}]`, right, `r[${d}]=v;`) : add(`r[${m}]`, right, `r[${d}]=v;`);
    }
    case 4: return logic(String(low), `r[${e}]=v;`);
    case 5: return sub(`r[${e}]`, String(low), '');
    case 6: return add(`r[${e}]`, String(low), `r[${e}]=v;`);
    case 7: return sub(`r[${e}]`, String(low), `r[${e}]=v;`);
    case 8: return op & 0x400 ? special(op, pc) : DATA[(op >> 6) & 15](d, m);
    case 9: return { ...load(String(((pc + 4) & ~3) + low * 4), 4, false, `r[${e}]`) };
    case 10: case 11: {
      const address = `r[${m}]+r[${s}]`;
      switch ((op >> 9) & 7) {
        case 0: return store(address, 4, `r[${d}]`);
        case 1: return store(address, 2, `r[${d}]`);
        case 2: return store(address, 1, `r[${d}]`);
        case 3: return load(address, 1, true, `r[${d}]`);
        case 4: return load(address, 4, false, `r[${d}]`);
        case 5: return load(address, 2, false, `r[${d}]`);
        case 6: return load(address, 1, false, `r[${d}]`);
        default: return load(address, 2, true, `r[${d}]`);
      }
    }
    case 12: return store(`r[${m}]+${five * 4}`, 4, `r[${d}]`);
    case 13: return load(`r[${m}]+${five * 4}`, 4, false, `r[${d}]`);
    case 14: return store(`r[${m}]+${five}`, 1, `r[${d}]`);
    case 15: return load(`r[${m}]+${five}`, 1, false, `r[${d}]`);
    case 16: return store(`r[${m}]+${five * 2}`, 2, `r[${d}]`);
    case 17: return load(`r[${m}]+${five * 2}`, 2, false, `r[${d}]`);
    case 18: return store(`r[13]+${low * 4}`, 4, `r[${e}]`);
    case 19: return load(`r[13]+${low * 4}`, 4, false, `r[${e}]`);
    case 20: return plain(`r[${e}]=${((pc & ~3) + 4 + low * 4) | 0};`);
    case 21: return plain(`r[${e}]=r[13]+${low * 4};`);
    case 22: case 23: return miscellaneous(op, pc);
    case 24: case 25: return multiple(op);
    case 26: case 27: return branchIf(op, pc);
    case 28: return jump(pc + 4 + ((op << 21) >> 20), 2);
    case 30: return branchLink(op, next, pc);
    default: return null;
  }
}

/** High registers and BX (A5.2.3). @param {number} op @param {number} pc @returns {Op | null} */
function special(op, pc) {
  const to = ((op >> 4) & 8) | (op & 7);
  const m = (op >> 3) & 15;
  const value = m === 15 ? String(pc + 4) : `r[${m}]`;
  switch ((op >> 8) & 3) {
    case 0:
      if (to === 15 || to === 13) return null;
      return plain(`r[${to}]=r[${to}]+${value}|0;`);
    case 1: return m === 15 || to === 15 ? null : sub(`r[${to}]`, value, '');
    case 2:
      if (to === 13) return plain(`r[13]=${value}&~3;`);
      if (to !== 15) return plain(`r[${to}]=${value};`);
      return { sets: 0, uses: 0, cycles: 2, ends: true, code: (_l, at) => `r[15]=${value}&~1;return ${(at.cycles + 2) * 2}-k;` };
    default: {
      if (m === 15 || op & 7) return null;
      // An address at the top is the magic number that ends an exception.
      const link = op & 0x80 ? `r[14]=${(pc + 2) | 1};` : '';
      return { sets: 0, uses: 0, cycles: 2, ends: true,
        code: (_l, at) => `a=r[${m}];if((a>>>28)===15)${leave(at)}${link}r[15]=a&~1;return ${(at.cycles + 2) * 2}-k;` };
    }
  }
}

/** Stack pointer, extensions, PUSH, POP, REV (A5.2.5). @param {number} op @param {number} pc @returns {Op | null} */
function miscellaneous(op, pc) {
  const d = op & 7;
  const m = (op >> 3) & 7;
  if (op >> 7 === 0b101100000) return plain(`r[13]+=${(op & 127) * 4};`);
  if (op >> 7 === 0b101100001) return plain(`r[13]-=${(op & 127) * 4};`);
  if (op >> 9 === 0b1011010) return push(op);
  if (op >> 9 === 0b1011110) return pop(op);
  switch (op >> 6) {
    case 0b1011001000: return plain(`r[${d}]=r[${m}]<<16>>16;`);
    case 0b1011001001: return plain(`r[${d}]=r[${m}]<<24>>24;`);
    case 0b1011001010: return plain(`r[${d}]=r[${m}]&0xffff;`);
    case 0b1011001011: return plain(`r[${d}]=r[${m}]&0xff;`);
    case 0b1011101000: return plain(`a=r[${m}];r[${d}]=a<<24|(a&0xff00)<<8|a>>>8&0xff00|a>>>24;`);
    default: return op === 0xbf00 ? plain('') : null;
  }
}

/** @param {number} op @returns {Op} */
function push(op) {
  const list = registersOf(op & 255);
  const link = op & 256 ? 1 : 0;
  const bytes = 4 * (list.length + link);
  let writes = '';
  list.forEach((reg, i) => { writes += `s32[c${i ? `+${i}` : ''}]=r[${reg}];`; });
  if (link) writes += `s32[c+${list.length}]=r[14];`;
  return { sets: 0, uses: 0, cycles: 1 + list.length,
    code: (_l, at) => `b=r[13]-${SRAM + bytes}|0;if((b>>>0)>=${SRAM_BYTES - bytes}||b&3)${leave(at)}`
      + `c=b>>2;${writes}r[13]-=${bytes};` };
}

/** @param {number} op @returns {Op} */
function pop(op) {
  const list = registersOf(op & 255);
  const jumps = op & 256 ? 1 : 0;
  const bytes = 4 * (list.length + jumps);
  let reads = '';
  list.forEach((reg, i) => { reads += `r[${reg}]=s32[c${i ? `+${i}` : ''}];`; });
  const check = `b=r[13]-${SRAM}|0;if((b>>>0)>=${SRAM_BYTES - bytes}||b&3)`;
  if (!jumps) {
    return { sets: 0, uses: 0, cycles: 1 + list.length, code: (_l, at) => `${check}${leave(at)}c=b>>2;${reads}r[13]+=${bytes};` };
  }
  const cycles = 3 + list.length;
  return { sets: 0, uses: 0, cycles, ends: true,
    code: (_l, at) => `${check}${leave(at)}c=b>>2;a=s32[c+${list.length}];if((a>>>28)===15)${leave(at)}`
      + `${reads}r[13]+=${bytes};r[15]=a&~1;return ${(at.cycles + cycles) * 2}-k;` };
}

/** LDM and STM (A6.7.25, A6.7.58). @param {number} op @returns {Op | null} */
function multiple(op) {
  const base = (op >> 8) & 7;
  const list = registersOf(op & 255);
  const bytes = 4 * list.length;
  const back = (op >> base) & 1 ? '' : `r[${base}]=a+${bytes};`;
  const cycles = 1 + list.length;
  if (!(op & 0x800)) {
    if (!back) return null;
    let writes = '';
    list.forEach((reg, i) => { writes += `s32[c+${i}]=r[${reg}];`; });
    return { sets: 0, uses: 0, cycles,
      code: (_l, at) => `a=r[${base}];b=a-${SRAM}|0;if((b>>>0)>${SRAM_BYTES - bytes}||b&3||pages[b>>8]||pages[b+${bytes}>>8])`
        + `${leave(at)}c=b>>2;${writes}${back}` };
  }
  const reads = (/** @type {string} */ from) => list.map((reg, i) => `r[${reg}]=${from}[c+${i}];`).join('');
  return { sets: 0, uses: 0, cycles,
    code: (_l, at) => `a=r[${base}];b=a-${SRAM}|0;if(a&3)${leave(at)}`
      + `if((b>>>0)<=${SRAM_BYTES - bytes}){c=b>>2;${reads('s32')}}`
      + `else if((a>>>24)===16){c=(a&0xffffff)>>2;${reads('x32')}}else ${leave(at)}${back}` };
}

/** @param {number} target @param {number} cycles @returns {Op} */
const jump = (target, cycles) => ({ sets: 0, uses: 0, cycles, ends: true, goesTo: { target, link: false },
  code: (_l, at) => `r[15]=${target | 0};return ${(at.cycles + cycles) * 2}-k;` });

/** @param {number} op @param {number} pc @returns {Op | null} */
function branchIf(op, pc) {
  const condition = CONDITIONS[(op >> 8) & 15];
  if (!condition) return null;
  const target = pc + 4 + ((op << 24) >> 23);
  return { sets: 0, uses: Number(condition[1]), cycles: 2, ends: true,
    mayGo: { target, side: (at) => `if(${condition[0]}){r[15]=${target};return ${(at.cycles + 2) * 2}-k;}` },
    code: (_l, at) => `if(${condition[0]}){r[15]=${target};return ${(at.cycles + 2) * 2}-k;}`
      + `r[15]=${pc + 2};return ${(at.cycles + 1) * 2}-k;` };
}

/** @param {number} op @param {number} next @param {number} pc @returns {Op | null} */
function branchLink(op, next, pc) {
  if ((next & 0xd000) !== 0xd000) return null;
  const sign = (op >> 10) & 1;
  const i1 = 1 - (sign ^ ((next >> 13) & 1));
  const i2 = 1 - (sign ^ ((next >> 11) & 1));
  const offset = ((sign ? 0xff : 0) << 24) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((next & 0x7ff) << 1);
  const target = (pc + 4 + offset) | 0;
  return { sets: 0, uses: 0, cycles: 3, ends: true, wide: true, goesTo: { target, link: true },
    code: (_l, at) => `r[14]=${(pc + 4) | 1};r[15]=${target};return ${(at.cycles + 3) * 2}-k;` };
}

/**
 * Which of the flags `wanted` somebody may read from `pc` on, looking a few instructions ahead.
 * @param {(pc: number) => number} fetch @param {number} pc @param {number} wanted
 */
function readAhead(fetch, pc, wanted) {
  let open = wanted;
  let found = 0;
  for (let i = 0; i < 6 && open; i++) {
    const op = decode(fetch(pc), fetch(pc + 2), pc);
    if (!op) break;
    found |= op.uses & open;
    open &= ~op.sets & ~op.uses;
    if (op.ends) break;
    pc += 2;
  }
  return found | open;
}

/** What was translated before, by its text: the same code after a reset need not be compiled again.
 * @type {Map<string, Function>} */
const known = new Map();

/** A translated run: `run()` gives twice its cycles, plus one when the next instruction is not for it. */
class Run {
  /** @param {() => number} run @param {number} most @param {number} at @param {number} bytes */
  constructor(run, most, at, bytes) {
    this.run = run;
    /** At most so many cycles. */
    this.most = most;
    this.at = at;
    this.bytes = bytes;
  }
}

/** Runs an RP2040's core 0 by translated code. */
export class FasterCore {
  /** @param {import('rp2040js').RP2040} mcu */
  constructor(mcu) {
    this.mcu = mcu;
    const registers = /** @type {Uint32Array} */ (mcu.core.registers);
    this.r = new Int32Array(registers.buffer);
    /** N, Z, C, V as 0 or 1. */
    this.f = new Int32Array(4);
    const sram = mcu.sram.buffer;
    const flash = mcu.flash.buffer;
    /** Pages of 256 bytes of SRAM that hold translated code. */
    this.pages = new Uint8Array(SRAM_BYTES / 256 + 1);
    this.inSram = /** @type {(Run | null)[]} */ (new Array(SRAM_BYTES / 2).fill(null));
    this.inFlash = /** @type {(Run | null)[]} */ (new Array(FLASH_BYTES / 2).fill(null));
    this.warmth = { sram: new Uint8Array(SRAM_BYTES / 2), flash: new Uint8Array(FLASH_BYTES / 2) };
    this.s16 = new Uint16Array(sram);
    this.x16 = new Uint16Array(flash);
    this.parts = [this.r, this.f, new Uint8Array(sram), new Int8Array(sram), this.s16, new Int16Array(sram),
      new Int32Array(sram), new Uint8Array(flash), new Int8Array(flash), this.x16, new Int16Array(flash),
      new Int32Array(flash), this.pages, (/** @type {number} */ at) => this.forget(at), mcu.sio,
      SIO_PLAIN];
    /** Runs translated so far. */
    this.translated = 0;
    this.instructionsOneByOne = 0;
    this.fetch = (/** @type {number} */ pc) => {
      if (pc >>> 24 === 0x10) return this.x16[(pc & 0xffffff) >> 1];
      const at = pc - SRAM;
      return at >= 0 && at < SRAM_BYTES ? this.s16[at >> 1] : 0xdead;
    };
  }

  /** Forgets translated code at this place of SRAM, which has been written. @param {number} at */
  forget(at) {
    const first = Math.max(0, at - LONGEST * 2 - 2) >> 1;
    let any = false;
    for (let i = first; i <= (at + 3) >> 1; i++) {
      const run = this.inSram[i];
      if (run && run.at - SRAM + run.bytes > at) {
        this.inSram[i] = null;
        this.warmth.sram[i] = 0;
        any = true;
      }
    }
    return any;
  }

  /** Forgets all that was translated from flash: it has been written. */
  forgetFlash() {
    this.inFlash.fill(null);
    this.warmth.flash.fill(0);
  }

  /** Forgets translated code in SRAM from `at` on (addresses), written by other means than an instruction.
   * @param {number} address @param {number} bytes */
  written(address, bytes) {
    const from = address - SRAM;
    for (let page = from >> 8; page <= (from + bytes - 1) >> 8; page++) {
      if (this.pages[page]) for (let at = page << 8; at < (page + 1) << 8; at += 2) this.forget(at);
    }
  }

  /** @param {number} pc @returns {Run | null} */
  translate(pc) {
    /** @type {{op: Op, pc: number, cycles: number}[]} */
    const ops = [];
    let at = pc;
    let cycles = 0;
    // In flash a run follows jumps and calls; in SRAM, which may be written over, it stays in one piece.
    const inFlash = pc >>> 24 === 0x10;
    let most = 0;
    while (ops.length < LONGEST) {
      let op = decode(this.fetch(at), this.fetch(at + 2), at);
      if (!op) break;
      const next = at + (op.wide ? 4 : 2);
      const more = ops.length + 1 < LONGEST;
      if (more && op.mayGo && op.mayGo.target > at && decode(this.fetch(next), this.fetch(next + 2), next)) {
        // A jump ahead, most often not taken: by it the run can be left.
        const { side, target } = op.mayGo;
        most = Math.max(most, cycles + op.cycles);
        op = { sets: 0, uses: op.uses, cycles: 1, code: (_l, where) => side(where), leaves: target };
      } else if (more && inFlash && op.goesTo && op.goesTo.target >>> 24 === 0x10
        && decode(this.fetch(op.goesTo.target), this.fetch(op.goesTo.target + 2), op.goesTo.target)) {
        const { target, link } = op.goesTo;
        ops.push({ op: { sets: 0, uses: 0, cycles: op.cycles, code: () => (link ? `r[14]=${next | 1};` : '') }, pc: at, cycles });
        cycles += op.cycles;
        at = target;
        continue;
      }
      ops.push({ op, pc: at, cycles });
      cycles += op.cycles;
      at = next;
      if (op.ends) break;
    }
    if (!ops.length) return null;
    most = Math.max(most, cycles);
    let text = '';
    const last = ops[ops.length - 1];
    // Flags that are read later: beyond the end all of them may be, unless a look ahead says otherwise.
    let live = ALL;
    if (!last.op.ends) {
      live = readAhead(this.fetch, at, ALL);
      text = `r[15]=${at};return ${cycles * 2}-k;`;
    } else {
      const op = this.fetch(last.pc);
      if (op >> 12 === 13) {
        live = readAhead(this.fetch, last.pc + 2, ALL) | readAhead(this.fetch, last.pc + 4 + ((op << 24) >> 23), ALL);
      } else if (op >> 11 === 28) live = readAhead(this.fetch, last.pc + 4 + ((op << 21) >> 20), ALL);
    }
    for (let i = ops.length - 1; i >= 0; i--) {
      const { op } = ops[i];
      if (op.leaves) live |= readAhead(this.fetch, op.leaves, ALL);
      text = op.code(live, ops[i]) + text;
      live = (live & ~op.sets) | op.uses;
    }
    let make = known.get(text);
    if (!make) {
      make = new Function('r', 'f', 's8', 's8i', 's16', 's16i', 's32', 'x8', 'x8i', 'x16', 'x16i', 'x32', 'pages',
        'touched', 'sio', 'plain', `return function(){let a=0,b=0,c=0,v=0,k=0;${text}}`);
      known.set(text, make);
    }
    this.translated++;
    const run = new Run(make(...this.parts), most, pc, at - pc);
    const place = pc - SRAM;
    if (place >= 0) for (let page = place >> 8; page <= (place + run.bytes - 1) >> 8; page++) this.pages[page] = 1;
    return run;
  }

  /** The run at an address, when there is one by now. @param {number} pc @returns {Run | null} */
  find(pc) {
    let runs = this.inFlash;
    let warmth = this.warmth.flash;
    let at = pc - 0x10000000;
    if (at < 0 || at >= FLASH_BYTES) {
      runs = this.inSram;
      warmth = this.warmth.sram;
      at = pc - SRAM;
      if (at < 0 || at >= SRAM_BYTES) return null;
    }
    at >>= 1;
    const known = runs[at];
    if (known) return known;
    if (warmth[at] === 255) return null;
    if (++warmth[at] < WARM) return null;
    const run = this.translate(pc);
    if (run) runs[at] = run;
    else warmth[at] = 255;
    return run;
  }

  /** Does the next instruction when it is a load from the timer, LDR (immediate, A6.7.26), `ns` from now.
   * @param {number} ns */
  readsTimer(ns) {
    const { r, mcu } = this;
    const op = this.fetch(r[15]);
    const address = r[(op >> 3) & 7] + (((op >> 6) & 31) << 2);
    if (op >> 11 !== 13 || address >>> 12 !== TIMER >>> 12) return false;
    const micros = (mcu.clock.nanosCounter + ns) / 1000;
    const offset = address & 0xfff;
    if (offset === TIMERAWL) r[op & 7] = micros >>> 0;
    else if (offset === TIMERAWH) r[op & 7] = Math.floor(micros / 2 ** 32);
    else return false;
    r[15] += 2;
    return true;
  }

  /** The flags, from rp2040js's core into this one. */
  takeFlags() {
    const { core } = this.mcu;
    this.f[0] = core.N ? 1 : 0;
    this.f[1] = core.Z ? 1 : 0;
    this.f[2] = core.C ? 1 : 0;
    this.f[3] = core.V ? 1 : 0;
  }

  /** The flags, from this core into rp2040js's. */
  giveFlags() {
    const { core } = this.mcu;
    core.N = this.f[0] === 1;
    core.Z = this.f[1] === 1;
    core.C = this.f[2] === 1;
    core.V = this.f[3] === 1;
  }

  /**
   * Runs translated code for at most `cycles`, stopping in front of the first instruction that is not for it, or whose
   * run could end later. The caller sees to interrupts and alarms. @param {number} cycles
   * @param {number} nsPerCycle @returns {number} cycles run
   */
  go(cycles, nsPerCycle) {
    this.takeFlags();
    const { r, inFlash } = this;
    let spent = 0;
    for (;;) {
      const pc = r[15];
      const at = (pc - 0x10000000) >> 1;
      let run = at >= 0 && at < FLASH_BYTES / 2 ? inFlash[at] : null;
      if (run === null) {
        run = this.find(pc);
        if (run === null) break;
      }
      if (spent + run.most > cycles) break;
      const result = run.run();
      spent += result >> 1;
      if (result & 1) {
        if (spent + TIMER_READ > cycles || !this.readsTimer(spent * nsPerCycle)) break;
        spent += TIMER_READ;
      }
    }
    this.giveFlags();
    return spent;
  }
}
