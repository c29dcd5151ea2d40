// The picture on the canvas: one slice, its window, its place and size, the lines that measure it.
// Draws at most once a frame.
"use strict";
window.hieScreen = (function () {
  const grey = window.hieGrey;
  const MOST = 20, LEAST = 0.2; // of the size that fits the window

  class Screen {
    constructor(canvas) {
      this.canvas = canvas;
      this.paper = document.createElement("canvas"); // the slice in its own size
      this.slice = null;
      this.frame = null;
      this.view = { center: 0, width: 1 };
      this.inverted = false;
      this.reset();
      this.due = false;
      this.painted = "";
      this.lines = []; // {from, to, text} in columns and rows of the slice
      this.cross = null; // where a line is begun or ended by key: [x, y] from the middle
      new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    }
    reset() {
      this.zoom = 1;
      this.x = 0;
      this.y = 0;
    }
    show(slice, frame, view) {
      this.slice = slice;
      this.frame = frame;
      this.view = view;
      this.draw();
    }
    draw() {
      if (this.due) { return; }
      this.due = true;
      window.requestAnimationFrame(() => {
        this.due = false;
        this.now();
      });
    }
    now() {
      const canvas = this.canvas, box = canvas.parentElement, dense = window.devicePixelRatio || 1;
      const wide = Math.max(Math.round(box.clientWidth * dense), 1);
      const high = Math.max(Math.round(box.clientHeight * dense), 1);
      if (canvas.width !== wide || canvas.height !== high) {
        canvas.width = wide;
        canvas.height = high;
      }
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#000";
      pen.fillRect(0, 0, wide, high);
      if (!this.frame) { return; }
      this.develop();
      const at = this.place();
      pen.imageSmoothingEnabled = at.wide * dense < 4; // far in, each pixel is seen as it is
      pen.imageSmoothingQuality = "high";
      pen.scale(dense, dense);
      pen.drawImage(this.paper, at.left, at.top, at.wide * this.slice.columns, at.tall * this.slice.rows);
      this.lines.forEach((one) => this.line(pen, one));
      if (this.cross) { this.mark(pen, box.clientWidth / 2 + this.cross[0], box.clientHeight / 2 + this.cross[1], 12); }
      pen.setTransform(1, 0, 0, 1, 0, 0);
    }
    // Where the slice's corner is, and how wide and tall one pixel of it, in the viewport's pixels.
    place() {
      const box = this.canvas.parentElement, slice = this.slice, wide = this.scale(), tall = wide * slice.tall;
      return {
        left: (box.clientWidth - slice.columns * wide) / 2 + this.x,
        top: (box.clientHeight - slice.rows * tall) / 2 + this.y,
        wide: wide,
        tall: tall
      };
    }
    // A point given from the middle of the viewport, as column and row of the slice.
    pointOf(x, y) {
      const box = this.canvas.parentElement, at = this.place();
      const column = (box.clientWidth / 2 + x - at.left) / at.wide, row = (box.clientHeight / 2 + y - at.top) / at.tall;
      return [Math.min(Math.max(column, 0), this.slice.columns), Math.min(Math.max(row, 0), this.slice.rows)];
    }
    line(pen, one) {
      const at = this.place(), ends = [one.from, one.to].map(function (point) {
        return [at.left + point[0] * at.wide, at.top + point[1] * at.tall];
      });
      pen.beginPath();
      pen.moveTo(ends[0][0], ends[0][1]);
      pen.lineTo(ends[1][0], ends[1][1]);
      this.stroke(pen);
      ends.forEach((end) => this.mark(pen, end[0], end[1], 5));
      pen.font = "13px sans-serif";
      pen.lineWidth = 3;
      pen.strokeStyle = "#000";
      pen.strokeText(one.text, ends[1][0] + 9, ends[1][1] - 6);
      pen.fillStyle = "#ffd866";
      pen.fillText(one.text, ends[1][0] + 9, ends[1][1] - 6);
    }
    mark(pen, x, y, size) {
      pen.beginPath();
      pen.moveTo(x - size, y);
      pen.lineTo(x + size, y);
      pen.moveTo(x, y - size);
      pen.lineTo(x, y + size);
      this.stroke(pen);
    }
    // Bright with a dark edge: seen on air and on bone.
    stroke(pen) {
      pen.lineWidth = 3.5;
      pen.strokeStyle = "#000";
      pen.stroke();
      pen.lineWidth = 1.5;
      pen.strokeStyle = "#ffd866";
      pen.stroke();
    }
    // Pixels of the screen for one of the slice, before the screen's own density.
    scale() {
      const box = this.canvas.parentElement, slice = this.slice;
      if (!slice || !slice.columns) { return this.zoom; }
      return this.zoom * Math.min(
        box.clientWidth / slice.columns, box.clientHeight / (slice.rows * slice.tall));
    }
    // Numbers to greys, unless nothing of them changed.
    develop() {
      const slice = this.slice, picture = this.frame.picture;
      const now = [slice.key, this.view.center, this.view.width, Boolean(this.view.lut), this.inverted].join(" ");
      if (now === this.painted) { return; }
      this.painted = now;
      this.paper.width = picture ? picture.width : slice.columns;
      this.paper.height = picture ? picture.height : slice.rows;
      const pen = this.paper.getContext("2d");
      if (picture) {
        pen.filter = this.inverted ? "invert(1)" : "none";
        pen.drawImage(picture, 0, 0);
        return;
      }
      const image = pen.createImageData(slice.columns, slice.rows);
      if (slice.samples === 3) {
        grey.paintColour(image, this.frame.pixels, this.inverted);
      } else {
        grey.paint(image, this.frame.pixels, grey.table(slice, this.view, this.inverted));
      }
      pen.putImageData(image, 0, 0);
    }
    // Closer by a factor, around a point given from the middle of the window.
    closer(factor, x, y) {
      const zoom = Math.min(Math.max(this.zoom * factor, LEAST), MOST), by = zoom / this.zoom;
      this.x = x - (x - this.x) * by;
      this.y = y - (y - this.y) * by;
      this.zoom = zoom;
      this.draw();
    }
    move(x, y) {
      this.x += x;
      this.y += y;
      this.draw();
    }
    // The same place and size as another screen shows.
    like(other) {
      this.zoom = other.zoom;
      this.x = other.x;
      this.y = other.y;
      this.draw();
    }
  }

  return { Screen: Screen };
})();
