// A provider of sign-ins for tests (npm: oidc-provider). Its arguments: the file of accounts (read anew at each sign-in,
// by name the claims), and where it sends people back to. It prints its port.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const [accounts, ...backs] = process.argv.slice(-Number(process.env.ARGUMENTS));
const claimsOf = (name) => JSON.parse(readFileSync(accounts, 'utf8'))[name];
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const issuer = `http://127.0.0.1:${port}`;
  const places = JSON.parse(backs[0]);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'casewright',
        client_secret: 'a secret of the provider and ours',
        redirect_uris: places.map((place) => `${place}/sign-in/provider/back`),
        post_logout_redirect_uris: places.map((place) => `${place}/sign-in`),
      },
    ],
    claims: { openid: ['sub', 'acr', 'amr'], profile: ['name', 'preferred_username', 'groups'], email: ['email', 'email_verified'] },
    cookies: { keys: ['only for tests'] },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    pkce: { required: () => true },
    ttl: { IdToken: 60, AccessToken: 600, AuthorizationCode: 60, Interaction: 600, Session: 600, Grant: 600 },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ ...claimsOf(id), sub: id }) }),
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    if (ctx.method === 'GET') {
      ctx.type = 'html';
      ctx.body = `<!doctype html><html lang="en"><title>Provider</title><form method="post">
        <label>Who are you? <input name="name"></label> <button>Go on</button></form></html>`;
      return undefined;
    }
    const parts = [];
    for await (const part of ctx.req) parts.push(part);
    const name = new URLSearchParams(Buffer.concat(parts).toString()).get('name');
    const { amr, acr } = claimsOf(name);
    const result = { login: { accountId: name, amr, acr } };
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
    return undefined;
  });
  server.on('request', provider.callback());
  console.log(port);
});
