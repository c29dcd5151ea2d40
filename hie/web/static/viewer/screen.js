// The picture on the canvas: one slice, its window, its place and size. Draws at most once a frame.
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
      const scale = this.scale() * dense, paper = this.paper;
      const w = paper.width * scale, h = paper.height * scale * this.slice.tall;
      pen.imageSmoothingEnabled = scale < 4; // far in, each pixel is seen as it is
      pen.imageSmoothingQuality = "high";
      pen.drawImage(paper, (wide - w) / 2 + this.x * dense, (high - h) / 2 + this.y * dense, w, h);
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
      const now = [slice.key, this.view.center, this.view.width, this.inverted].join(" ");
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
  }

  return { Screen: Screen };
})();
