/** Drives a chip's raw REPL on emulated time: for the tests on the Node side. */

export class Repl {
  /** @param {import('../../host_tools/chip/chip.mjs').Chip} chip */
  constructor(chip) {
    this.chip = chip;
    this.text = '';
    chip.onSerial = (bytes) => { this.text += Buffer.from(bytes).toString('latin1'); };
  }

  /** @param {string} text */
  send(text) {
    this.chip.usb.send(Buffer.from(text, 'latin1'));
  }

  /** Runs until `pattern` was said, and gives all that was said until then. @param {string} pattern @param {number} ms */
  until(pattern, ms = 60_000) {
    const end = this.chip.ns + ms * 1e6;
    let at;
    while ((at = this.text.indexOf(pattern)) < 0) {
      if (!this.chip.runUntil(this.chip.ns + 1e6)) throw new Error(`halted: ${this.chip.halted}`);
      if (this.chip.ns > end) throw new Error(`no ${JSON.stringify(pattern)} in ${ms} ms: ${JSON.stringify(this.text.slice(-300))}`);
    }
    const said = this.text.slice(0, at + pattern.length);
    this.text = this.text.slice(at + pattern.length);
    return said;
  }

  /** Waits for the prompt and goes to the raw REPL. */
  enter() {
    while (!this.chip.usb.ready) {
      if (!this.chip.runUntil(this.chip.ns + 1e6)) throw new Error(`halted: ${this.chip.halted}`);
    }
    this.chip.runUntil(this.chip.ns + 50e6);
    this.text = '';
    this.send('\r\x03\x03');
    this.until('>>> ');
    this.send('\r\x01');
    this.until('raw REPL; CTRL-B to exit\r\n>');
  }

  /** Runs code; gives what it printed. Raises Error with the traceback. @param {string} code @param {number} ms */
  run(code, ms = 60_000) {
    this.text = '';
    this.send(`${code}\x04`);
    this.until('OK', ms);
    const out = this.until('\x04', ms).slice(0, -1);
    const error = this.until('\x04', ms).slice(0, -1);
    this.until('>');
    if (error) throw new Error(error);
    return out.trim();
  }
}
