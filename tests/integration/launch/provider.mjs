// An identity provider other people wrote (npm oidc-provider), on TLS, that signs everybody in at
// once as whoever stands in ACCOUNT. What it is given comes as JSON on the command line.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider from 'oidc-provider';

const given = JSON.parse(process.argv[2]);
const server = createServer({ key: readFileSync(given.key), cert: readFileSync(given.cert) });
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const issuer = `https://${given.name}:${port}`;
  const clients = given.clients.map((client) => ({
    grant_types: ['authorization_code'],
    response_types: ['code'],
    id_token_signed_response_alg: given.algorithm,
    ...client,
  }));
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: given.keys },
    clientAuthMethods: ['private_key_jwt', 'client_secret_basic', 'none'],
    enabledJWA: { clientAuthSigningAlgValues: ['ES256'], idTokenSigningAlgValues: [given.algorithm] },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    pkce: { required: () => true, methods: ['S256'] },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
    ttl: { AccessToken: 60, AuthorizationCode: 60, IdToken: 3600, Session: 600, Interaction: 600, Grant: 600 },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    if (given.refuses) {
      const refused = { error: 'access_denied', error_description: 'not this person' };
      return provider.interactionFinished(request, response, refused);
    }
    return provider.interactionFinished(request, response, { login: { accountId: given.account } });
  });
  process.stdout.write(`${port}\n`);
});
