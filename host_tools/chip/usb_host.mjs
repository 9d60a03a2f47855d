/**
 * The host's end of the USB cable: enumerates the chip as a serial port (USB 2.0, chapter 9; CDC 1.2, PSTN subclass
 * 6.3.12) and carries its bytes. The chip's end, controller and buffers, is rp2040js's (data sheet section 4.1).
 *
 * A read that the chip has armed is held until there is something to send, as a host that polls and gets NAKs from
 * nobody would; answering it with an empty packet at once would keep the firmware in its USB interrupt for ever.
 */

import {
  DataDirection, DescriptorType, SetupRecipient, SetupType,
  createSetupPacket, getDescriptorPacket, setDeviceAddressPacket, setDeviceConfigurationPacket,
} from 'rp2040js';

const CDC_DATA = 10;
const DESCRIPTOR_INTERFACE = 4;
const DESCRIPTOR_ENDPOINT = 5;
const BULK = 2;
const SET_CONTROL_LINE_STATE = 0x22;
const DTR_AND_RTS = 3;
const PACKET = 64;

/** Steps of the enumeration, in order. */
const ADDRESS = 0;
const LENGTH = 1;
const DESCRIPTORS = 2;
const CONFIGURE = 3;
const LINE_STATE = 4;
const READY = 5;

export class UsbHost {
  /** @param {any} usb rp2040js's controller */
  constructor(usb) {
    this.usb = usb;
    this.step = ADDRESS;
    this.armed = 0;
    this.endpointIn = -1;
    this.endpointOut = -1;
    this.wanted = 0;
    /** @type {number[]} */
    this.descriptors = [];
    /** Bytes on their way to the chip. @type {number[]} */
    this.waiting = [];
    /** @type {(bytes: Uint8Array) => void} */
    this.onData = () => {};
    usb.onUSBEnabled = () => usb.resetDevice();
    usb.onResetReceived = () => this.begin();
    usb.onEndpointWrite = (/** @type {number} */ endpoint, /** @type {Uint8Array} */ bytes) => this.heard(endpoint, bytes);
    usb.onEndpointRead = (/** @type {number} */ endpoint, /** @type {number} */ size) => {
      if (endpoint === this.endpointOut) {
        this.armed = size;
        this.pump();
      }
    };
  }

  /** Whether the port is open. */
  get ready() {
    return this.step === READY;
  }

  begin() {
    this.step = ADDRESS;
    this.descriptors = [];
    this.armed = 0;
    this.usb.sendSetupPacket(setDeviceAddressPacket(1));
  }

  /** @param {number} endpoint @param {Uint8Array} bytes */
  heard(endpoint, bytes) {
    if (endpoint === this.endpointIn && endpoint !== 0) {
      if (bytes.length) this.onData(bytes);
      return;
    }
    if (endpoint !== 0) return;
    const { usb } = this;
    if (this.step === LENGTH && bytes.length === 9) {
      this.wanted = bytes[2] | (bytes[3] << 8);
      this.step = DESCRIPTORS;
      usb.sendSetupPacket(getDescriptorPacket(DescriptorType.Configration, this.wanted));
    } else if (this.step === DESCRIPTORS && bytes.length) {
      this.descriptors.push(...bytes);
      if (this.descriptors.length < this.wanted) return;
      this.findEndpoints();
      this.step = CONFIGURE;
      usb.sendSetupPacket(setDeviceConfigurationPacket(1));
    } else if (bytes.length === 0) {
      this.acknowledged();
    }
  }

  /** The status stage of a request without data. */
  acknowledged() {
    const { usb } = this;
    if (this.step === ADDRESS) {
      this.step = LENGTH;
      usb.sendSetupPacket(getDescriptorPacket(DescriptorType.Configration, 9));
    } else if (this.step === CONFIGURE) {
      this.step = LINE_STATE;
      usb.sendSetupPacket(createSetupPacket({
        dataDirection: DataDirection.HostToDevice, type: SetupType.Class, recipient: SetupRecipient.Interface,
        bRequest: SET_CONTROL_LINE_STATE, wValue: DTR_AND_RTS, wIndex: 0, wLength: 0,
      }));
    } else if (this.step === LINE_STATE) {
      this.step = READY;
      this.pump();
    }
  }

  /** The bulk endpoints of the CDC data interface. */
  findEndpoints() {
    const d = this.descriptors;
    let data = false;
    for (let at = 0; at + 1 < d.length && d[at] >= 2; at += d[at]) {
      if (d[at + 1] === DESCRIPTOR_INTERFACE) data = d[at + 5] === CDC_DATA;
      if (d[at + 1] === DESCRIPTOR_ENDPOINT && data && (d[at + 3] & 3) === BULK) {
        if (d[at + 2] & 0x80) this.endpointIn = d[at + 2] & 15;
        else this.endpointOut = d[at + 2] & 15;
      }
    }
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    for (const byte of bytes) this.waiting.push(byte);
    this.pump();
  }

  pump() {
    if (!this.ready || !this.armed || !this.waiting.length) return;
    const n = Math.min(this.armed, PACKET, this.waiting.length);
    this.armed = 0;
    this.usb.endpointReadDone(this.endpointOut, new Uint8Array(this.waiting.splice(0, n)));
  }
}
