// fhir-kit-client as its users write it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "fhir-kit-client";

const { HUB, TOKEN, PATIENT } = process.env;
const NUMBERS = "urn:oid:2.16.156.1.9.1";
const client = new Client({ baseUrl: HUB, bearerToken: TOKEN });
const patient = (value, more) => ({
  resourceType: "Patient", identifier: [{ system: NUMBERS, value }], name: [{ text: "上官示例" }], ...more,
});
const refused = (status, words) => (error) => {
  assert.equal(error.response.status, status);
  assert.equal(error.response.data.resourceType, "OperationOutcome");
  assert.match(JSON.stringify(error.response.data.issue), words ?? /./);
  return true;
};

test("it learns where tokens are asked for and what the hub can do", async () => {
  const { tokenUrl } = await client.smartAuthMetadata();
  assert.equal(tokenUrl.href, HUB.replace(/fhir$/, "oauth/token"));
  const statement = await client.capabilityStatement();
  assert.equal(statement.fhirVersion, "4.0.1");
});

test("a resource lives from create to delete", async () => {
  const resourceType = "Patient";
  const made = await client.create({ resourceType, body: patient("K-1") });
  const { response } = Client.httpFor(made);
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("location"), `${HUB}/Patient/${made.id}/_history/1`);
  const { id } = made;
  const read = await client.read({ resourceType, id });
  assert.deepEqual(read, made);
  const options = { headers: { "If-Match": Client.httpFor(read).response.headers.get("etag") } };
  const body = { ...read, gender: "female" };
  const updated = await client.update({ resourceType, id, body, options });
  assert.equal(updated.meta.versionId, "2");
  await assert.rejects(client.update({ resourceType, id, body: { ...body, gender: "male" }, options }), refused(412));
  const jsonPatch = [{ op: "replace", path: "/gender", value: "other" }];
  assert.equal((await client.patch({ resourceType, id, jsonPatch })).gender, "other");
  const first = await client.vread({ resourceType, id, version: "1" });
  assert.equal(first.gender, undefined);
  const versions = await client.resourceHistory({ resourceType, id });
  assert.deepEqual(versions.entry.map((one) => one.resource.meta.versionId), ["3", "2", "1"]);
  const all = await client.typeHistory({ resourceType });
  assert.ok(all.entry.some((one) => one.resource?.id === id));
  const { response: gone } = Client.httpFor(await client.delete({ resourceType, id }));
  assert.equal(gone.status, 204);
  await assert.rejects(client.read({ resourceType, id }), refused(410));
});

test("conditions make one resource", async () => {
  const resourceType = "Patient";
  const options = { headers: { "If-None-Exist": `identifier=${NUMBERS}|K-2` } };
  const first = await client.create({ resourceType, body: patient("K-2"), options });
  const again = await client.create({ resourceType, body: patient("K-2"), options });
  assert.equal(again.id, first.id);
  const searchParams = { identifier: `${NUMBERS}|K-2` };
  const updated = await client.update({ resourceType, searchParams, body: patient("K-2", { gender: "male" }) });
  assert.deepEqual([updated.id, updated.gender], [first.id, "male"]);
});

test("searches are followed over pages, by GET and by POST", async () => {
  for (const options of [{}, { postSearch: true }]) {
    const searchParams = { patient: PATIENT, _count: 10, _sort: "-date" };
    let bundle = await client.search({ resourceType: "Observation", searchParams, options });
    const dates = [];
    while (bundle) {
      dates.push(...bundle.entry.map((one) => one.resource.effectiveDateTime));
      bundle = await client.nextPage({ bundle });
    }
    assert.equal(new Set(dates).size, 25);
    assert.deepEqual(dates, [...dates].sort().reverse());
  }
  const both = { patient: PATIENT, date: ["ge2026-05-10", "lt2026-05-12"], _include: "Observation:subject" };
  const some = await client.search({ resourceType: "Observation", searchParams: both });
  assert.deepEqual(some.entry.map((one) => one.search.mode), ["match", "match", "include"]);
  assert.equal(client.prevPage({ bundle: some }), undefined);
});

test("a patient's compartment is searched", async () => {
  const compartment = { resourceType: "Patient", id: PATIENT };
  for (const options of [{}, { postSearch: true }]) {
    const found = await client.search({
      resourceType: "Observation", compartment, searchParams: { code: "http://loinc.org|2823-3" }, options,
    });
    assert.equal(found.entry.length, 12);
  }
  const reports = await client.compartmentSearch({ resourceType: "DiagnosticReport", compartment });
  assert.equal(reports.entry.length, 1);
  await assert.rejects(client.compartmentSearch({ resourceType: "Practitioner", compartment }), refused(400));
  await assert.rejects(
    client.compartmentSearch({ resourceType: "Observation", compartment, searchParams: { patient: "other" } }), refused(400, /repeated/));
});

test("references are resolved, in a bundle and at the hub", async () => {
  const searchParams = { patient: PATIENT, _count: 1, _include: "Observation:subject" };
  const bundle = await client.search({ resourceType: "Observation", searchParams });
  const { reference } = bundle.entry[0].resource.subject;
  assert.deepEqual(await client.resolve({ reference, context: bundle }), bundle.entry[1].resource);
  assert.equal((await client.resolve({ reference })).name[0].text, "欧阳示例");
  assert.equal((await client.resolve({ reference: `${HUB}/${reference}` })).id, PATIENT);
});

test("batch, transaction and operations", async () => {
  const get = { request: { method: "GET", url: `Patient/${PATIENT}` } };
  const batch = await client.batch({ body: { resourceType: "Bundle", type: "batch", entry: [get] } });
  assert.equal(batch.entry[0].resource.id, PATIENT);
  const entry = [{ resource: patient("K-3"), request: { method: "POST", url: "Patient" } }];
  const done = await client.transaction({ body: { resourceType: "Bundle", type: "transaction", entry } });
  assert.match(done.entry[0].response.status, /^201/);
  const newest = await client.operation({
    name: "lastn", resourceType: "Observation", method: "GET", input: { patient: PATIENT },
  });
  assert.equal(newest.entry.length, 2);
  const everything = await client.operation({ name: "$everything", resourceType: "Patient", id: PATIENT, method: "GET" });
  assert.ok(everything.entry.length > 25);
  const checked = await client.operation({ name: "validate", resourceType: "Patient", input: patient("K-4") });
  assert.equal(checked.resourceType, "OperationOutcome");
});

test("refusals are errors that carry our words", async () => {
  await assert.rejects(client.read({ resourceType: "Patient", id: "nobody" }), refused(404));
  await assert.rejects(client.search({ resourceType: "Patient", searchParams: { nonsense: "1" } }), refused(400, /nonsense/));
  await assert.rejects(client.create({ resourceType: "Patient", body: patient("C-1") }), refused(409));
  const body = { resourceType: "Observation", status: "nonsense", code: { text: "x" } };
  await assert.rejects(client.create({ resourceType: "Observation", body }), refused(422, /Observation.status/));
  const stranger = new Client({ baseUrl: HUB });
  await assert.rejects(stranger.read({ resourceType: "Patient", id: PATIENT }), refused(401));
  await assert.rejects(client.systemSearch({ searchParams: { _id: PATIENT } }), (error) => error.response.status >= 400);
});
