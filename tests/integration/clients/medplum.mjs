// @medplum/core as its users write it, with a token it did not fetch itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MedplumClient, MemoryStorage, OperationOutcomeError } from "@medplum/core";

const { HUB, TOKEN, PATIENT } = process.env;
const NUMBERS = "urn:oid:2.16.156.1.9.1";
const medplum = new MedplumClient({
  baseUrl: HUB.replace(/fhir$/, ""), fhirUrlPath: "fhir", accessToken: TOKEN,
  storage: new MemoryStorage(), cacheTime: 0,
});
const patient = (value, more) => ({
  resourceType: "Patient", identifier: [{ system: NUMBERS, value }], name: [{ text: "尉迟示例" }], ...more,
});
const refused = (code, words) => (error) => {
  assert.ok(error instanceof OperationOutcomeError, error);
  assert.match(error.outcome.issue[0].code, code);
  assert.match(JSON.stringify(error.outcome.issue), words ?? /./);
  return true;
};

test("a resource lives from create to delete", async () => {
  const made = await medplum.createResource(patient("M-1"));
  assert.equal(made.meta.versionId, "1");
  const updated = await medplum.updateResource({ ...made, gender: "female" });
  assert.equal(updated.meta.versionId, "2");
  assert.equal((await medplum.updateResource(updated)).meta.versionId, "2");
  const headers = { "If-Match": 'W/"1"' };
  await assert.rejects(medplum.updateResource({ ...made, gender: "male" }, { headers }), refused(/^conflict$/));
  const patched = await medplum.patchResource("Patient", made.id, [{ op: "add", path: "/active", value: true }]);
  assert.equal(patched.active, true);
  assert.deepEqual(await medplum.readResource("Patient", made.id), patched);
  assert.equal((await medplum.readVersion("Patient", made.id, "1")).gender, undefined);
  const versions = await medplum.readHistory("Patient", made.id);
  assert.equal(versions.entry.length, 3);
  await medplum.deleteResource("Patient", made.id);
  await assert.rejects(medplum.readResource("Patient", made.id), refused(/^deleted$/));
});

test("conditions make one resource", async () => {
  const query = `identifier=${NUMBERS}|M-2`;
  const first = await medplum.createResourceIfNoneExist(patient("M-2"), query);
  assert.equal((await medplum.createResourceIfNoneExist(patient("M-2"), query)).id, first.id);
  const upserted = await medplum.upsertResource(patient("M-2", { gender: "other" }), query);
  assert.deepEqual([upserted.id, upserted.gender], [first.id, "other"]);
  const another = await medplum.upsertResource(patient("M-3"), `identifier=${NUMBERS}|M-3`);
  assert.notEqual(another.id, first.id);
});

test("searches give bundles, lists, pages and one", async () => {
  const query = { patient: PATIENT, _count: 10, _sort: "-date" };
  const bundle = await medplum.search("Observation", query);
  assert.equal(bundle.entry.length, 10);
  const found = await medplum.searchResources("Observation", `patient=${PATIENT}&code=2823-3&date=ge2026-05-20`);
  assert.deepEqual(found.map((one) => one.valueQuantity.value), [23.1, 21.1, 19.1]);
  const sizes = [];
  for await (const page of medplum.searchResourcePages("Observation", query)) sizes.push(page.length);
  assert.deepEqual(sizes, [10, 10, 5]);
  assert.equal((await medplum.searchOne("Patient", { identifier: `${NUMBERS}|C-1` })).id, PATIENT);
  assert.equal(await medplum.searchOne("Patient", { identifier: `${NUMBERS}|no` }), undefined);
  const included = await medplum.search("Observation", { patient: PATIENT, _count: 1, _include: "Observation:subject" });
  assert.deepEqual(included.entry.map((one) => one.search.mode), ["match", "include"]);
  const subject = await medplum.readReference(included.entry[0].resource.subject);
  assert.equal(subject.name[0].text, "欧阳示例");
});

test("batch, transaction and operations", async () => {
  const get = { request: { method: "GET", url: `Patient/${PATIENT}` } };
  const batch = await medplum.executeBatch({ resourceType: "Bundle", type: "batch", entry: [get, get] });
  assert.deepEqual(batch.entry.map((one) => one.resource.id), [PATIENT, PATIENT]);
  const entry = [{ resource: patient("M-4"), request: { method: "POST", url: "Patient" } }];
  const done = await medplum.executeBatch({ resourceType: "Bundle", type: "transaction", entry });
  assert.match(done.entry[0].response.status, /^201/);
  const everything = await medplum.readPatientEverything(PATIENT);
  assert.ok(everything.entry.length > 25);
  const outcome = await medplum.validateResource(patient("M-5"));
  assert.equal(outcome.resourceType, "OperationOutcome");
  const url = "https://hie.example/fhir/ValueSet/item";
  const expanded = await medplum.valueSetExpand({ url, filter: "钾", count: 10 });
  assert.deepEqual(expanded.expansion.contains.map((one) => one.code), ["K"]);
});

test("a file goes in and comes out", async () => {
  const binary = await medplum.createBinary({ data: "示例报告", contentType: "text/plain", securityContext: { reference: `Patient/${PATIENT}` } });
  assert.equal(binary.contentType, "text/plain");
  const blob = await medplum.download(medplum.fhirUrl("Binary", binary.id));
  assert.equal(await blob.text(), "示例报告");
  const attachment = { url: `Binary/${binary.id}`, contentType: "text/plain" };
  const document = await medplum.createResource({
    resourceType: "DocumentReference", status: "current", subject: { reference: `Patient/${PATIENT}` }, content: [{ attachment }],
  });
  assert.equal(document.content[0].attachment.url, attachment.url);
});

test("what comes in one moment is sent as one batch", async () => {
  const together = new MedplumClient({
    baseUrl: HUB.replace(/fhir$/, ""), fhirUrlPath: "fhir", accessToken: TOKEN,
    storage: new MemoryStorage(), autoBatchTime: 20,
  });
  const [one, two] = await Promise.all([
    together.readResource("Patient", PATIENT), together.searchResources("DiagnosticReport", { patient: PATIENT }),
  ]);
  assert.deepEqual([one.id, two.length], [PATIENT, 1]);
});

test("refusals are its own errors with our outcome", async () => {
  await assert.rejects(medplum.readResource("Patient", "nobody"), refused(/^not-found$/));
  await assert.rejects(medplum.search("Patient", "nonsense=1"), refused(/^invalid$/, /nonsense/));
  await assert.rejects(medplum.createResource(patient("C-1")), refused(/^conflict$/));
  const wrong = { resourceType: "Observation", status: "nonsense", code: { text: "x" } };
  await assert.rejects(medplum.createResource(wrong), refused(/^(value|code-invalid)$/, /Observation.status/));
});
