// Unpacks the data block that payload.rs and columns.rs wrote.

async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const headerLength = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headerLength)));
  const readers = {};
  let offset = 4 + headerLength;
  for (const [name, length] of header.columns) {
    readers[name] = new Reader(bytes.subarray(offset, offset + length));
    offset += length;
  }
  return { timeline: header.timeline, operations: decodeOperations(header, readers) };
}

/** Reads integers of seven bits a byte. Products instead of shifts: shifts end at 32 bits. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  unsigned() {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }
  signed() {
    const value = this.unsigned();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }
}

const OK = 0;
const INFO = 1;
const FAIL = 2;
const OUTCOMES = ["ok", "info", "fail"];

/** Columns as typed arrays; times in microseconds. `end` is -1 for an operation that never ended. */
function decodeOperations(header, readers) {
  const count = header.count;
  const operations = {
    count,
    number: new Float64Array(count),
    process: new Uint32Array(count),
    lane: new Uint16Array(count),
    start: new Float64Array(count),
    end: new Float64Array(count),
    key: new Int32Array(count),
    outcome: new Uint8Array(count),
    last: new Uint8Array(count),
    weight: new Uint32Array(count),
    member: new Int16Array(count),
    request: new Texts(header.templates, count),
    result: new Texts(header.templates, count),
  };
  const before = header.templates.map((template) => new Array(places(template)).fill(0));
  let number = 0;
  let start = 0;
  for (let i = 0; i < count; i++) {
    operations.number[i] = number += readers.number.signed();
    operations.process[i] = readers.process.unsigned();
    operations.lane[i] = readers.lane.unsigned();
    operations.start[i] = start += readers.start.unsigned();
    const length = readers.length.unsigned();
    operations.end[i] = length ? start + length - 1 : -1;
    operations.key[i] = readers.key.unsigned() - 1;
    const flags = readers.flags.unsigned();
    operations.outcome[i] = flags & 3;
    operations.last[i] = (flags >> 2) & 1;
    operations.weight[i] = flags & 8 ? header.timeline.weight : 1;
    operations.member[i] = (flags >> 4) - 1;
    operations.request.read(i, readers.request, before);
    operations.result.read(i, readers.result, before);
  }
  return operations;
}

const places = (template) => template.split("\u0001").length - 1;

/** Texts as template and numbers, put together when they are looked at. */
class Texts {
  constructor(templates, count) {
    this.templates = templates;
    this.template = new Uint32Array(count);
    this.first = new Uint32Array(count + 1);
    this.numbers = [];
  }
  read(i, reader, before) {
    const template = reader.unsigned();
    this.template[i] = template;
    this.first[i] = this.numbers.length;
    const last = before[template];
    for (let place = 0; place < last.length; place++) this.numbers.push((last[place] += reader.signed()));
  }
  get(i) {
    let at = this.first[i];
    return this.templates[this.template[i]].replace(/\u0001/g, () => this.numbers[at++]);
  }
}
