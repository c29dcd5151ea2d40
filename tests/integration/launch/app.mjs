// An app other people's library makes (fhirclient.js on Node): /launch starts it, /back is its page.
import { createServer } from 'node:http';
import smart from 'fhirclient';

const [port, clientId, iss] = process.argv.slice(2);
const kept = new Map();
const storage = {
  get: async (key) => kept.get(key),
  set: async (key, value) => { kept.set(key, value); return value; },
  unset: async (key) => kept.delete(key),
};
const server = createServer(async (request, response) => {
  const address = new URL(request.url, `http://localhost:${port}`);
  try {
    if (address.pathname === '/launch') {
      const scope = address.searchParams.has('launch') ? 'launch openid fhirUser patient/*.rs user/Practitioner.r' : 'launch/patient patient/*.rs';
      const asked = { clientId, scope, redirectUri: `http://localhost:${port}/back`, pkceMode: 'required' };
      if (!address.searchParams.has('iss')) asked.iss = iss;
      await smart(request, response, storage).authorize(asked);
      return;
    }
    const client = await smart(request, response, storage).ready();
    const patient = await client.patient.read();
    const results = await client.patient.request('Observation', { flat: true, pageLimit: 0 });
    const user = client.user.id ? (await client.user.read()).name[0].text : null;
    const told = {
      user,
      patient: patient.id, token: client.state.tokenResponse,
      results: results.filter((one) => one.resourceType === 'Observation').map((one) => one.id),
    };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(told));
  } catch (error) {
    response.writeHead(500, { 'content-type': 'text/plain' });
    response.end(`${error.stack}`);
  }
});
server.listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
