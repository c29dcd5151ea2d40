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
      // Rows and columns apart, in mm: as stated, and at the detector (PS3.3 10.7.1, C.8.7.1).
      spacing: pair(values(measure, "00280030")),
      detector: pair(values(data, "00181164")),
      calibrated: String(first(data, "00280A02") || ""),
      projected: PROJECTED.indexOf(String(first(data, "00080060") || "")) >= 0,
      regions: values(data, "00186011").map(regionOf).filter(Boolean),
      // Which way columns and rows run, where no plane says it.
      towards: values(data, "00200020").map(String),
      dose: number(data, "00189345", null),
      // Height of a pixel over its width: spacing (row, column), else the ratio an ultrasound states.
      tall: ratio(values(measure, "00280030")) || ratio(values(data, "00181164")) ||
        ratio(values(data, "00280034")) || 1,
      // Numbers whose meaning is a table of the file's (C.11.1): the hub draws those.
      tabled: values(data, "00283000").length > 0,
      // The table that stands where a window could (C.11.2), of a file that states no window.
      lut: number(grey, "00281051", null) === null ? lutOf(first(data, "00283010"), number(data, "00280103", 0) === 1) : null
    };
  }
  // Its first number, its deepest grey in bits, and where its greys are: a DICOM JSON element.
  function lutOf(one, isSigned) {
    const said = values(one, "00283002").map(Number);
    if (said.length !== 3 || !said.every(Number.isFinite) || !one["00283006"]) { return null; }
    const begins = isSigned && said[1] > 32767 ? said[1] - 65536 : said[1];
    return { entries: said[0] || 65536, first: begins, bits: said[2], data: one["00283006"] };
  }
  // Films: what they show is larger than it is, by as much as it stood before the detector.
  const PROJECTED = ["CR", "DR", "DX", "IO", "MG", "PX", "RF", "RG", "XA"];
  function pair(found) {
    const two = found.slice(0, 2).map(Number);
    return two.length === 2 && two.every(function (n) { return Number.isFinite(n) && n > 0; }) ? two : null;
  }
  // An area of an ultrasound picture that is tissue, two-dimensional and measured in cm (C.8.5.5).
  function regionOf(one) {
    const edges = ["00186018", "0018601A", "0018601C", "0018601E"].map(function (tag) { return number(one, tag, NaN); });
    const wide = Math.abs(number(one, "0018602C", 0)) * 10, tall = Math.abs(number(one, "0018602E", 0)) * 10;
    const isTissue = number(one, "00186012", 0) === 1 && number(one, "00186024", 0) === 3 && number(one, "00186026", 0) === 3;
    return isTissue && wide > 0 && tall > 0 && edges.every(Number.isFinite)
      ? { left: edges[0], top: edges[1], right: edges[2] + 1, bottom: edges[3] + 1, spacing: [tall, wide] } : null;
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

  // The side of the patient at the right and at the bottom of a slice, and opposite: "L", "AH" …
  function sides(slice) {
    const o = slice.orientation, isPlane = o.length === 6 && o.every(Number.isFinite);
    const right = isPlane ? letters(o.slice(0, 3)) : slice.towards[0] || "";
    const bottom = isPlane ? letters(o.slice(3)) : slice.towards[1] || "";
    return { right: right, left: opposite(right), bottom: bottom, top: opposite(bottom) };
  }
  const ENDS = ["LR", "PA", "HF"]; // PS3.3 C.7.6.1.1.1: + and - of x, y, z
  function letters(direction) {
    return direction.map(function (n, i) { return [Math.abs(n), ENDS[i][n > 0 ? 0 : 1]]; })
      .filter(function (one) { return one[0] > 0.3; })
      .sort(function (a, b) { return b[0] - a[0]; })
      .map(function (one) { return one[1]; }).join("");
  }
  function opposite(side) {
    return Array.from(side).map(function (letter) {
      const end = ENDS.find(function (two) { return two.indexOf(letter) >= 0; });
      return end ? end.replace(letter, "") : "";
    }).join("");
  }
  // How far along its stack a slice lies, in mm; null where there is no plane in space.
  function depth(slice) {
    const normal = normalOf(slice.orientation);
    return normal && slice.position.length === 3 ? dot(slice.position, normal) : null;
  }
  // Where another stack goes when one went from a slice to a slice: as far in space where both lie
  // in parallel planes, else by as many slices. `wanted` is where the other stands: {at, depth}.
  function follow(from, to, steps, others, wanted) {
    const normals = [from, others[0]].map(function (one) { return one && normalOf(one.orientation); });
    const here = [depth(from), depth(to), wanted.depth];
    const isParallel = normals.every(Boolean) && Math.abs(dot(normals[0], normals[1])) > 0.95 &&
      here.every(function (n) { return n !== null; }) && others.every(function (one) { return depth(one) !== null; });
    if (!isParallel) {
      return { at: Math.min(Math.max(wanted.at + steps, 0), others.length - 1), depth: null };
    }
    const way = Math.sign(dot(normals[0], normals[1])) * (here[1] - here[0]), goal = here[2] + way;
    let best = 0;
    others.forEach(function (one, i) {
      if (Math.abs(depth(one) - goal) < Math.abs(depth(others[best]) - goal)) { best = i; }
    });
    return { at: best, depth: goal };
  }

  return { ordered: ordered, sides: sides, depth: depth, follow: follow };
})();
