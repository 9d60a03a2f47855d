/**
 * The emulated chip against a stock MicroPython image: `node selfcheck.mjs IMAGE`. One JSON object a line: name, ok,
 * detail. Exit status 1 when one falls short. Short: the long checks are in long.mjs.
 */

import assert from 'node:assert/strict';
import { Chip } from '../../host_tools/chip/chip.mjs';
import { Repl } from './repl.mjs';

const image = process.argv[2];
const only = process.argv[3];
/** Power cuts, each at another time after the writing began. */
const CUTS = 50;
let bad = 0;

/** @param {string} name @param {() => string | void} fn */
function check(name, fn) {
  if (only && only !== name) return;
  let detail = '';
  let ok = true;
  try {
    detail = fn() ?? '';
  } catch (error) {
    ok = false;
    bad++;
    detail = String(error instanceof Error ? error.message : error);
  }
  process.stdout.write(`${JSON.stringify({ name, ok, detail })}\n`);
}

/** @param {import('../../host_tools/chip/chip.mjs').Options} [options] */
function booted(options) {
  const chip = new Chip(options);
  chip.loadImage(image);
  chip.start();
  const repl = new Repl(chip);
  repl.enter();
  return { chip, repl };
}

/** Times of a pin's changes, from its listeners. @param {Chip} chip @param {number} pin */
function edgesOf(chip, pin) {
  /** @type {[number, number][]} */
  const edges = [];
  chip.mcu.gpio[pin].listeners.add((/** @type {number} */ level) => edges.push([level, chip.ns]));
  return edges;
}

const WORK = [
  'import gc',
  'class A:',
  ' def __init__(s): s.x = 1',
  ' def t(s, k): s.x = (s.x * 31 + k) // 3 % 100003 - (s.x >> 2)',
  'a = A()',
  'for i in range(400): a.t(i)',
  'print(a.x, 10**30 // 7, [x * 0.37 for x in range(5)], sorted("rochette"), hex(-12345 & 0xffffffff))',
  'gc.collect()',
  // Delays are loops that read the timer; interrupts come at any instruction.
  'import time',
  'from machine import Timer',
  'seen = []',
  't = Timer(period=3, callback=lambda t: seen.append(a.x))',
  'for us in (1, 30, 700, 999, 1700, 5003): time.sleep_us(us)',
  't.deinit()',
  'print(len(seen), time.ticks_us())',
].join('\n');

check('both cores give the same run', () => {
  const runs = [true, false].map((fast) => {
    const { chip, repl } = booted({ fast });
    const said = repl.run(WORK);
    return { said, ns: chip.ns, cycles: chip.mcu.core.cycles, sram: Buffer.from(chip.mcu.sram).toString('latin1') };
  });
  assert.equal(runs[0].said, runs[1].said);
  assert.equal(runs[0].ns, runs[1].ns);
  assert.equal(runs[0].cycles, runs[1].cycles);
  return `${runs[0].cycles} cycles; ${runs[0].said.slice(0, 40)}`;
});

const { chip, repl } = booted();

check('small integers are 31 bits, floats single', () => {
  assert.equal(repl.run('import sys; print(sys.platform, sys.maxsize, 0.1 + 0.2, 2**30 - 1 + 1)'), 'rp2 2147483647 0.3 1073741824');
});

check('a timer fires at its time', () => {
  const edges = edgesOf(chip, 2);
  repl.run('from machine import Pin, Timer\nimport time\np = Pin(2, Pin.OUT, value=0)\n'
    + 'def f(t):\n p(1)\n p(0)\nt = Timer(period=10, mode=Timer.PERIODIC, callback=f)\ntime.sleep_ms(205)\nt.deinit()');
  const ups = edges.filter(([level]) => level === 1).map(([, ns]) => ns);
  assert.equal(ups.length, 20);
  for (let i = 1; i < ups.length; i++) assert.ok(Math.abs(ups[i] - ups[i - 1] - 10e6) < 0.3e6, `${ups[i] - ups[i - 1]} ns`);
  return `${ups.length} calls`;
});

check('a sleep takes its time', () => {
  const us = Number(repl.run('t = time.ticks_us()\ntime.sleep_us(12345)\nprint(time.ticks_diff(time.ticks_us(), t))'));
  assert.ok(us >= 12345 && us < 12400, `${us} us`);
});

check('a state machine keeps its divider, its counts and its stalls', () => {
  let rising = 0;
  chip.outside.onEdges = (pin, count) => { if (pin === 3) rising += count; };
  const out = repl.run([
    'import rp2', 'from machine import Pin', 'import time',
    '@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)', 'def pulses():', ' pull(block)', ' mov(x, osr)', ' label("a")', ' set(pins, 1) [3]',
    ' set(pins, 0)', ' mov(y, osr)', ' label("b")', ' jmp(y_dec, "b")', ' jmp(x_dec, "a")', ' mov(isr, x)', ' push()',
    'sm = rp2.StateMachine(0, pulses, freq=1000000, set_base=Pin(3))', 'sm.active(1)', 't = time.ticks_us()', 'sm.put(99)',
    'x = sm.get()', 'print(time.ticks_diff(time.ticks_us(), t), x, sm.tx_fifo())',
  ].join('\n'));
  chip.runUntil(chip.ns + 1e6);
  const [us, x, tx] = out.split(' ').map(Number);
  // 100 rounds of 4 + 1 + 1 + 100 + 1 cycles of a microsecond, and a few to begin and end.
  assert.ok(us >= 10700 && us < 10900, `${us} us`);
  assert.equal(x, 0xffffffff);
  assert.equal(tx, 0);
  assert.equal(rising, 100);
  return `${us} us, ${rising} pulses`;
});

check('a state machine\'s interrupt comes at its time, also while the core is busy', () => {
  const edges = edgesOf(chip, 2);
  const from = edges.length;
  repl.run(['import gc', '@rp2.asm_pio()', 'def beat():', ' irq(rel(0)) [15]', 'p = Pin(2, Pin.OUT, value=0)',
    'class Beat:', ' def __call__(self, m):', '  p(1)', '  p(0)', 'b = rp2.StateMachine(5, beat, freq=3200)',
    'b.irq(Beat(), hard=True)', 'b.active(1)', 't = time.ticks_ms()',
    'while time.ticks_diff(time.ticks_ms(), t) < 203: gc.collect()', 'b.active(0)', 'b.irq(None)'].join('\n'));
  const ups = edges.slice(from).filter(([level]) => level === 1).map(([, ns]) => ns);
  assert.ok(ups.length >= 40 && ups.length <= 41, `${ups.length} beats`);
  for (let i = 1; i < ups.length; i++) assert.ok(Math.abs(ups[i] - ups[i - 1] - 5e6) < 0.1e6, `${ups[i] - ups[i - 1]} ns`);
  return `${ups.length} beats`;
});

check('PWM slices are told as they are set', () => {
  /** @type {{slice: number, top: number, cc: number, div: number}[]} */
  const told = [];
  chip.outside.onSlice = (slice, { top, cc, div }) => told.push({ slice, top, cc, div });
  repl.run('from machine import PWM, Pin\np = PWM(Pin(12), freq=50, duty_ns=1500000)');
  const { top, cc, div } = told[told.length - 1];
  const period = ((top + 1) * div) / 16 / 125e6;
  const pulse = ((cc & 0xffff) * div) / 16 / 125e6;
  assert.ok(Math.abs(period - 0.02) < 1e-5, `period ${period}`);
  assert.ok(Math.abs(pulse - 0.0015) < 1e-6, `pulse ${pulse}`);
  repl.run('p.deinit()');
  return `${(pulse * 1e6).toFixed(2)} us of ${(period * 1e3).toFixed(3)} ms`;
});

check('an I2C address without a part is refused at once', () => {
  const out = repl.run('from machine import I2C, Pin\ni = I2C(0, sda=Pin(4), scl=Pin(5), freq=400000)\nt = time.ticks_us()\n'
    + 'try:\n i.writeto(0x33, b"a")\nexcept OSError as e: print(e.args[0], time.ticks_diff(time.ticks_us(), t))');
  const [errno, us] = out.split(' ').map(Number);
  assert.equal(errno, 5);
  assert.ok(us < 400, `${us} us`);
  return `${us} us`;
});

check('an I2C part is written and read at the bus speed', () => {
  const memory = new Uint8Array(256).map((_, i) => i ^ 0x5a);
  let pointer = 0;
  let first = true;
  chip.i2c[0].bus = {
    start: (address) => {
      first = true;
      return address === 0x50;
    },
    write: (byte) => {
      if (first) pointer = byte;
      else memory[pointer++] = byte;
      first = false;
      return true;
    },
    read: () => memory[pointer++ & 255],
    stop: () => {},
  };
  assert.equal(repl.run('i.writeto_mem(0x50, 7, b"abc")\nprint(i.readfrom_mem(0x50, 6, 5))'), "b'\\\\abcP'");
  const us = Number(repl.run('b = bytearray(32)\nt = time.ticks_us()\ni.readfrom_mem_into(0x50, 0, b)\nprint(time.ticks_diff(time.ticks_us(), t))'));
  assert.ok(us > 34 * 9 * 2.5 && us < 34 * 9 * 2.5 * 1.6, `${us} us`);
  return `${us} us for 32 bytes`;
});

check('a file survives in the flash, and writing takes the flash chip\'s time', () => {
  const us = Number(repl.run('t = time.ticks_us()\nwith open("f", "w") as f: f.write("core")\nprint(time.ticks_diff(time.ticks_us(), t))'));
  assert.ok(us > 800, `${us} us`);
  assert.equal(repl.run('print(open("f").read())'), 'core');
  return `${us} us for a small file`;
});

check('a pin\'s interrupt comes at its edge', () => {
  const edges = edgesOf(chip, 7);
  repl.run('o = Pin(7, Pin.OUT, value=0)\ni6 = Pin(6, Pin.IN)\ni6.irq(lambda p: (o(1), o(0)), Pin.IRQ_RISING, hard=False)');
  chip.setPin(6, 1);
  const at = chip.ns;
  chip.runUntil(chip.ns + 5e6);
  repl.run('i6.irq(None)');
  const up = edges.filter(([level, ns]) => level === 1 && ns >= at);
  assert.equal(up.length, 1);
  return `${((up[0][1] - at) / 1000).toFixed(1)} us`;
});

check('a pin reads what it drives, what drives it, its pull', () => {
  assert.equal(repl.run('p = Pin(20, Pin.OUT, value=1)\nprint(p.value(), Pin(21, Pin.IN, Pin.PULL_UP).value(), Pin(21, Pin.IN, Pin.PULL_DOWN).value())'), '1 1 0');
  chip.setPin(21, 1);
  assert.equal(repl.run('print(Pin(21, Pin.IN, Pin.PULL_DOWN).value())'), '1');
});

check('the watchdog resets, and its cause is kept', () => {
  repl.send('from machine import WDT\nw = WDT(timeout=500)\nwhile True: pass\n\x04');
  const from = chip.ns;
  while (chip.resets === 0 && chip.ns - from < 2e9) chip.runUntil(chip.ns + 1e6);
  assert.equal(chip.resets, 1);
  assert.ok(Math.abs(chip.ns - from - 500e6) < 30e6, `${(chip.ns - from) / 1e6} ms`);
  repl.enter();
  assert.equal(repl.run('import machine; print(machine.reset_cause() == machine.WDT_RESET)'), 'True');
  assert.equal(repl.run('print(open("f").read())'), 'core');
});

check('power cuts in a write leave a file system that mounts', () => {
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  let cuts = 0;
  for (let n = 0; n < CUTS; n++) {
    repl.send('for k in range(200):\n with open("g", "w") as f: f.write("%d" % (k % 10) * 300)\n\x04');
    const at = chip.ns + (20 + 7.3 * n) * 1e6;
    while (chip.ns < at || (!chip.flashing && chip.ns < at + 400e6)) chip.runUntil(chip.ns + 0.1e6);
    if (chip.flashing) cuts++;
    chip.cutPower(random);
    repl.enter();
    assert.equal(repl.run('print(open("f").read())'), 'core');
    const said = repl.run('try: print(len(open("g").read()))\nexcept OSError: print(0)');
    assert.ok(said === '0' || said === '300', said);
  }
  assert.ok(cuts > CUTS * 0.8, `${cuts} cuts hit a write`);
  return `${cuts} of ${CUTS} in the middle of a write`;
});

process.exit(bad ? 1 : 0);
