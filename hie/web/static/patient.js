// A patient's page: J and K walk the lists, Enter shows a row's reasons and then goes on to the
// decision; what a row shows comes into the page without loading it anew. Without scripts the
// same links are pages.
"use strict";
(function () {
  var LISTS = "#results, #studies", TAKEN = "#results a[data-row], #studies a[data-row], #data";
  var asked = 0, shown = plain(location.href);
  function plain(address) { return address.split("#")[0]; }
  function move(step) {
    var all = Array.prototype.slice.call(document.querySelectorAll("#results a[data-row], #studies a[data-row]"));
    var next = all[Math.min(Math.max(all.indexOf(document.activeElement) + step, 0), all.length - 1)];
    if (next) { next.focus(); }
  }
  // Listened for on the whole document: the lists are replaced by what they show.
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest(LISTS)) { return; }
    var link = event.target.closest("a[data-row]"), act = document.querySelector("#why [data-primary]");
    if (event.key === "Enter" && link && act && act.dataset.primary === link.id) {
      event.preventDefault();
      act.click();
    } else if (document.documentElement.dataset.keys !== "off" && /^[jk]$/i.test(event.key)) {
      event.preventDefault();
      move(event.key.toLowerCase() === "j" ? 1 : -1);
    }
  });
  // Where a trend is wider than its place, the newest result is in view.
  function newest() {
    document.querySelectorAll(".det .scroll > svg").forEach(function (chart) {
      chart.parentNode.scrollLeft = chart.parentNode.scrollWidth;
    });
  }
  function show(address, id) {
    shown = plain(address);
    var turn = ++asked, old = document.getElementById("main"), place = id && document.getElementById(id);
    var top = place ? place.getBoundingClientRect().top : 0;
    old.setAttribute("aria-busy", "true");
    fetch(address, { headers: { Accept: "text/html" } }).then(function (answer) {
      return answer.ok && !answer.redirected ? answer.text() : "";
    }).then(function (text) {
      var page = new DOMParser().parseFromString(text, "text/html"), main = page.getElementById("main");
      if (turn !== asked) { return; }
      if (!main) { location.assign(address); return; }
      old.replaceWith(main);
      newest();
      document.title = page.title;
      document.querySelector(".lang").href = page.querySelector(".lang").getAttribute("href");
      var found = id && document.getElementById(id);
      if (found) {
        found.focus({ preventScroll: true });
        window.scrollBy(0, found.getBoundingClientRect().top - top);
      }
    }).catch(function () { if (turn === asked) { location.assign(address); } });
  }
  document.addEventListener("click", function (event) {
    var link = event.target.closest(TAKEN);
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) { return; }
    event.preventDefault();
    var address = link.href;
    show(address, link.id);
    history.pushState(null, "", address);
  });
  // A link to a place of the page changes its address as well, and shows nothing new.
  newest();
  window.addEventListener("popstate", function () {
    if (plain(location.href) !== shown) { show(location.href, ""); }
  });
})();
