/**
 * The PIO blocks on emulated time (RP2040 data sheet chapter 3): each state machine runs at the system clock over its
 * own divider (3.5.5), instructions and delays as rp2040js executes them.
 *
 * rp2040js runs PIO from a host timer, at no particular time. Here a machine is brought up to the present whenever
 * somebody could tell: the core touches the block, a pin that it may read changes, or whoever drives the chip asks
 * (`catchUp`). A machine whose program raises an interrupt that is enabled is brought up at each of its instructions.
 * Until then nothing runs. Two things make long waits cheap, without being seen: a jump to itself that
 * counts down is done at once, and a machine that comes back to the state it had a while ago repeats itself until an
 * input changes. A machine that stalls costs nothing.
 *
 * Not modelled: the two-cycle input synchronisers (3.5.6.3), and machines of one block that talk by IRQ flags faster
 * than they are brought up.
 */

const JMP_Y_DEC = 4;
const JMP_X_DEC = 2;
const IRQ_SET = 0xc000; // IRQ without its bit "clear" (3.4.9)
const IRQ_MASK = 0xe040;
const FLAGS = 0xf00; // of the four state machines, in IRQ0_INTE and IRQ1_INTE (3.7)
const TURNS = 64; // passes after which a machine is looked at for repetition

/** One state machine and the time up to which it has run, in units of 1/256 cycle of the system clock. */
class Clocked {
  /** @param {any} machine rp2040js's @param {any} pio its block */
  constructor(machine, pio) {
    this.machine = machine;
    this.pio = pio;
    this.time = 0;
    /** State at the last look, and the time of it. */
    this.seen = new Int32Array(12);
    this.seenAt = -1;
    this.turns = 0;
  }

  /** Units of one of its cycles. */
  get unit() {
    const { clockDivInt, clockDivFrac } = this.machine;
    return (clockDivInt || 65536) * 256 + (clockDivInt ? clockDivFrac : 0);
  }

  /** Its phase begins now (CLKDIV_RESTART, or it is enabled). @param {number} now */
  start(now) {
    this.time = now;
    this.seenAt = -1;
  }

  /** Whether it runs a program that raises an interrupt, and the core would hear of it. */
  get raises() {
    const { machine, pio } = this;
    if (!machine.enabled || !((pio.irq0IntEnable | pio.irq1IntEnable) & FLAGS)) return false;
    for (let at = machine.wrapBottom; at <= machine.wrapTop; at++) {
      if ((pio.instructions[at] & IRQ_MASK) === IRQ_SET) return true;
    }
    return false;
  }

  /** A new input or FIFO word: what it sees may differ from now on. */
  disturbed() {
    this.seenAt = -1;
    this.turns = 0;
  }

  /** Runs up to and including the cycle at `until`. @param {number} until */
  run(until) {
    const { machine, pio } = this;
    if (!machine.enabled) {
      this.time = until;
      return;
    }
    const unit = this.unit;
    while (this.time <= until) {
      if (machine.waiting) {
        machine.checkWait();
        if (machine.waiting) {
          // Nothing happens until somebody does something; its clock's phase goes on.
          this.time += Math.ceil((until + 1 - this.time) / unit) * unit;
          return;
        }
      }
      const before = machine.cycles;
      const instruction = pio.instructions[machine.pc];
      if (instruction >> 13 === 0 && (instruction & 0x1f) === machine.pc) this.spin(instruction, until, unit);
      const pins = pio.pinValues;
      machine.step();
      this.time += (machine.cycles - before || 1) * unit;
      if (pio.pinValues !== pins || pio.pinDirections !== pio.oldPinDirections) pio.onPins(this.time - unit);
      if (++this.turns >= TURNS) this.leap(until);
    }
  }

  /** A jump to itself: all turns but the last at once. @param {number} instruction @param {number} until @param {number} unit */
  spin(instruction, until, unit) {
    const { machine } = this;
    const condition = (instruction >> 5) & 7;
    const cycles = 1 + ((instruction >> 8) & 0x1f);
    if (machine.sidesetCount || (condition !== JMP_Y_DEC && condition !== JMP_X_DEC)) return;
    const left = condition === JMP_Y_DEC ? machine.y : machine.x;
    const turns = Math.min(left, Math.floor((until - this.time) / (cycles * unit)));
    if (turns <= 0) return;
    if (condition === JMP_Y_DEC) machine.y = left - turns;
    else machine.x = left - turns;
    this.time += turns * cycles * unit;
  }

  /** Whether it is where it was at the last look; then it repeats itself, and whole rounds can be left out.
   * @param {number} until */
  leap(until) {
    const { machine, pio, seen } = this;
    const same = this.seenAt >= 0 && seen[0] === machine.pc && seen[1] === (machine.x | 0) && seen[2] === (machine.y | 0)
      && seen[3] === (machine.inputShiftReg | 0) && seen[4] === (machine.outputShiftReg | 0)
      && seen[5] === machine.rxFIFO.itemCount && seen[6] === machine.txFIFO.itemCount && seen[7] === pio.pinValues
      && seen[8] === (machine.waiting ? 1 : 0) && seen[9] === pio.irq && seen[10] === machine.inputShiftCount
      && seen[11] === machine.outputShiftCount;
    if (same) {
      const round = this.time - this.seenAt;
      const rounds = Math.floor((until - this.time) / round);
      if (rounds > 0) this.time += rounds * round;
      this.turns = 0;
      this.seenAt = this.time;
      return;
    }
    // Look for the same state again for a while; then take a new one to look for.
    if (this.seenAt >= 0 && this.turns < 4 * TURNS) return;
    this.turns = 0;
    this.seenAt = this.time;
    seen[0] = machine.pc;
    seen[1] = machine.x;
    seen[2] = machine.y;
    seen[3] = machine.inputShiftReg;
    seen[4] = machine.outputShiftReg;
    seen[5] = machine.rxFIFO.itemCount;
    seen[6] = machine.txFIFO.itemCount;
    seen[7] = pio.pinValues;
    seen[8] = machine.waiting ? 1 : 0;
    seen[9] = pio.irq;
    seen[10] = machine.inputShiftCount;
    seen[11] = machine.outputShiftCount;
  }
}

export class PioClock {
  /**
   * @param {any} mcu
   * @param {(pio: number, before: number, after: number, ns: number) => void} onPins output levels changed
   */
  constructor(mcu, onPins) {
    this.mcu = mcu;
    /** @type {Clocked[]} */
    this.machines = [];
    this.any = false;
    this.inside = false;
    /** Those that raise interrupts. @type {Clocked[]} */
    this.raising = [];
    this.alarm = mcu.clock.createAlarm(() => this.catchUp());
    mcu.pio.forEach((/** @type {any} */ pio, /** @type {number} */ number) => this.fit(pio, number, onPins));
    const { machines } = this;
    // Levels are looked up at every IN; rp2040js asks each pin.
    this.levels = -1;
    Object.defineProperty(mcu, 'gpioValues', { configurable: true, get: () => {
      if (this.levels < 0) {
        let bits = 0;
        for (const pin of mcu.gpio) if (pin.inputValue) bits |= 1 << pin.index;
        this.levels = bits;
      }
      return this.levels;
    } });
    for (const pin of mcu.gpio) {
      const set = pin.setInputValue.bind(pin);
      pin.setInputValue = (/** @type {boolean} */ level) => {
        if (!this.inside) this.catchUp();
        this.levels = -1;
        set(level);
        for (const each of machines) each.disturbed();
      };
    }
  }

  /** Now, in units of 1/256 cycle. */
  get now() {
    return Math.round(this.mcu.clock.nanosCounter * this.mcu.clkSys * 256e-9);
  }

  /** Brings every running machine up to the present. */
  catchUp() {
    if (!this.any || this.inside) return;
    this.inside = true;
    const { now } = this;
    for (const each of this.machines) if (each.machine.enabled) each.run(now);
    this.inside = false;
    if (this.raising.length) this.plan();
  }

  /** Wakes up for the next instruction of those that raise interrupts. */
  plan() {
    let next = Infinity;
    for (const each of this.raising) if (!each.machine.waiting) next = Math.min(next, each.time);
    if (next === Infinity) return;
    const { clock, clkSys } = this.mcu;
    this.alarm.schedule(Math.max(1, next / (clkSys * 256e-9) - clock.nanosCounter));
  }

  /** @param {any} pio @param {number} number @param {(pio: number, before: number, after: number, ns: number) => void} onPins */
  fit(pio, number, onPins) {
    const { mcu } = this;
    const clocked = pio.machines.map((/** @type {any} */ machine) => new Clocked(machine, pio));
    this.machines.push(...clocked);
    pio.run = () => {}; // no host timer
    pio.onPins = (/** @type {number} */ time) => {
      const before = pio.oldPinValues;
      const directions = pio.oldPinDirections;
      pio.oldPinValues = pio.pinValues;
      pio.oldPinDirections = pio.pinDirections;
      const ns = time / (mcu.clkSys * 256e-9);
      onPins(number, before, pio.pinValues, ns);
      const changed = before ^ pio.pinValues | directions ^ pio.pinDirections;
      for (let i = 0; i < 30; i++) if ((changed >> i) & 1) mcu.gpio[i].checkForUpdates();
    };
    pio.machines.forEach((/** @type {any} */ machine, /** @type {number} */ i) => {
      // As rp2040js has it, a word that arrives lets a stalled PULL go on at once; its time is that of the next cycle.
      machine.clkDivRestart = () => clocked[i].start(this.now);
      // A machine that is stopped executes nothing (3.7, CTRL.SM_ENABLE): its FIFOs take and give, it stays stalled.
      const wait = machine.checkWait.bind(machine);
      let stopped = false;
      machine.checkWait = () => { if (!stopped) wait(); };
      for (const name of ['writeFIFO', 'readFIFO']) {
        const pass = machine[name].bind(machine);
        machine[name] = (/** @type {number} */ value) => {
          stopped = !machine.enabled;
          const word = pass(value);
          stopped = false;
          return word;
        };
      }
    });
    const read = pio.readUint32.bind(pio);
    const write = pio.writeUint32.bind(pio);
    pio.readUint32 = (/** @type {number} */ offset) => {
      this.catchUp();
      for (const each of clocked) each.disturbed();
      return read(offset);
    };
    pio.writeUint32 = (/** @type {number} */ offset, /** @type {number} */ value) => {
      this.catchUp();
      const were = pio.machines.map((/** @type {any} */ m) => m.enabled);
      write(offset, value);
      pio.machines.forEach((/** @type {any} */ m, /** @type {number} */ i) => {
        clocked[i].disturbed();
        if (m.enabled && !were[i]) clocked[i].start(this.now);
      });
      this.any = this.machines.some((each) => each.machine.enabled);
      this.raising = this.machines.filter((each) => each.raises);
      if (this.raising.length) this.plan();
      if (pio.pinValues !== pio.oldPinValues || pio.pinDirections !== pio.oldPinDirections) pio.onPins(this.now);
    };
  }
}
