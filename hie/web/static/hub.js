// Keyboard for the lists of results and examinations. Single letters work only while focus is there.
"use strict";
(function () {
  var lists = Array.prototype.slice.call(document.querySelectorAll("#results, #studies"));
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
  lists.forEach(function (list) {
    list.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey) { return; }
      if (event.key === "j" || event.key === "J") { move(1); event.preventDefault(); }
      if (event.key === "k" || event.key === "K") { move(-1); event.preventDefault(); }
    });
    list.addEventListener("click", function (event) {
      var link = event.target.closest("a[data-row]");
      if (link) { mark(link); }
    });
  });
  // On a narrow page the reasons lie below the lists: what was asked for is brought into view.
  document.addEventListener("htmx:afterSettle", function (event) {
    var why = document.getElementById("why");
    if (why && event.target.id === "why" && why.getBoundingClientRect().top > window.innerHeight) {
      why.scrollIntoView({ block: "start" });
    }
  });
  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing) {
      var find = document.querySelector("[data-find]");
      if (find) { find.focus(); event.preventDefault(); }
    }
  });
})();
