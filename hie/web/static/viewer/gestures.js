// Mouse, touch and keys on a viewport, told as what they mean: step, window, move, closer, measure.
// One finger turns slices and a mouse changes the window, until the reader chooses otherwise.
"use strict";
window.hieGestures = (function () {
  const STEP = 40; // pixels of a wheel or a finger for one slice
  const SHAKE = 4; // pixels a hand moves while it clicks

  function listen(viewport, does) {
    const held = new Map();
    let turned = 0, spread = 0, middle = null, button = 0, begun = null;

    function meant(event) {
      if (event.pointerType === "mouse") {
        if (button === 1 || event.shiftKey) { return "pan"; }
        if (button === 2 || event.ctrlKey) { return "zoom"; }
      }
      return does.mode() || (event.pointerType === "touch" ? "stack" : "window");
    }
    function fromMiddle(x, y) {
      const box = viewport.getBoundingClientRect();
      return [x - box.left - box.width / 2, y - box.top - box.height / 2];
    }
    function measure(what, event) {
      const at = fromMiddle(event.clientX, event.clientY);
      const far = begun !== null && Math.hypot(event.clientX - begun[0], event.clientY - begun[1]) > SHAKE;
      does.measure(what, at[0], at[1], far);
    }
    function turn(pixels) {
      turned += pixels;
      const steps = Math.trunc(turned / STEP);
      turned -= steps * STEP;
      if (steps) { does.step(steps); }
    }

    viewport.addEventListener("wheel", function (event) {
      event.preventDefault();
      const pixels = event.deltaMode === 0 ? event.deltaY : Math.sign(event.deltaY) * STEP;
      if (event.ctrlKey) {
        const at = fromMiddle(event.clientX, event.clientY);
        does.closer(Math.exp(-pixels / 300), at[0], at[1]);
      } else if (Math.abs(pixels) >= STEP) {
        turned = 0;
        does.step(Math.sign(pixels)); // one notch of a wheel is one slice, however far it scrolls
      } else {
        turn(pixels);
      }
    }, { passive: false });

    viewport.addEventListener("pointerdown", function (event) {
      if (event.target.closest("a, button, input")) { return; }
      viewport.setPointerCapture(event.pointerId);
      held.set(event.pointerId, event);
      button = event.button;
      begun = [event.clientX, event.clientY];
      turned = 0;
      middle = null;
      if (held.size === 1 && meant(event) === "measure") { measure("down", event); }
      if (held.size === 2) { begun = null; does.measure("cancel", 0, 0, false); } // two fingers move and zoom
    });
    viewport.addEventListener("pointermove", function (event) {
      const before = held.get(event.pointerId);
      if (!before) {
        if (does.mode() === "measure") { measure("hover", event); }
        return;
      }
      held.set(event.pointerId, event);
      if (held.size === 2) { pinch(); return; }
      const x = event.clientX - before.clientX, y = event.clientY - before.clientY;
      switch (meant(event)) {
        case "measure": measure("drag", event); break;
        case "pan": does.move(x, y); break;
        case "zoom": does.closer(Math.exp(-y / 150), 0, 0); break;
        case "stack": turn(y * does.eagerness()); break;
        default: does.window(x, y);
      }
    });
    function pinch() {
      const two = Array.from(held.values());
      const now = Math.hypot(two[0].clientX - two[1].clientX, two[0].clientY - two[1].clientY);
      const at = [(two[0].clientX + two[1].clientX) / 2, (two[0].clientY + two[1].clientY) / 2];
      if (middle) {
        const center = fromMiddle(at[0], at[1]);
        does.move(at[0] - middle[0], at[1] - middle[1]);
        if (spread > 0) { does.closer(now / spread, center[0], center[1]); }
      }
      spread = now;
      middle = at;
    }
    viewport.addEventListener("pointerup", function (event) {
      if (!held.has(event.pointerId) || held.size > 1) { return; }
      const mode = does.mode();
      const moved = begun ? Math.hypot(event.clientX - begun[0], event.clientY - begun[1]) : Infinity;
      if (meant(event) === "measure") { measure("up", event); }
      if (mode === "pan" && moved <= SHAKE) { // without dragging: what was pointed at comes to the middle
        const at = fromMiddle(event.clientX, event.clientY);
        does.move(-at[0], -at[1]);
      }
    });
    ["pointerup", "pointercancel"].forEach(function (name) {
      viewport.addEventListener(name, function (event) {
        held.delete(event.pointerId);
        middle = null;
      });
    });
    viewport.addEventListener("contextmenu", function (event) { event.preventDefault(); });

    viewport.addEventListener("keydown", function (event) {
      if (event.metaKey || event.altKey || event.ctrlKey || event.target.closest("input, a, button")) { return; }
      const key = event.key, isMeasuring = does.mode() === "measure";
      const letters = {
        "+": function () { does.closer(1.25, 0, 0); },
        "=": function () { does.closer(1.25, 0, 0); },
        "-": function () { does.closer(0.8, 0, 0); },
        "0": does.reset,
        i: does.invert,
        m: does.ruler,
        c: does.compare,
        l: does.link,
        r: does.repeat
      };
      const act = (isMeasuring ? measuring(event) : moving(event))[key] ||
        (does.letters() && (letters[key.toLowerCase()] || (/^[1-9]$/.test(key) && function () { does.preset(Number(key)); })));
      if (act) {
        act();
        event.preventDefault();
      }
    });
    function moving(event) {
      const step = 30;
      return {
        ArrowUp: function () { if (event.shiftKey) { does.move(0, step); } else { does.step(-1); } },
        ArrowDown: function () { if (event.shiftKey) { does.move(0, -step); } else { does.step(1); } },
        ArrowLeft: function () { if (event.shiftKey) { does.move(step, 0); } else { does.series(-1); } },
        ArrowRight: function () { if (event.shiftKey) { does.move(-step, 0); } else { does.series(1); } },
        PageUp: function () { does.step(-10); },
        PageDown: function () { does.step(10); },
        Home: function () { does.step(-Infinity); },
        End: function () { does.step(Infinity); },
        Enter: does.use
      };
    }
    // While measuring the arrows move a cross, and a point is set where it stands: nothing is decided.
    function measuring(event) {
      const step = event.shiftKey ? 10 : 1;
      return {
        ArrowUp: function () { does.cross(0, -step); },
        ArrowDown: function () { does.cross(0, step); },
        ArrowLeft: function () { does.cross(-step, 0); },
        ArrowRight: function () { does.cross(step, 0); },
        PageUp: function () { does.step(-1); },
        PageDown: function () { does.step(1); },
        " ": does.point,
        Enter: does.point,
        Backspace: does.undo,
        Delete: does.undo,
        Escape: does.ruler
      };
    }
  }

  return { listen: listen };
})();
