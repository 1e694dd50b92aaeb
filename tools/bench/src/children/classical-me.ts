// What is commonly written: Express, passport-jwt, and the user looked up in MongoDB on every request. Made as fast as
// that can be: the key is parsed once (a KeyObject), documents come plain (`lean`), no ETag is computed.
import { createPublicKey } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import mongoose from 'mongoose';
import passport from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

const { MONGODB_URL = '', DATABASE = '', SUBJECT = '', ISSUER = '', PUBLIC_JWK = '{}' } = process.env;
const publicKey = createPublicKey({ key: JSON.parse(PUBLIC_JWK) as Record<string, string>, format: 'jwk' });

await mongoose.connect(MONGODB_URL, { dbName: DATABASE });
const User = mongoose.model(
  'User',
  new mongoose.Schema({ email: String, role: String, scopes: [String], disabled: Boolean }),
);
await User.create({
  ...{ _id: SUBJECT, email: 'ada@example.com', role: 'member', disabled: false },
  scopes: ['imports:create:bench-*', 'records:read:bench-*'],
});

type Claims = Readonly<Record<'sub' | 'iss' | 'jti', string> & { exp: number }>;

passport.use(
  new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      // Its types know keys as text only; `jsonwebtoken` takes a KeyObject.
      secretOrKey: publicKey as unknown as string,
      ...{ algorithms: ['ES256'], issuer: ISSUER, audience: ISSUER },
    },
    (claims: Claims, done) => {
      User.findById(claims.sub)
        .lean()
        .then(
          (user) => done(null, user && !user.disabled ? { ...user, claims } : false),
          (error: unknown) => done(error),
        );
    },
  ),
);

interface Me {
  readonly email: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly claims: Claims;
}

const app = express();
app.disable('x-powered-by').disable('etag');
const authenticate = passport.authenticate('jwt', { session: false }) as RequestHandler;
app.get('/v1/auth/me', authenticate, (request, response) => {
  const { email, role, scopes, claims } = request.user as Me;
  const { sub: subject, iss: issuer, jti: tokenId, exp } = claims;
  response.json({ subject, issuer, email, role, scopes, expiresAt: new Date(exp * 1000).toISOString(), tokenId });
});
process.once('disconnect', () => process.exit());
const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
