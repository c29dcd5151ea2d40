// What every page has: keys that can be turned off (`data-keys="off"` at the page's root; single
// letters work only while focus is in their list), a kept page asked for again, `/` to search.
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
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && root.dataset.keys !== "off") {
      var find = document.querySelector("[data-find]");
      if (find) { find.focus(); event.preventDefault(); }
    }
  });
})();
