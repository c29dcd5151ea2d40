// The viewer: a study's series, one slice of one series on the screen, and what the reader does.
// Words come from the page (data-text-…), so that the page's language is the viewer's.
"use strict";
(function () {
  const root = document.getElementById("viewer");
  if (!root) { return; }
  const said = root.dataset, by = function (id) { return document.getElementById(id); };
  const links = Array.from(root.querySelectorAll("a[data-series]"));
  const presets = Array.from(root.querySelectorAll("button[data-window]"));
  const modes = Array.from(root.querySelectorAll("button[data-mode]"));
  const viewport = by("viewport"), slider = by("slice"), state = by("state");
  const screen = new window.hieScreen.Screen(by("canvas"));
  const frames = new window.hieFrames.Frames(arrived, failed);
  const opened = new Map(); // series UID to its slices, window and place
  // Answers of the door to what it has no decoder for, or will not decode: too large, too long.
  const UNDECODED = [406, 413, 415, 422];
  let series = null, mode = "";

  function current() { return series.slices[series.at]; }
  function isGrey(slice) { return slice.samples === 1 && slice.photometric.indexOf("MONOCHROME") === 0; }
  // Says what keeps a picture from the screen; `original` is where it can be had as it was sent, and
  // `passing` that asking again may help.
  function tell(text, original, passing) {
    by("again").hidden = !passing;
    by("state-text").textContent = text;
    by("original").hidden = !original;
    if (original) { by("original").href = original; }
    state.hidden = !text;
  }

  async function open(link) {
    links.forEach(function (one) {
      if (one === link) { one.setAttribute("aria-current", "true"); } else { one.removeAttribute("aria-current"); }
    });
    const uid = link.dataset.series, base = said.study + "/series/" + uid;
    if (!opened.has(uid)) {
      opened.set(uid, { base: base, slices: [], at: 0, view: null, auto: null, ready: false });
    }
    const chosen = series = opened.get(uid);
    screen.reset();
    screen.show(null, null, screen.view);
    if (!chosen.ready) {
      tell(said.textLoading);
      ahead(chosen, link);
      try {
        const all = window.hieSlices.ordered(await window.hieFrames.metadata(base));
        begin(chosen, all, chosen.slices[0]);
      } catch (problem) {
        if (series === chosen) { tell(problem.status === 401 ? said.textSignedOut : said.textFailed); }
        return;
      }
    }
    if (series === chosen) { start(link); }
  }
  // Where a series opens: at the slice that is on the screen already, else in the middle of a stack.
  function begin(chosen, slices, shown) {
    const at = shown ? slices.findIndex(function (one) { return one.key === shown.key; }) : -1;
    chosen.slices = slices;
    chosen.at = at >= 0 ? at : slices.length > 8 ? Math.floor(slices.length / 2) : 0;
    chosen.ready = true;
  }
  // One slice of a long series, while the metadata of the others are still on their way.
  async function ahead(chosen, link) {
    if (!link.dataset.ahead) { return; }
    try {
      const found = await window.hieFrames.metadata(chosen.base + "/instances/" + link.dataset.ahead);
      const one = window.hieSlices.ordered(found)[0];
      if (!one || chosen.ready) { return; }
      chosen.slices = [one];
      if (series === chosen) { start(link); }
    } catch (problem) {
      return; // the whole series says what is wrong
    }
  }
  function start(link) {
    const many = series.slices.length;
    by("o-series").textContent = link.dataset.title;
    slider.max = String(Math.max(many, 1));
    slider.disabled = many < 2;
    const kind = many > 0 && isGrey(series.slices[0]);
    const hounsfield = link.dataset.modality === "CT" && kind;
    presets.forEach(function (one) { one.disabled = one.dataset.window === "file" ? !kind : !hounsfield; });
    by("center").disabled = by("width").disabled = !kind;
    if (many) { show(series.at); } else { tell(said.textEmpty); }
  }

  function show(at) {
    series.at = Math.min(Math.max(at, 0), series.slices.length - 1);
    frames.aim(series.base, series.slices, series.at);
    refresh();
  }
  function refresh() {
    const slice = current(), frame = frames.find(slice);
    slider.value = String(series.at + 1);
    const place = series.ready
      ? said.textPlace.replace("{at}", series.at + 1).replace("{of}", series.slices.length) : "";
    slider.setAttribute("aria-valuetext", place);
    by("o-place").textContent = place +
      (slice.thickness === null ? "" : "\n" + slice.thickness.toFixed(1) + " mm");
    by("o-size").textContent = slice.columns + " × " + slice.rows + (slice.side ? "  " + slice.side : "");
    if (frame) {
      tell("");
      screen.show(slice, frame, view(slice, frame));
      viewport.dataset.shown = slice.key;
    } else {
      const status = frames.status(slice);
      if (UNDECODED.indexOf(status) >= 0) {
        tell(said.textUndecoded, series.base + "/instances/" + slice.uid + "?accept=application/dicom");
      } else {
        const text = { 401: said.textSignedOut, 502: said.textRefused, offline: said.textOffline }[status];
        tell(status === undefined ? said.textLoading : text || said.textFailed, "", status !== undefined && status !== 401);
      }
      if (status !== undefined) { screen.show(null, null, screen.view); }
    }
    written();
  }
  // The reader's window, else the slice's own, else the one the series' first picture opened with.
  function view(slice, frame) {
    if (!frame.pixels || !isGrey(slice)) { return screen.view; }
    if (series.view) { return series.view; }
    if (slice.center !== null && slice.width !== null) { return window.hieGrey.opening(slice, frame.pixels); }
    series.auto = series.auto || window.hieGrey.opening(slice, frame.pixels);
    return series.auto;
  }
  function written() {
    const shown = series.view || screen.view, center = Math.round(shown.center), width = Math.round(shown.width);
    const greys = screen.frame !== null && !by("width").disabled;
    by("o-window").textContent = (greys ? "WW " + width + "  WL " + center + "\n" : "") + "× " + screen.zoom.toFixed(2);
    if (greys && document.activeElement !== by("center")) { by("center").value = String(center); }
    if (greys && document.activeElement !== by("width")) { by("width").value = String(width); }
    presets.forEach(function (one) {
      const is = series.view ? one.dataset.window === series.view.name : one.dataset.window === "file";
      one.setAttribute("aria-pressed", String(is && !one.disabled));
    });
    root.querySelector("[data-do=invert]").setAttribute("aria-pressed", String(screen.inverted));
  }
  function arrived(slice) {
    if (series && series.slices.length && slice === current()) { refresh(); }
  }
  function failed(slice) {
    arrived(slice);
  }
  by("again").addEventListener("click", function () {
    show(series.at);
    viewport.focus();
  });

  function setWindow(center, width, name) {
    series.view = { center: center, width: Math.max(width, 1), name: name || "" };
    refresh();
  }
  function preset(button) {
    if (!button || button.disabled || !series) { return; }
    const asked = button.dataset.window;
    if (asked === "file") {
      series.view = null;
      refresh();
    } else {
      const pair = asked.split(",").map(Number);
      setWindow(pair[0], pair[1], asked);
    }
  }
  function isReady() { return series !== null && series.slices.length > 0; }
  const does = {
    mode: function () { return mode; },
    // A finger across half the window goes through the whole series.
    eagerness: function () { return isReady() ? Math.max(80 * series.slices.length / viewport.clientHeight, 1) : 1; },
    step: function (by_) { if (isReady()) { show(by_ === -Infinity ? 0 : by_ === Infinity ? series.slices.length : series.at + by_); } },
    series: function (by_) {
      const next = links[links.findIndex(function (one) { return one.hasAttribute("aria-current"); }) + by_];
      if (next) { open(next); }
    },
    window: function (x, y) {
      if (!isReady() || by("width").disabled) { return; }
      const from = series.view || screen.view, speed = Math.max(from.width, 1) / 300;
      setWindow(from.center + y * speed, from.width + x * speed);
    },
    move: function (x, y) { screen.move(x, y); },
    closer: function (factor, x, y) { if (isReady()) { screen.closer(factor, x, y); written(); } },
    invert: function () { if (isReady()) { screen.inverted = !screen.inverted; refresh(); screen.draw(); } },
    reset: function () {
      if (!isReady()) { return; }
      series.view = null;
      screen.inverted = false;
      screen.reset();
      refresh();
      screen.draw();
    },
    preset: function (n) { preset(presets[n - 1]); }
  };

  links.forEach(function (link) {
    link.addEventListener("click", function (event) {
      if (event.ctrlKey || event.metaKey || event.shiftKey) { return; }
      event.preventDefault();
      open(link);
    });
  });
  presets.forEach(function (one) { one.addEventListener("click", function () { preset(one); }); });
  modes.forEach(function (one) {
    one.addEventListener("click", function () {
      mode = mode === one.dataset.mode ? "" : one.dataset.mode;
      modes.forEach(function (other) { other.setAttribute("aria-pressed", String(other.dataset.mode === mode)); });
    });
  });
  root.querySelectorAll("button[data-do]").forEach(function (one) {
    const acts = {
      invert: does.invert,
      reset: does.reset,
      closer: function () { does.closer(1.25, 0, 0); },
      farther: function () { does.closer(0.8, 0, 0); }
    };
    one.addEventListener("click", acts[one.dataset.do]);
  });
  slider.addEventListener("input", function () { if (isReady()) { show(Number(slider.value) - 1); } });
  ["center", "width"].forEach(function (name) {
    by(name).addEventListener("change", function () {
      const center = Number(by("center").value), width = Number(by("width").value);
      if (isReady() && Number.isFinite(center) && width > 0) { setWindow(center, width); }
    });
  });
  window.hieGestures.listen(viewport, does);
  root.querySelectorAll("[data-needs-script]").forEach(function (one) { one.hidden = false; });
  const first = links.find(function (one) { return one.hasAttribute("aria-current"); }) || links[0];
  if (first) { open(first); }
})();
