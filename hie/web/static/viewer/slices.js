// What the metadata of a series (DICOM JSON, PS3.18 F) says of its slices: order, numbers, windows.
// Pure: no request, no page. A slice is one frame of one instance.
"use strict";
window.hieSlices = (function () {
  function values(data, tag) {
    const element = data && data[tag];
    return element && Array.isArray(element.Value) ? element.Value : [];
  }
  function first(data, tag) {
    return values(data, tag)[0];
  }
  function number(data, tag, otherwise) {
    const found = Number(first(data, tag));
    return first(data, tag) === undefined || !Number.isFinite(found) ? otherwise : found;
  }
  // An enhanced object keeps these facts for each frame, or for all, in functional groups (C.7.6.16).
  function grouped(data, frame, sequence) {
    const each = values(data, "52009230")[frame - 1], shared = first(data, "52009229");
    return first(each, sequence) || first(shared, sequence) || data;
  }

  function sliceOf(data, frame) {
    const scale = grouped(data, frame, "00289145"), grey = grouped(data, frame, "00289132");
    const place = grouped(data, frame, "00209113"), turn = grouped(data, frame, "00209116");
    const measure = grouped(data, frame, "00289110");
    const allocated = number(data, "00280100", 16), stored = number(data, "00280101", allocated);
    return {
      uid: first(data, "00080018"),
      frame: frame,
      key: first(data, "00080018") + "/" + frame,
      number: number(data, "00200013", 0),
      rows: number(data, "00280010", 0),
      columns: number(data, "00280011", 0),
      samples: number(data, "00280002", 1),
      allocated: allocated,
      stored: stored,
      high: number(data, "00280102", stored - 1),
      signed: number(data, "00280103", 0) === 1,
      photometric: String(first(data, "00280004") || ""),
      // Which side and which view a film shows: a mammogram is read by them.
      side: [first(data, "00200062") || first(data, "00200060"), first(data, "00185101")].filter(Boolean).join(" "),
      padding: number(data, "00280120", null),
      slope: number(scale, "00281053", 1),
      intercept: number(scale, "00281052", 0),
      // The file's first window; an explanation is not a number and is left out.
      center: number(grey, "00281050", null),
      width: number(grey, "00281051", null),
      shape: String(first(grey, "00281056") || "LINEAR"),
      position: values(place, "00200032").map(Number),
      orientation: values(turn, "00200037").map(Number),
      thickness: number(measure, "00180050", null),
      // Height of a pixel over its width: spacing (row, column), else the ratio an ultrasound states.
      tall: ratio(values(measure, "00280030")) || ratio(values(data, "00280034")) || 1
    };
  }
  function ratio(pair) {
    const found = Number(pair[0]) / Number(pair[1]);
    return Number.isFinite(found) && found > 0 ? found : 0;
  }

  // Along the normal of the planes where all slices share one; else by instance number.
  function ordered(instances) {
    const all = [];
    instances.forEach(function (data) {
      const frames = number(data, "00280008", 1);
      if (number(data, "00280010", 0) === 0) { return; }
      for (let frame = 1; frame <= frames; frame += 1) { all.push(sliceOf(data, frame)); }
    });
    const normal = all.length ? normalOf(all[0].orientation) : null;
    const parallel = normal !== null && all.every(function (one) {
      return one.position.length === 3 && one.orientation.length === 6 &&
        one.orientation.every(function (n, i) { return Math.abs(n - all[0].orientation[i]) < 1e-3; });
    });
    const along = new Map(all.map(function (one) {
      return [one, parallel ? dot(one.position, normal) : 0];
    }));
    // A body is read from the head down: axial slices by falling height.
    const down = parallel && Math.abs(normal[2]) > 0.7 ? -1 : 1;
    return all.sort(function (a, b) {
      return down * (along.get(a) - along.get(b)) || a.number - b.number || a.frame - b.frame;
    });
  }
  function normalOf(o) {
    if (o.length !== 6 || !o.every(Number.isFinite)) { return null; }
    return [o[1] * o[5] - o[2] * o[4], o[2] * o[3] - o[0] * o[5], o[0] * o[4] - o[1] * o[3]];
  }
  function dot(a, b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  }

  return { ordered: ordered };
})();
