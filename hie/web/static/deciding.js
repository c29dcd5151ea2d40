// Deciding on orders by keyboard. Single letters work only while focus is in a line of the form, and
// can be turned off (hub.js). Without this script the same form is filled in by mouse and Tab.
"use strict";
(function () {
  var form = document.querySelector("form[data-decide]");
  if (!form) { return; }
  function all(what) { return Array.prototype.slice.call(form.querySelectorAll(what)); }
  var lines = all("[data-line]");
  var primary = form.querySelector("[data-primary]"), later = form.querySelector("[data-later]");
  var explained = form.querySelector("[data-explained]"), status = form.querySelector("[data-repeats]");
  var lead = document.querySelector("[data-amount]");
  var texts = { use: primary.dataset.labels.split("\n"), repeat: status.dataset.repeats.split("\n") };

  function tickOf(line) { return line.querySelector("input[data-use]"); }
  function boxOf(line) { return line.querySelector("details[data-reasons]"); }
  function reasonOf(line) { return line.querySelector("details[data-reasons] input[type=radio]:checked"); }
  function lineOf(target) { return target.closest ? target.closest("[data-line]") : null; }
  function visible(one) { return one.getClientRects().length > 0; }
  function focusOn(line) { (tickOf(line) || line).focus(); }

  // What the button says, and what need not be paid: of one billable all its lines are used, or none.
  function count() {
    var uses = 0, repeats = 0, bills = {};
    lines.forEach(function (line) {
      var tick = tickOf(line), used = Boolean(tick && tick.checked);
      uses += used ? 1 : 0;
      repeats += reasonOf(line) ? 1 : 0;
      if ("saves" in line.dataset) {
        var bill = bills[line.dataset.bill] || { cents: 0, whole: true };
        bill.cents += Math.round(Number(line.dataset.saves) * 100);
        bill.whole = bill.whole && used;
        bills[line.dataset.bill] = bill;
      }
    });
    primary.querySelector("span").textContent = texts.use[uses];
    status.textContent = texts.repeat[repeats];
    explained.hidden = repeats === 0;
    if (lead) {
      var cents = Object.keys(bills).reduce(function (sum, key) {
        return sum + (bills[key].whole ? bills[key].cents : 0);
      }, 0);
      lead.textContent = cents ? lead.dataset.amount.replace("#", (cents / 100).toFixed(2)) : lead.dataset.plain;
    }
  }
  function dropReason(line) {
    var chosen = reasonOf(line);
    if (chosen) { chosen.checked = false; }
  }
  function close(line) {
    dropReason(line);
    boxOf(line).open = false;
    focusOn(line);
    count();
  }
  function open(line) {
    var box = boxOf(line), tick = tickOf(line);
    if (!box) { return; }
    box.open = true;
    if (tick) { tick.checked = false; }
    (reasonOf(line) || box.querySelector("input[type=radio]")).focus();
    count();
  }
  function choose(line, number) {
    var box = boxOf(line), radio = box && box.open && box.querySelector("[data-number='" + number + "']");
    if (!radio) { return; }
    radio.checked = true;
    chosen(line, radio);
    ("words" in radio.dataset ? box.querySelector("textarea") : radio).focus();
  }
  // A reason is no use, and a use has no reason: the later of the two counts.
  function chosen(line, input) {
    var tick = tickOf(line), box = boxOf(line);
    if (input === tick && box) {
      if (tick.checked) { dropReason(line); }
      box.open = !tick.checked;
    } else if (input.type === "radio" && tick) {
      tick.checked = false;
    }
    count();
  }
  function move(from, step) {
    var at = lines.indexOf(from), to = lines[Math.min(Math.max(at + step, 0), lines.length - 1)];
    focusOn(to);
  }

  form.addEventListener("change", function (event) {
    var line = lineOf(event.target);
    if (line && event.target.type !== "textarea") { chosen(line, event.target); }
  });
  form.addEventListener("keydown", function (event) {
    var target = event.target, line = lineOf(target), typing = target.tagName === "TEXTAREA";
    if (event.key === "Escape") {
      event.preventDefault();
      if (line && boxOf(line) && boxOf(line).open) { close(line); } else if (later) { later.click(); }
      return;
    }
    if (event.key === "Enter" && (target === line || (typing && (event.ctrlKey || event.metaKey)))) {
      event.preventDefault();
      if (!event.repeat) { primary.click(); }
      return;
    }
    // A key that is still held from the page before decides nothing here.
    if (event.key === "Enter" && event.repeat && target.tagName === "INPUT") { event.preventDefault(); return; }
    if (!line || typing || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (document.documentElement.dataset.keys === "off") { return; }
    var key = event.key.toLowerCase();
    if (key === "j") { move(line, 1); }
    else if (key === "k") { move(line, -1); }
    else if (key === "r") { open(line); }
    else if (key === "e" && !explained.hidden) { explained.querySelector("input").click(); }
    else if (/^[1-9]$/.test(key)) { choose(line, key); }
    else { return; }
    event.preventDefault();
  });
  form.addEventListener("submit", function (event) {
    if (form.dataset.sent) { event.preventDefault(); }
    form.dataset.sent = "yes";
    setTimeout(function () { delete form.dataset.sent; }, 5000);  // no answer came: it may be sent again
  });

  form.querySelector("[data-keys-help]").hidden = false;
  count();
  // Where a choice is needed, there focus begins; a frame that is not in use takes none.
  var wrong = form.querySelector("[aria-invalid=true], [aria-describedby^=reason-wrong] input");
  var first = lines.filter(function (line) { return "needs" in line.dataset; })[0] ||
    lines.filter(function (line) { return "open" in line.dataset; })[0];
  if (document.hasFocus() && !location.hash && document.activeElement === document.body) {
    if (wrong && visible(wrong)) { wrong.focus(); }
    else if (first && visible(first)) { focusOn(first); }
  }
})();
