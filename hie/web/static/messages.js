// Keyboard for causes and codes of held messages: J and K move, A accepts what the row proposes.
// Single letters work only while focus is in the list, and where they were not turned off.
"use strict";
document.querySelectorAll("[data-list]").forEach(function (list) {
  list.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.documentElement.dataset.keys === "off") { return; }
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) { return; }
    var key = event.key.toLowerCase(), row = event.target.closest("tr, [data-item]");
    var all = Array.prototype.slice.call(list.querySelectorAll("[data-row]"));
    var at = all.findIndex(function (one) { return one.closest("tr, [data-item]") === row; });
    if (key === "j" || key === "k") {
      var next = all[Math.min(Math.max(at + (key === "j" ? 1 : -1), 0), all.length - 1)];
      if (next) { next.focus(); }
      event.preventDefault();
    }
    var accept = key === "a" && row && row.querySelector("[data-accept]");
    if (accept) { accept.click(); event.preventDefault(); }
  });
});
