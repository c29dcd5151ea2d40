// The viewer: one viewport, or two side by side, and the buttons and keys that act on them.
// What is done to one is done to the other while they are linked.
"use strict";
(function () {
  const root = document.getElementById("viewer");
  if (!root || !document.getElementById("viewport")) { return; }
  const by = function (id) { return document.getElementById(id); };
  const presets = Array.from(root.querySelectorAll("button[data-window]"));
  const modes = Array.from(root.querySelectorAll("button[data-mode]"));
  const chooser = by("compare"), use = root.querySelector("[data-decide=use]"), repeat = root.querySelector("[data-decide=repeat]");
  const suffixes = by("viewport-2") ? ["", "-2"] : [""];
  const panes = suffixes.map(function (suffix) {
    return new window.hiePane.Pane(root, suffix, suffixes.length, { changed: changed, went: went });
  });
  let active = panes[0], mode = "", linked = true;

  function others(pane) { return linked ? panes.filter(function (one) { return one !== pane && one.isReady(); }) : []; }
  // The pane and, of those linked, the ones whose greys mean the same.
  function alike(pane) {
    return [pane].concat(others(pane).filter(function (one) { return one.series.modality === pane.series.modality; }));
  }

  function went(pane, from, to, steps) {
    others(pane).forEach(function (one) {
      const here = one.goal === null ? window.hieSlices.depth(one.current()) : one.goal;
      const next = window.hieSlices.follow(from, to, steps, one.series.slices, { at: one.series.at, depth: here });
      one.goal = next.depth;
      one.show(next.at);
    });
  }
  function moved(pane) {
    others(pane).forEach(function (one) {
      one.screen.like(pane.screen);
      one.written();
    });
    if (pane.isReady()) { pane.written(); }
  }
  // The buttons say what is true of the viewport they act on.
  function changed(pane) {
    if (pane === panes[0]) { dosed(pane); }
    if (pane !== active) { return; }
    const grey = pane.isGrey(), hounsfield = pane.isHounsfield(), series = pane.series;
    const shown = (series && series.view) || pane.screen.view;
    ["center", "width"].forEach(function (name) {
      by(name).disabled = !grey;
      if (grey && pane.screen.frame && document.activeElement !== by(name)) { by(name).value = String(Math.round(shown[name])); }
    });
    presets.forEach(function (one) {
      const isOwn = one.dataset.window === "file";
      one.disabled = isOwn ? !grey : !hounsfield;
      const is = series && series.view ? one.dataset.window === series.view.name : isOwn;
      one.setAttribute("aria-pressed", String(is && !one.disabled));
    });
    root.querySelector("[data-do=invert]").setAttribute("aria-pressed", String(pane.screen.inverted));
  }
  function dosed(pane) {
    const dose = pane.dose(), row = root.querySelectorAll("[data-dose]");
    row.forEach(function (one) { one.hidden = dose === null; });
    if (dose !== null && row.length) { row[1].textContent = root.dataset.textDose.replace("{value}", dose.toFixed(1)); }
  }

  function act(pane) {
    if (active === pane) { return; }
    active = pane;
    panes.forEach(function (one) { one.viewport.classList.toggle("active", one === pane && panes.length > 1); });
    changed(pane);
  }
  function setWindow(pane, center, width, name) {
    if (pane.isGrey()) { alike(pane).forEach(function (one) { one.setWindow(center, width, name); }); }
  }
  function preset(pane, button) {
    if (!button || button.disabled || !pane.isReady()) { return; }
    const asked = button.dataset.window;
    if (asked === "file") {
      alike(pane).forEach(function (one) { one.ownWindow(); });
    } else {
      const pair = asked.split(",").map(Number);
      setWindow(pane, pair[0], pair[1], asked);
    }
  }
  function setMode(name) {
    mode = mode === name ? "" : name;
    modes.forEach(function (one) { one.setAttribute("aria-pressed", String(one.dataset.mode === mode)); });
    panes.forEach(function (one) {
      one.viewport.classList.toggle("measuring", mode === "measure");
      one.cross(false);
      if (mode !== "measure" && one.isReady()) { one.measure("cancel", 0, 0, false); }
    });
  }
  function compare() {
    if (!chooser) { return; }
    chooser.open = !chooser.open;
    if (chooser.open) { chooser.querySelector("a").focus(); }
  }
  function press(button) {
    if (button) { button.click(); }
  }

  const all = {
    invert: function (pane) {
      const to = !pane.screen.inverted;
      if (pane.isReady()) { alike(pane).forEach(function (one) { one.invert(to); }); }
    },
    reset: function (pane) { [pane].concat(others(pane)).forEach(function (one) { one.reset(); }); },
    closer: function (pane, factor, x, y) {
      if (!pane.isReady()) { return; }
      pane.screen.closer(factor, x, y);
      moved(pane);
    },
    link: function () {
      linked = !linked;
      const button = root.querySelector("[data-do=link]");
      if (button) { button.setAttribute("aria-pressed", String(linked)); }
    }
  };
  // What gestures and keys on one viewport mean.
  function deeds(pane) {
    return {
      mode: function () { return mode; },
      // hub.js keeps whether a reader wants single letters to do anything.
      letters: function () { return document.documentElement.dataset.keys !== "off"; },
      // A finger across half the window goes through the whole series.
      eagerness: function () {
        return pane.isReady() ? Math.max(80 * pane.series.slices.length / pane.viewport.clientHeight, 1) : 1;
      },
      step: function (steps) {
        if (pane.isReady()) {
          pane.turn(steps === -Infinity ? 0 : steps === Infinity ? pane.series.slices.length : pane.series.at + steps);
        }
      },
      series: function (steps) {
        const at = pane.links.findIndex(function (one) { return one.hasAttribute("aria-current"); });
        if (pane.links[at + steps]) { pane.open(pane.links[at + steps]); }
      },
      window: function (x, y) {
        if (!pane.isGrey()) { return; }
        const from = pane.series.view || pane.screen.view, speed = Math.max(from.width, 1) / 300;
        setWindow(pane, from.center + y * speed, from.width + x * speed);
      },
      move: function (x, y) {
        pane.screen.move(x, y);
        moved(pane);
      },
      closer: function (factor, x, y) { all.closer(pane, factor, x, y); },
      measure: function (what, x, y, far) { pane.measure(what, x, y, far); },
      cross: function (x, y) { pane.cross(true, x, y); },
      point: function () {
        if (!pane.screen.cross) { pane.cross(true, 0, 0); }
        ["down", "up"].forEach(function (what) { pane.measure(what, pane.screen.cross[0], pane.screen.cross[1], false); });
      },
      undo: function () { pane.undo(); },
      ruler: function () { setMode("measure"); },
      invert: function () { all.invert(pane); },
      reset: function () { all.reset(pane); },
      preset: function (n) { preset(pane, presets[n - 1]); },
      compare: compare,
      link: all.link,
      use: function () { press(use); },
      repeat: function () { press(repeat); }
    };
  }

  presets.forEach(function (one) { one.addEventListener("click", function () { preset(active, one); }); });
  modes.forEach(function (one) { one.addEventListener("click", function () { setMode(one.dataset.mode); }); });
  root.querySelectorAll("button[data-do]").forEach(function (one) {
    const acts = {
      invert: function () { all.invert(active); },
      reset: function () { all.reset(active); },
      closer: function () { all.closer(active, 1.25, 0, 0); },
      farther: function () { all.closer(active, 0.8, 0, 0); },
      link: all.link
    };
    one.addEventListener("click", acts[one.dataset.do]);
  });
  ["center", "width"].forEach(function (name) {
    by(name).addEventListener("change", function () {
      const center = Number(by("center").value), width = Number(by("width").value);
      if (Number.isFinite(center) && width > 0) { setWindow(active, center, width); }
    });
  });
  if (chooser) {
    chooser.addEventListener("keydown", function (event) {
      if (event.key !== "Escape" || !chooser.open) { return; }
      chooser.open = false;
      chooser.querySelector("summary").focus();
    });
  }
  panes.forEach(function (pane) {
    pane.viewport.addEventListener("focusin", function () { act(pane); });
    pane.viewport.addEventListener("pointerdown", function () { act(pane); });
    window.hieGestures.listen(pane.viewport, deeds(pane));
  });
  root.querySelectorAll("[data-needs-script]").forEach(function (one) { one.hidden = false; });
  if (panes.length > 1) { panes[0].viewport.classList.add("active"); }
  panes.forEach(function (pane) { pane.begin(); });
})();
