// Keyboard for the lists of results and examinations. Single letters work only while focus is there,
// and where they were not turned off: `data-keys="off"` at the page's root.
"use strict";
(function () {
  var root = document.documentElement;
  function kept(value) {
    try {
      if (value !== undefined) { localStorage.setItem("hub-keys", value); }
      return localStorage.getItem("hub-keys");
    } catch (away) { return value; }  // a browser that keeps nothing: until the page is left
  }
  function keys(value) {
    root.dataset.keys = value === "off" ? "off" : "on";
    document.querySelectorAll("[data-keys-toggle]").forEach(function (one) {
      one.hidden = false;
      one.setAttribute("aria-pressed", String(root.dataset.keys === "on"));
      one.classList.toggle("on", root.dataset.keys === "on");
    });
  }
  keys(kept());
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-keys-toggle]")) { keys(kept(root.dataset.keys === "on" ? "off" : "on")); }
  });
  // A page that the browser kept is asked for again: somebody may have signed out, or decided.
  window.addEventListener("pageshow", function (event) { if (event.persisted) { location.reload(); } });
  var LISTS = "#results, #studies";
  function rows() {
    return Array.prototype.slice.call(document.querySelectorAll("#results a[data-row], #studies a[data-row]"));
  }
  function move(step) {
    var all = rows(), at = all.indexOf(document.activeElement);
    var next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    if (next) { next.focus(); }
  }
  function mark(link) {
    document.querySelectorAll("tr[aria-selected]").forEach(function (row) { row.setAttribute("aria-selected", "false"); });
    document.querySelectorAll("[data-selected]").forEach(function (one) { one.dataset.selected = "false"; });
    var row = link.closest("tr"), study = link.closest("[data-selected]");
    if (row) { row.setAttribute("aria-selected", "true"); }
    if (study) { study.dataset.selected = "true"; }
  }
  // Listened for on the whole page: what a row shows replaces the lists.
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest(LISTS)) { return; }
    var link = event.target.closest("a[data-row]"), act = document.querySelector("#why [data-primary]");
    // Enter on the row whose reasons stand beside goes on to the decision; on any other it shows them.
    if (event.key === "Enter" && link && act && act.dataset.primary === link.id) { event.preventDefault(); act.click(); return; }
    if (root.dataset.keys === "off") { return; }
    if (event.key === "j" || event.key === "J") { move(1); event.preventDefault(); }
    if (event.key === "k" || event.key === "K") { move(-1); event.preventDefault(); }
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[data-row]");
    if (link && link.closest(LISTS)) { mark(link); }
  });
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && root.dataset.keys !== "off") {
      var find = document.querySelector("[data-find]");
      if (find) { find.focus(); event.preventDefault(); }
    }
  });
})();
