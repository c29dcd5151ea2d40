// Distances on a slice: in mm where the file says how far apart its pixels are, else in pixels.
// Pure: points are (column, row) of the slice, edges counted, so 0.5 is the middle of the first pixel.
"use strict";
window.hieMeasure = (function () {
  // What a distance is measured with: `spacing` is rows and columns apart in mm, `of` says of what.
  //   "patient"   planes through the body, and films that were calibrated
  //   "detector"  a film as it hit the detector: the body itself is smaller
  //   "unstated"  a film of which nobody says which of the two it is
  //   "pixels"    nothing is known
  function scaleOf(slice, from, to) {
    const region = slice.regions.find(function (one) { return inside(one, from) && inside(one, to); });
    if (region) { return { spacing: region.spacing, of: "patient" }; }
    if (slice.regions.length) { return { spacing: null, of: "pixels" }; }
    if (!slice.projected) {
      return slice.spacing ? { spacing: slice.spacing, of: "patient" } : { spacing: null, of: "pixels" };
    }
    const differs = slice.spacing && slice.detector && slice.spacing.some(function (n, i) {
      return Math.abs(n - slice.detector[i]) > 1e-4 * n;
    });
    if (slice.spacing && (slice.calibrated || differs)) { return { spacing: slice.spacing, of: "patient" }; }
    if (slice.detector) { return { spacing: slice.detector, of: "detector" }; }
    return slice.spacing ? { spacing: slice.spacing, of: "unstated" } : { spacing: null, of: "pixels" };
  }
  function inside(region, point) {
    return point[0] >= region.left && point[0] <= region.right && point[1] >= region.top && point[1] <= region.bottom;
  }
  function distance(slice, from, to) {
    const scale = scaleOf(slice, from, to), apart = scale.spacing || [slice.tall, 1];
    const long = Math.hypot((to[0] - from[0]) * apart[1], (to[1] - from[1]) * apart[0]);
    return { value: long, of: scale.of };
  }

  // The lines of all slices by their keys, and one that is being drawn: by dragging, or by a click
  // at each end.
  class Ruler {
    constructor() {
      this.lines = new Map();
      this.open = null;
    }
    of(key) {
      const kept = this.lines.get(key) || [];
      return this.open && this.open.key === key ? kept.concat([this.open]) : kept;
    }
    down(key, point) {
      if (this.open && this.open.key === key && this.open.waits) {
        this.open.to = point;
        this.close();
      } else {
        this.open = { key: key, from: point, to: point, waits: false, dragged: false };
      }
    }
    // `far`: further from where it began than a hand shakes.
    drag(key, point, far) {
      if (!this.open || this.open.key !== key) { return; }
      this.open.to = point;
      this.open.dragged = this.open.dragged || far;
    }
    up() {
      if (this.open && this.open.dragged) { this.close(); } else if (this.open) { this.open.waits = true; }
    }
    hover(key, point) {
      if (this.open && this.open.waits && this.open.key === key) { this.open.to = point; }
    }
    close() {
      const one = this.open;
      this.open = null;
      if (one.from[0] === one.to[0] && one.from[1] === one.to[1]) { return; }
      this.lines.set(one.key, (this.lines.get(one.key) || []).concat([{ from: one.from, to: one.to }]));
    }
    // The last line goes; one that is being drawn goes first.
    undo(key) {
      if (this.open && this.open.key === key) {
        this.open = null;
      } else if (this.lines.has(key)) {
        this.lines.set(key, this.lines.get(key).slice(0, -1));
      }
    }
    clear(key) {
      this.open = null;
      this.lines.delete(key);
    }
  }

  return { distance: distance, Ruler: Ruler };
})();
