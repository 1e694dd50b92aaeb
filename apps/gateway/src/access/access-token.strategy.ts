import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-jwt';
import { bearerTokenOf, type CarriesHeaders } from './bearer-token.ts';
import type { Principal } from './principal.ts';
import { TokenVerifier } from './token-verifier.ts';

type Done = (error: null, principal: Promise<Principal>) => void;
type Verify = (token: string) => Promise<Principal>;

/** passport-jwt names this hook but its types do not. */
const strategyWithHook = Strategy as unknown as {
  JwtVerifier: (token: string, verify: Verify, options: unknown, done: Done) => void;
};

/**
 * passport-jwt's strategy with its verifier replaced by ours: its own parses the key on each call, knows no EdDSA and is
 * lenient where RFC 8725 asks for strictness. The "secret" that it hands through is how to verify.
 */
strategyWithHook.JwtVerifier = (token, verify, _options, done) => done(null, verify(token));

@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  constructor(verifier: TokenVerifier) {
    super({
      jwtFromRequest: (request: unknown) => bearerTokenOf(request as CarriesHeaders),
      secretOrKeyProvider: (request: unknown, _token: unknown, done: (error: null, key: never) => void) => {
        const { socket } = (request as FastifyRequest).raw;
        const verify: Verify = (token) => verifier.verify(token, socket);
        done(null, verify as never);
      },
    });
  }

  /** Awaited by @nestjs/passport, which passes on what the verifier threw; a failure of the strategy would lose it. */
  validate(principal: Promise<Principal>): Promise<Principal> {
    return principal;
  }
}
