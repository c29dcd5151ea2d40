// One viewport: a study's series, one slice of one of them on the screen, and what keeps it away.
// Words come from the page (data-text-…), so that the page's language is the viewer's.
"use strict";
window.hiePane = (function () {
  const slices = window.hieSlices, isGrey = window.hieFrames.isGrey;
  // Answers of the door to what it has no decoder for, or will not decode: too large, too long.
  const UNDECODED = [406, 413, 415, 422];

  // `suffix` ends the ids of its elements; `told` hears `changed(pane)`, and `went(pane, from, to,
  // steps)` when a reader turned slices. `sharing`: how many viewports share the page's memory.
  class Pane {
    constructor(root, suffix, sharing, told) {
      this.said = root.dataset;
      this.told = told;
      this.by = function (name) { return document.getElementById(name + suffix); };
      this.viewport = this.by("viewport");
      this.study = this.viewport.dataset.study;
      this.slider = this.by("slice");
      this.links = Array.from(root.querySelectorAll('a[data-pane="' + this.viewport.id + '"]'));
      this.screen = new window.hieScreen.Screen(this.by("canvas"));
      this.frames = new window.hieFrames.Frames(
        (slice) => this.arrived(slice), (slice) => this.arrived(slice), sharing);
      this.ruler = new window.hieMeasure.Ruler();
      this.opened = new Map(); // series UID to its slices, window and place
      this.series = null;
      this.link = null; // the series' small picture
      this.goal = null; // where another viewport led this one, in mm along its stack
      this.links.forEach((link) => {
        link.addEventListener("click", (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) { return; }
          event.preventDefault();
          this.open(link);
        });
      });
      this.by("again").addEventListener("click", () => {
        if (this.series.ready) { this.show(this.series.at); } else { this.open(this.link); }
        this.viewport.focus();
      });
      this.slider.addEventListener("input", () => this.turn(Number(this.slider.value) - 1));
    }
    begin() {
      const first = this.links.find(function (one) { return one.hasAttribute("aria-current"); }) || this.links[0];
      if (first) { this.open(first); }
    }
    current() { return this.series.slices[this.series.at]; }
    isReady() { return this.series !== null && this.series.slices.length > 0; }
    isGrey() { return this.isReady() && isGrey(this.current()); }
    isHounsfield() { return this.isGrey() && this.series.modality === "CT"; }

    // Says what keeps a picture from the screen; `original` is where it can be had as it was sent,
    // and `passing` that asking again may help.
    tell(text, original, passing) {
      this.by("again").hidden = !passing;
      this.by("state-text").textContent = text;
      this.by("original").hidden = !original;
      if (original) { this.by("original").href = original; }
      this.by("state").hidden = !text;
    }

    async open(link) {
      this.links.forEach(function (one) {
        if (one === link) { one.setAttribute("aria-current", "true"); } else { one.removeAttribute("aria-current"); }
      });
      this.link = link;
      const uid = link.dataset.series;
      if (!this.opened.has(uid)) {
        this.opened.set(uid, {
          base: this.study + "/series/" + uid, modality: link.dataset.modality, title: link.dataset.title,
          slices: [], at: 0, view: null, auto: null, ready: false
        });
      }
      const chosen = this.series = this.opened.get(uid);
      this.goal = null;
      this.screen.reset();
      this.screen.show(null, null, this.screen.view);
      if (!chosen.ready) {
        this.tell(this.said.textLoading);
        this.ahead(chosen, link);
        try {
          const all = slices.ordered(await window.hieFrames.metadata(chosen.base));
          this.place(chosen, all, chosen.slices[0]);
        } catch (problem) {
          if (this.series === chosen) {
            const isOut = problem.status === 401;
            this.tell(isOut ? this.said.textSignedOut : this.said.textFailed, "", !isOut);
          }
          return;
        }
      }
      if (this.series === chosen) { this.start(); }
    }
    // Where a series opens: at the slice that is on the screen already, else in the middle of a stack.
    place(chosen, all, shown) {
      const at = shown ? all.findIndex(function (one) { return one.key === shown.key; }) : -1;
      chosen.slices = all;
      chosen.at = at >= 0 ? at : all.length > 8 ? Math.floor(all.length / 2) : 0;
      chosen.ready = true;
    }
    // One slice of a long series, while the metadata of the others are still on their way.
    async ahead(chosen, link) {
      if (!link.dataset.ahead) { return; }
      try {
        const found = await window.hieFrames.metadata(chosen.base + "/instances/" + link.dataset.ahead);
        const one = slices.ordered(found)[0];
        if (!one || chosen.ready) { return; }
        chosen.slices = [one];
        if (this.series === chosen) { this.start(); }
      } catch (problem) {
        return; // the whole series says what is wrong
      }
    }
    start() {
      const many = this.series.slices.length;
      this.by("o-series").textContent = this.series.title;
      this.slider.max = String(Math.max(many, 1));
      this.slider.disabled = many < 2;
      if (many) { this.show(this.series.at); } else { this.tell(this.said.textEmpty); }
      this.told.changed(this);
    }

    // A reader turned to a slice; `show` goes there without anybody being told.
    turn(at) {
      if (!this.isReady()) { return; }
      const before = this.series.at, from = this.current();
      this.goal = null;
      this.show(at);
      if (this.series.at !== before) { this.told.went(this, from, this.current(), this.series.at - before); }
    }
    show(at) {
      this.series.at = Math.min(Math.max(at, 0), this.series.slices.length - 1);
      this.frames.aim(this.series.base, this.series.slices, this.series.at);
      this.refresh();
    }
    arrived(slice) {
      if (this.isReady() && slice === this.current()) { this.refresh(); }
    }
    refresh() {
      const slice = this.current(), frame = this.frames.find(slice);
      this.measured();
      if (frame) {
        this.tell("");
        this.screen.show(slice, frame, this.view(slice, frame));
        this.viewport.dataset.shown = slice.key;
      } else {
        const status = this.frames.status(slice);
        if (UNDECODED.indexOf(status) >= 0) {
          this.tell(this.said.textUndecoded, this.series.base + "/instances/" + slice.uid + "?accept=application/dicom");
        } else {
          const text = { 401: this.said.textSignedOut, 502: this.said.textRefused, offline: this.said.textOffline }[status];
          this.tell(status === undefined ? this.said.textLoading : text || this.said.textFailed, "",
            status !== undefined && status !== 401);
        }
        if (status !== undefined) { this.screen.show(null, null, this.screen.view); }
      }
      this.written();
    }
    // The reader's window, else the slice's own, else the one the series' first picture opened with.
    view(slice, frame) {
      if (!frame.pixels || !isGrey(slice)) { return this.screen.view; }
      if (this.series.view) { return this.series.view; }
      const isOwn = (slice.center !== null && slice.width !== null) || frame.lut;
      if (isOwn) { return window.hieGrey.opening(slice, frame.pixels, frame.lut); }
      this.series.auto = this.series.auto || window.hieGrey.opening(slice, frame.pixels);
      return this.series.auto;
    }
    // What stands in the corners and at the edges.
    written() {
      const slice = this.current(), ready = this.series.ready, many = this.series.slices.length;
      const place = ready ? this.said.textPlace.replace("{at}", this.series.at + 1).replace("{of}", many) : "";
      const shown = this.series.view || this.screen.view, sides = slices.sides(slice);
      this.slider.value = String(this.series.at + 1);
      this.slider.setAttribute("aria-valuetext", place);
      this.by("o-place").textContent = place + (slice.thickness === null ? "" : "\n" + slice.thickness.toFixed(1) + " mm");
      this.by("o-size").textContent = this.series.modality + " " + slice.columns + " × " + slice.rows +
        (slice.side ? "  " + slice.side : "");
      this.by("o-window").textContent = (this.isGrey() && this.screen.frame !== null
        ? "WW " + Math.round(shown.width) + "  WL " + Math.round(shown.center) + "\n" : "") + "× " + this.screen.zoom.toFixed(2);
      ["left", "right", "top", "bottom"].forEach((side) => { this.by("o-" + side).textContent = sides[side]; });
      this.told.changed(this);
    }

    setWindow(center, width, name) {
      if (!this.isGrey()) { return; }
      this.series.view = { center: center, width: Math.max(width, 1), name: name || "" };
      this.refresh();
    }
    ownWindow() {
      if (!this.isReady()) { return; }
      this.series.view = null;
      this.refresh();
    }
    invert(to) {
      if (!this.isReady()) { return; }
      this.screen.inverted = to;
      this.refresh();
      this.screen.draw();
    }
    // As it opened: window, place and size, and no lines on this slice.
    reset() {
      if (!this.isReady()) { return; }
      this.screen.inverted = false;
      this.screen.reset();
      this.ruler.clear(this.current().key);
      this.ownWindow();
      this.screen.draw();
    }

    // Drawing a line: `what` is down, drag, up, hover or cancel, at a point from the middle.
    measure(what, x, y, far) {
      if (!this.isReady() || !this.screen.frame) { return; }
      const key = this.current().key, point = this.screen.pointOf(x, y);
      const acts = {
        down: () => this.ruler.down(key, point),
        drag: () => this.ruler.drag(key, point, far),
        up: () => this.ruler.up(),
        hover: () => this.ruler.hover(key, point),
        cancel: () => { this.ruler.open = null; }
      };
      acts[what]();
      this.measured();
      this.screen.draw();
    }
    undo() {
      if (!this.isReady()) { return; }
      this.ruler.undo(this.current().key);
      this.measured();
      this.screen.draw();
    }
    // The lines on the slice, and how long each is: drawn beside it, and read out once it is done.
    measured() {
      const slice = this.current();
      this.screen.lines = this.ruler.of(slice.key).map((one) => {
        const found = window.hieMeasure.distance(slice, one.from, one.to);
        const word = { patient: this.said.textMm, detector: this.said.textMmDetector, unstated: this.said.textMmUnstated };
        const text = (word[found.of] || this.said.textPixels).replace("{value}", found.value.toFixed(found.of === "pixels" ? 0 : 1));
        return { from: one.from, to: one.to, text: text };
      });
      const open = this.ruler.open, isHere = open !== null && open.key === slice.key;
      const done = isHere ? this.screen.lines.slice(0, -1) : this.screen.lines;
      const said = done.map(function (one) { return one.text; }).join("\n");
      if (this.by("o-measured").textContent !== said) { this.by("o-measured").textContent = said; }
    }
    // Where the next point is set by key; `shown` is false while nobody measures.
    cross(shown, x, y) {
      const box = this.viewport, at = this.screen.cross || [0, 0];
      const within = function (n, size) { return Math.min(Math.max(n, -size / 2), size / 2); };
      this.screen.cross = shown ? [within(at[0] + x, box.clientWidth), within(at[1] + y, box.clientHeight)] : null;
      if (shown && this.isReady()) { this.measure("hover", this.screen.cross[0], this.screen.cross[1], false); }
      this.screen.draw();
    }
    // The most that a slice of the series on the screen says: CTDIvol, in mGy.
    dose() {
      const all = this.isReady() ? this.series.slices.map(function (one) { return one.dose; }) : [];
      const known = all.filter(function (one) { return one !== null && one > 0; });
      return known.length ? Math.max.apply(null, known) : null;
    }
  }

  return { Pane: Pane };
})();
