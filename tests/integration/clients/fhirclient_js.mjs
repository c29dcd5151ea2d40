// fhirclient.js on Node, with a token it did not fetch itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import smart from "fhirclient";

const { HUB, TOKEN, PATIENT } = process.env;
const NUMBERS = "urn:oid:2.16.156.1.9.1";
// What an express handler has: the client never looks at more of it here.
const request = { headers: { host: "localhost" }, url: "/", socket: {} };
const client = smart(request, {}, { get() {}, set() {}, unset() {} }).client({
  serverUrl: HUB, tokenResponse: { access_token: TOKEN, token_type: "bearer", patient: PATIENT },
});
const patient = (value, more) => ({
  resourceType: "Patient", identifier: [{ system: NUMBERS, value }], name: [{ text: "夏侯示例" }], ...more,
});
const refused = (status, words) => (error) => {
  assert.equal(error.status, status);
  assert.match(error.message, words ?? /OperationOutcome/);
  return true;
};

test("it knows the release, and the patient of its launch", async () => {
  assert.equal(await client.getFhirVersion(), "4.0.1");
  assert.equal(await client.getFhirRelease(), 4);
  assert.equal((await client.patient.read()).name[0].text, "欧阳示例");
  const results = await client.patient.request("Observation", { pageLimit: 0, flat: true });
  assert.equal(results.length, 25);
});

test("a resource lives from create to delete", async () => {
  const made = await client.create(patient("J-1"));
  assert.equal(made.meta.versionId, "1");
  const updated = await client.update({ ...made, gender: "female" });
  assert.equal(updated.meta.versionId, "2");
  const headers = { "If-Match": 'W/"1"' };
  await assert.rejects(client.update({ ...made, gender: "male" }, { headers }), refused(412));
  const patched = await client.patch(`Patient/${made.id}`, [{ op: "add", path: "/active", value: true }]);
  assert.equal(patched.active, true);
  const { body, response } = await client.request({ url: `Patient/${made.id}`, includeResponse: true });
  assert.deepEqual(body, patched);
  assert.equal(response.headers.get("etag"), 'W/"3"');
  assert.equal((await client.request(`Patient/${made.id}/_history/1`)).gender, undefined);
  await client.delete(`Patient/${made.id}`);
  await assert.rejects(client.request(`Patient/${made.id}`), refused(410));
});

test("pages are followed, flattened and walked", async () => {
  const url = `Observation?patient=${PATIENT}&_count=10&_sort=date`;
  const pages = await client.request(url, { pageLimit: 2 });
  assert.deepEqual(pages.map((one) => one.entry.length), [10, 10]);
  const flat = await client.request(url, { pageLimit: 0, flat: true });
  assert.equal(new Set(flat.map((one) => one.id)).size, 25);
  const sizes = [];
  await client.request(url, { pageLimit: 0, onPage: (page) => { sizes.push(page.entry.length); } });
  assert.deepEqual(sizes, [10, 10, 5]);
  const walked = [];
  for await (const one of client.resources(url, { limit: 15 })) walked.push(one.id);
  assert.equal(walked.length, 15);
  const values = client.byCodes(flat, "code")("2823-3").map((one) => client.getPath(one, "valueQuantity.value"));
  assert.deepEqual(values.slice(0, 2), [1.1, 3.1]);
});

test("references are resolved into the resource, or beside it", async () => {
  const url = `DiagnosticReport?patient=${PATIENT}`;
  const options = { flat: true, resolveReferences: ["subject", "result.0"] };
  const [report] = await client.request(url, options);
  assert.equal(report.subject.name[0].text, "欧阳示例");
  assert.equal(report.result[0].code.text, "钠");
  const { references } = await client.request(url, { graph: false, resolveReferences: "subject" });
  assert.deepEqual(Object.keys(references), [`Patient/${PATIENT}`]);
});

test("bundles and operations are requests", async () => {
  const entry = [{ resource: patient("J-2"), request: { method: "POST", url: "Patient" } }];
  const body = JSON.stringify({ resourceType: "Bundle", type: "transaction", entry });
  const headers = { "content-type": "application/fhir+json" };
  const done = await client.request({ url: "/", method: "POST", headers, body });
  assert.match(done.entry[0].response.status, /^201/);
  const everything = await client.request(`Patient/${PATIENT}/$everything`, { pageLimit: 0, flat: true });
  assert.ok(everything.length > 25);
  assert.equal((await client.request(`Observation/$lastn?patient=${PATIENT}`)).entry.length, 2);
});

test("refusals are errors that carry our words", async () => {
  await assert.rejects(client.request("Patient/nobody"), refused(404));
  await assert.rejects(client.request("Patient?nonsense=1"), refused(400, /nonsense/));
  await assert.rejects(client.create(patient("C-1")), refused(409));
  const wrong = { resourceType: "Observation", status: "nonsense", code: { text: "x" } };
  await assert.rejects(client.create(wrong), refused(422, /Observation.status/));
});
