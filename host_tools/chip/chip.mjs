/**
 * One emulated Raspberry Pi Pico: rp2040js, with what it lacks fitted from the files beside this one, and a run loop
 * on emulated time. Nothing here looks at the time of the host: the same calls give the same run.
 */

import fs from 'node:fs';
import { ConsoleLogger, LogLevel, RP2040 } from 'rp2040js';
import { buildBootRom } from './bootrom.mjs';
import { FasterCore } from './faster_core.mjs';
import { Flash } from './flash.mjs';
import { fitI2c } from './i2c.mjs';
import { Pads } from './pads.mjs';
import { PioClock } from './pio_clock.mjs';
import { fitResets, keep, POWER_ON, restore, WATCHDOG } from './resets.mjs';
import { fitSio } from './sio.mjs';
import { fitUart } from './uart.mjs';
import { loadUf2 } from './uf2.mjs';
import { UsbHost } from './usb_host.mjs';

const ROM = buildBootRom();
// Cortex-M0+ Technical Reference Manual (DDI 0484), section 3.6: exception entry; rp2040js counts none.
const ENTRY_CYCLES = 15;
// Times are whole multiples of 1/64 ns, so that sums do not depend on the order in which they are taken. Exact at 125
// MHz; at the speeds of the first milliseconds after a reset it is off by less than a part in 10,000.
const FINEST = 64;

/**
 * @typedef {object} Options
 * @property {boolean} [fast] translated code (true), or rp2040js's own core
 * @property {number} [seed] of the ring oscillator's random bits
 * @property {boolean} [pwmEdges] whether PWM outputs toggle their pins
 */

export class Chip {
  /** @param {Options} [options] */
  constructor({ fast = true, seed = 1, pwmEdges = false } = {}) {
    this.fast = fast;
    this.seed = seed;
    this.pwmEdges = pwmEdges;
    /** Why it stands still for good; empty while it does not. */
    this.halted = '';
    /** Resets by the watchdog (machine.reset() is one). */
    this.resets = 0;
    this.cause = POWER_ON;
    this.instructions = 0;
    /** @type {(bytes: Uint8Array) => void} */
    this.onSerial = () => {};
    /** @type {(uart: number, byte: number) => void} */
    this.onUart = () => {};
    /** @type {(cause: number) => void} */
    this.onReset = () => {};
    /** @type {import('./pads.mjs').PadListener} */
    this.outside = { onPad: () => {}, onEdges: () => {}, onSlice: () => {} };
    /** What answers on I2C0 and I2C1. @type {(import('./i2c.mjs').Answers | null)[]} */
    this.buses = [null, null];
    this.earlierNs = 0;
    /** What drives each pin from outside, over resets too. @type {number[] | null} */
    this.levels = null;
    this.powerUp(null);
  }

  /** @param {import('./resets.mjs').Kept | null} kept */
  powerUp(kept) {
    /** @type {any} */
    const mcu = new RP2040();
    this.mcu = mcu;
    mcu.logger = new ConsoleLogger(LogLevel.Error, false);
    mcu.bootrom.set(ROM.image);
    if (kept) restore(mcu, kept);
    this.resetAsked = false;
    this.standing = 0;
    this.flashing = false;
    this.extra = 0;
    this.core = new FasterCore(mcu);
    this.flash = new Flash(mcu.flash, () => mcu.clkSys);
    this.flash.onChange = () => this.core.forgetFlash();
    fitResets(mcu, this.seed + this.resets, () => { this.resetAsked = true; });
    fitSio(mcu, () => this.halt('the firmware started core 1, which is not modelled'));
    /** The far ends of UART0 and UART1. */
    this.lines = [0, 1].map((i) => fitUart(mcu, i, 20 + i, (byte) => this.onUart(i, byte)));
    this.i2c = fitI2c(mcu);
    this.i2c.forEach((controller, i) => {
      const bus = this.buses[i];
      if (bus) controller.bus = bus;
    });
    this.pads = new Pads(mcu, {
      onPad: (pin, pad) => this.outside.onPad(pin, pad),
      onEdges: (pin, count, shortest) => this.outside.onEdges(pin, count, shortest),
      onSlice: (slice, registers) => this.outside.onSlice(slice, registers),
    }, this.pwmEdges);
    if (this.levels) this.levels.forEach((level, pin) => this.pads.drive(pin, level));
    this.levels = this.pads.external;
    this.pio = new PioClock(mcu, (_pio, before, after, ns) => {
      this.pads.pio(before, after, ns);
      this.onPio(before, after, ns);
    });
    this.fitSioOutputs(mcu);
    this.usb = new UsbHost(mcu.usbCtrl);
    this.usb.onData = (bytes) => this.onSerial(bytes);
    this.fitRom(mcu);
    mcu.core.VTOR = 0;
    mcu.core.reset();
  }

  /** Hears of PIO outputs as they change: for parts that answer within a pulse.
   * @type {(before: number, after: number, ns: number) => void} */
  onPio = () => {};

  /** A pin that the core sets may be looked at together with PIO pulses: those come first. @param {any} mcu */
  fitSioOutputs(mcu) {
    const write = mcu.sio.writeUint32;
    mcu.sio.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
      if (offset >= 0x10 && offset <= 0x2c) this.pio.catchUp();
      write.call(mcu.sio, offset, value);
    };
  }

  /** @param {any} mcu */
  fitRom(mcu) {
    const machine = {
      mcu, flash: this.flash, halt: (/** @type {string} */ why) => this.halt(why),
      written: (/** @type {number} */ address, /** @type {number} */ bytes) => this.core.written(address, bytes),
    };
    const { core } = mcu;
    mcu.onBreak = (/** @type {number} */ number) => {
      const fn = ROM.functions[number];
      if (core.PC >= 0x4000 || !fn) {
        this.halt(`breakpoint ${number} at ${(core.PC - 2).toString(16)}`);
        return;
      }
      const cycles = fn(core.registers, core, machine);
      if (this.flash.steps.length) {
        this.flashing = true;
        this.flashStarted = mcu.clock.nanosCounter;
        this.standing = cycles;
      } else this.extra += cycles;
    };
    const enter = core.exceptionEntry.bind(core);
    core.exceptionEntry = (/** @type {number} */ number) => {
      this.extra += ENTRY_CYCLES;
      enter(number);
    };
  }

  /** @param {string} why */
  halt(why) {
    if (!this.halted) this.halted = why;
  }

  /** Nanoseconds since power-on. */
  get ns() {
    return this.earlierNs + this.mcu.clock.nanosCounter;
  }

  /** Puts a firmware image into the flash. Raises Error, saying why it is none. @param {string} file */
  loadImage(file) {
    loadUf2(fs.readFileSync(file), this.mcu.flash);
    this.core.forgetFlash();
  }

  /** Starts at the reset vector: after the flash was filled. */
  start() {
    this.mcu.core.reset();
  }

  /** What the watchdog does. */
  reset() {
    if (this.flashing) this.flash.cut((this.mcu.clock.nanosCounter - this.flashStarted) / 1e6, () => 0);
    this.earlierNs += this.mcu.clock.nanosCounter;
    this.resets++;
    this.cause = WATCHDOG;
    const waiting = this.usb.waiting;
    this.powerUp(keep(this.mcu));
    this.usb.waiting = waiting;
    this.onReset(WATCHDOG);
  }

  /** Takes the power away, now, and gives it back: what was being written is torn. @param {() => number} random 0 to 1 */
  cutPower(random) {
    if (this.flashing) this.flash.cut((this.mcu.clock.nanosCounter - this.flashStarted) / 1e6, random);
    this.earlierNs += this.mcu.clock.nanosCounter;
    this.cause = POWER_ON;
    this.halted = '';
    this.powerUp({ flash: this.mcu.flash, scratch: new Uint32Array(8), reason: 0 });
    this.onReset(POWER_ON);
  }

  /** What drives a pin from outside from now on: 0, 1, or RELEASED of pads.mjs. @param {number} pin @param {number} level */
  setPin(pin, level) {
    this.pads.drive(pin, level);
  }

  /**
   * Runs until `ns` (since power-on) or a little beyond: an instruction is never cut. Returns false when it has halted.
   * @param {number} ns
   */
  runUntil(ns) {
    while (!this.halted) {
      const stop = ns - this.earlierNs;
      this.runThisBoot(stop);
      if (this.resetAsked && !this.halted) {
        this.reset();
        continue;
      }
      break;
    }
    this.pio.catchUp();
    this.pads.flush();
    return !this.halted;
  }

  /** @param {number} stop nanoseconds of this boot */
  runThisBoot(stop) {
    const { mcu } = this;
    const { core, clock } = mcu;
    while (clock.nanosCounter < stop && !this.halted && !this.resetAsked) {
      const alarm = clock.nextAlarm;
      const limit = alarm && alarm.nanos < stop ? alarm.nanos : stop;
      if (this.standing) {
        this.stand(limit);
        continue;
      }
      if (core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
      if (core.waiting) {
        clock.tick(Math.ceil(limit * FINEST) / FINEST - clock.nanosCounter);
        continue;
      }
      const nsPerCycle = Math.round((1e9 / mcu.clkSys) * FINEST) / FINEST;
      const cycles = Math.ceil((limit - clock.nanosCounter) / nsPerCycle);
      if (this.fast && cycles > 0) {
        const spent = this.core.go(cycles, nsPerCycle);
        core.cycles += spent;
        clock.nanosCounter += spent * nsPerCycle;
        if (clock.nanosCounter >= limit) doWhatIsDue(clock);
        if (spent >= cycles) continue;
      }
      let took = core.executeInstruction();
      this.instructions++;
      if (this.extra) {
        took += this.extra;
        core.cycles += this.extra;
        this.extra = 0;
      }
      const to = clock.nanosCounter + took * nsPerCycle;
      const next = clock.nextAlarm;
      if (next && next.nanos <= to) clock.tick(to - clock.nanosCounter);
      else clock.nanosCounter = to;
    }
  }

  /** The core stands while the flash works. @param {number} limit */
  stand(limit) {
    const { clock, clkSys } = this.mcu;
    const end = clock.nanosCounter + (this.standing * 1e9) / clkSys;
    const to = Math.ceil(Math.min(end, Math.max(limit, clock.nanosCounter)) * FINEST) / FINEST;
    clock.tick(to - clock.nanosCounter);
    this.standing = Math.max(0, Math.round(((end - to) * clkSys) / 1e9));
    if (this.standing === 0) {
      this.flashing = false;
      this.flash.finish();
    }
  }
}

/** Does what is due at the present. @param {any} clock */
function doWhatIsDue(clock) {
  clock.tick(0);
}
