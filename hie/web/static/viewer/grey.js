// From stored numbers to the greys of a screen: rescale, window, inversion (PS3.3 C.11.1, C.11.2).
// Pure: one table for all stored numbers is made for a window, then each pixel is looked up.
"use strict";
window.hieGrey = (function () {
  // What a stored number means: the bits in use, their sign, then slope and intercept.
  function meaning(slice) {
    const left = 32 - 1 - slice.high, right = 32 - slice.stored;
    return function (raw) {
      const bits = slice.signed ? (raw << left) >> right : (raw << left) >>> right;
      return bits * slice.slope + slice.intercept;
    };
  }

  // C.11.2.1.2 (LINEAR), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT): 0 to 1.
  function curve(view, shape) {
    const center = view.center, width = Math.max(view.width, 1e-6);
    if (shape === "SIGMOID") {
      return function (x) { return 1 / (1 + Math.exp(-4 * (x - center) / width)); };
    }
    if (shape === "LINEAR_EXACT" || width <= 1) {
      return function (x) { return (x - center) / width + 0.5; };
    }
    return function (x) { return (x - (center - 0.5)) / (width - 1) + 0.5; };
  }

  // C.11.2.1.1: before the table's first number its first grey, after its last its last.
  function looked(lut) {
    const last = lut.greys.length - 1;
    return function (x) { return lut.greys[Math.min(Math.max(Math.round(x - lut.first), 0), last)] / lut.most; };
  }

  function table(slice, view, inverted) {
    const size = slice.allocated > 8 ? 65536 : 256, out = new Uint8ClampedArray(size);
    const means = meaning(slice), grey = view.lut ? looked(view.lut) : curve(view, slice.shape);
    const dark = (slice.photometric === "MONOCHROME1") !== inverted;
    for (let raw = 0; raw < size; raw += 1) {
      const level = Math.min(Math.max(grey(means(raw)), 0), 1) * 255;
      out[raw] = dark ? 255 - level : level;
    }
    return out;
  }

  // The window a slice opens with: the file's, or its table, else from the least to the greatest
  // number in it.
  function opening(slice, pixels, lut) {
    if (lut) { return { center: lut.first + lut.greys.length / 2, width: lut.greys.length, lut: lut }; }
    if (slice.center !== null && slice.width !== null && slice.width > 0) {
      return { center: slice.center, width: slice.width };
    }
    const means = meaning(slice);
    let least = Infinity, most = -Infinity;
    for (let i = 0; i < pixels.length; i += 1) {
      const value = means(pixels[i]);
      if (slice.padding !== null && value === slice.padding * slice.slope + slice.intercept) { continue; }
      if (value < least) { least = value; }
      if (value > most) { most = value; }
    }
    if (!(most > least)) { return { center: Number.isFinite(least) ? least : 0, width: 1 }; }
    return { center: (least + most) / 2, width: most - least };
  }

  // Fills an ImageData of the slice's size.
  function paint(image, pixels, greys) {
    const out = new Uint32Array(image.data.buffer);
    for (let i = 0; i < out.length; i += 1) {
      out[i] = 0xff000000 | (greys[pixels[i]] * 0x010101);
    }
  }
  // Colour as it is, 8 bits a sample, the three of a pixel together; inverted on request.
  function paintColour(image, bytes, inverted) {
    const out = image.data, flip = inverted ? 255 : 0;
    for (let from = 0, to = 0; to < out.length; from += 3, to += 4) {
      out[to] = bytes[from] ^ flip;
      out[to + 1] = bytes[from + 1] ^ flip;
      out[to + 2] = bytes[from + 2] ^ flip;
      out[to + 3] = 255;
    }
  }

  return { meaning: meaning, opening: opening, paint: paint, paintColour: paintColour, table: table };
})();
