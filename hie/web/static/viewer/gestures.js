// Mouse, touch and keys on the viewport, told as what they mean: step, window, move, closer.
// One finger turns slices and a mouse changes the window, until the reader chooses otherwise.
"use strict";
window.hieGestures = (function () {
  const STEP = 40; // pixels of a wheel or a finger for one slice

  function listen(viewport, does) {
    const held = new Map();
    let turned = 0, spread = 0, middle = null, button = 0;

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
      turned = 0;
      middle = null;
    });
    viewport.addEventListener("pointermove", function (event) {
      const before = held.get(event.pointerId);
      if (!before) { return; }
      held.set(event.pointerId, event);
      if (held.size === 2) { pinch(); return; }
      const x = event.clientX - before.clientX, y = event.clientY - before.clientY;
      switch (meant(event)) {
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
    ["pointerup", "pointercancel"].forEach(function (name) {
      viewport.addEventListener(name, function (event) {
        held.delete(event.pointerId);
        middle = null;
      });
    });
    viewport.addEventListener("contextmenu", function (event) { event.preventDefault(); });

    viewport.addEventListener("keydown", function (event) {
      if (event.metaKey || event.altKey || event.ctrlKey || event.target.closest("input, a, button")) { return; }
      const key = event.key, move = 30;
      const keys = {
        ArrowUp: function () { if (event.shiftKey) { does.move(0, move); } else { does.step(-1); } },
        ArrowDown: function () { if (event.shiftKey) { does.move(0, -move); } else { does.step(1); } },
        ArrowLeft: function () { if (event.shiftKey) { does.move(move, 0); } else { does.series(-1); } },
        ArrowRight: function () { if (event.shiftKey) { does.move(-move, 0); } else { does.series(1); } },
        PageUp: function () { does.step(-10); },
        PageDown: function () { does.step(10); },
        Home: function () { does.step(-Infinity); },
        End: function () { does.step(Infinity); },
        "+": function () { does.closer(1.25, 0, 0); },
        "=": function () { does.closer(1.25, 0, 0); },
        "-": function () { does.closer(0.8, 0, 0); },
        "0": does.reset,
        i: does.invert,
        I: does.invert
      };
      if (keys[key]) { keys[key](); } else if (/^[1-9]$/.test(key)) { does.preset(Number(key)); } else { return; }
      event.preventDefault();
    });
  }

  return { listen: listen };
})();
