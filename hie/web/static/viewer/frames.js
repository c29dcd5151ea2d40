// Frames from the WADO-RS door: at most six requests at a time, nearest to the reader first, each
// decoded once and kept while there is room. What is not kept is fetched again.
"use strict";
window.hieFrames = (function () {
  const AT_ONCE = 6, ROOM = 256 * 1024 * 1024, TRIES = 4; // of the page, however many share it
  // PS3.18 8.7.3: uncompressed, little endian; the session's cookie says who asks.
  const RAW = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1';
  const PICTURE = "image/png, image/jpeg;q=0.9";

  class Refused extends Error {
    constructor(status, after, code) {
      super("status " + status);
      this.status = status;
      this.after = after;
      this.code = code;
    }
  }

  async function asked(address, accept) {
    const answer = await fetch(address, { headers: { Accept: accept }, credentials: "same-origin" });
    if (!answer.ok) {
      const told = await answer.json().catch(function () { return {}; });
      const code = told.errors && told.errors[0] ? told.errors[0].code : "";
      throw new Refused(answer.status, Number(answer.headers.get("Retry-After")) || 1, code);
    }
    return answer;
  }

  // The one part of a multipart answer (RFC 2046); a body that is no multipart is its own part.
  function part(buffer, type) {
    const bounded = /^multipart\/related/i.test(type) && /boundary="?([^";]+)"?/i.exec(type);
    if (!bounded) { return buffer; }
    const bytes = new Uint8Array(buffer), end = new TextEncoder().encode("\r\n--" + bounded[1]);
    let start = 0;
    const limit = Math.min(bytes.length, 65536);
    while (start < limit && !(bytes[start] === 13 && bytes[start + 1] === 10 &&
           bytes[start + 2] === 13 && bytes[start + 3] === 10)) { start += 1; }
    let stop = bytes.length - end.length;
    while (stop > start && !end.every(function (byte, i) { return bytes[stop + i] === byte; })) { stop -= 1; }
    return buffer.slice(start + 4, stop);
  }

  // The door gives greys in the bits they were allocated, and every colour as RGB, 8 bits a sample,
  // the three of a pixel together. Palettes, tables of greys and deeper numbers it draws for us.
  function isRaw(slice) {
    return slice.samples === 3 ? slice.allocated === 8 : isGrey(slice);
  }
  // Whether what comes are numbers that a window can be set for.
  function isGrey(slice) {
    return slice.samples === 1 && slice.photometric.indexOf("MONOCHROME") === 0 &&
      (slice.allocated === 8 || slice.allocated === 16) && !slice.tabled;
  }

  // The greys of a table (PS3.18 F.2.7: values, base 64, or an address); null when they are not had.
  async function tableOf(lut, base) {
    // In a frame, paths of the hub begin with the frame's own.
    const room = base ? base.slice(0, base.indexOf("/dicom-web")) : "";
    let greys = lut.data.Value;
    try {
      if (lut.data.InlineBinary || lut.data.BulkDataURI) {
        const address = lut.data.BulkDataURI && new URL(lut.data.BulkDataURI);
        const bytes = address
          ? new Uint8Array(await (await asked(room + address.pathname, "application/octet-stream")).arrayBuffer())
          : Uint8Array.from(window.atob(lut.data.InlineBinary), function (one) { return one.charCodeAt(0); });
        greys = bytes.length >= 2 * lut.entries ? new Uint16Array(bytes.buffer, 0, lut.entries) : bytes;
      }
    } catch (problem) {
      return null; // it is shown by the range of its numbers
    }
    return greys && greys.length ? { first: lut.first, most: Math.pow(2, lut.bits) - 1, greys: Array.from(greys) } : null;
  }

  async function fetched(base, slice) {
    const frame = base + "/instances/" + slice.uid + "/frames/" + slice.frame;
    if (isRaw(slice)) {
      const answer = await asked(frame, RAW);
      const body = part(await answer.arrayBuffer(), answer.headers.get("Content-Type") || "");
      const wanted = slice.rows * slice.columns * slice.samples * (slice.allocated > 8 ? 2 : 1);
      if (body.byteLength < wanted) { throw new Refused(0, 0); }
      const pixels = slice.allocated > 8 ? new Uint16Array(body, 0, wanted / 2) : new Uint8Array(body, 0, wanted);
      return { pixels: pixels, size: wanted, lut: slice.lut && await tableOf(slice.lut, base) };
    }
    const answer = await asked(frame + "/rendered", PICTURE);
    const picture = await createImageBitmap(await answer.blob());
    return { picture: picture, size: 4 * picture.width * picture.height };
  }

  // `loaded(slice)` and `failed(slice, status)` are called when a frame is there, or will not be.
  // A status is the door's, 0 where the network failed, "offline" where the source of the images is.
  class Frames {
    constructor(loaded, failed, sharing) {
      this.loaded = loaded;
      this.failed = failed;
      this.atOnce = Math.floor(AT_ONCE / sharing);
      this.room = ROOM / sharing;
      this.kept = new Map();
      this.size = 0;
      this.running = new Set();
      this.lost = new Map();
      this.waiting = [];
      this.base = "";
    }
    // The frame, if it is here; it then counts as the one used last.
    find(slice) {
      const found = this.kept.get(slice.key);
      if (found) {
        this.kept.delete(slice.key);
        this.kept.set(slice.key, found);
      }
      return found;
    }
    status(slice) { return this.lost.get(slice.key); }
    // From now on: this slice first, then its neighbours outwards, as far as there is room.
    aim(base, slices, at) {
      this.base = base;
      if (slices[at] && [0, 502, "offline"].indexOf(this.lost.get(slices[at].key)) >= 0) { // that may pass: again
        this.lost.delete(slices[at].key);
      }
      const each = slices[at] ? Math.max(2 * slices[at].rows * slices[at].columns, 1) : 1;
      const most = Math.max(Math.floor(this.room * 0.8 / each), 8);
      const near = slices.map(function (slice, i) { return [Math.abs(i - at), i < at ? 1 : 0, slice]; });
      near.sort(function (a, b) { return a[0] - b[0] || a[1] - b[1]; });
      this.waiting = near.slice(0, most).map(function (one) { return one[2]; });
      this.pump();
    }
    pump() {
      while (this.running.size < this.atOnce && this.waiting.length) {
        const slice = this.waiting.shift();
        if (this.kept.has(slice.key) || this.running.has(slice.key) || this.lost.has(slice.key)) { continue; }
        this.running.add(slice.key);
        this.load(this.base, slice, 1);
      }
    }
    async load(base, slice, attempt) {
      try {
        this.keep(slice, await fetched(base, slice));
      } catch (problem) {
        const offline = problem instanceof Refused && problem.code === "source-offline";
        const busy = problem instanceof Refused && !offline && (problem.status === 429 || problem.status === 503);
        const cut = problem instanceof TypeError; // what fetch throws when the network fails
        if ((busy || cut) && attempt < TRIES) {
          const wait = (busy ? Math.min(problem.after, 10) : attempt) * 1000;
          window.setTimeout(() => this.load(base, slice, attempt + 1), wait);
          return;
        }
        this.running.delete(slice.key);
        this.lost.set(slice.key, offline ? "offline" : problem instanceof Refused ? problem.status : 0);
        if (offline) { this.waiting = []; } // its neighbours would say the same
        this.failed(slice, this.lost.get(slice.key));
        this.pump();
        return;
      }
      this.running.delete(slice.key);
      this.loaded(slice);
      this.pump();
    }
    keep(slice, frame) {
      this.kept.set(slice.key, frame);
      this.size += frame.size;
      for (const [key, old] of this.kept) {
        if (this.size <= this.room || key === slice.key) { break; }
        this.kept.delete(key);
        this.size -= old.size;
        if (old.picture) { old.picture.close(); }
      }
    }
  }

  // The metadata of one series: an array of DICOM JSON objects.
  async function metadata(base) {
    return (await asked(base + "/metadata", "application/dicom+json")).json();
  }

  return { Frames: Frames, isGrey: isGrey, metadata: metadata, part: part, tableOf: tableOf };
})();
