import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-jwt';
import { asksForProof, Possession } from './possession.ts';
import { presentedTokenOf, type PresentedToken } from './presented-token.ts';
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
  constructor(verifier: TokenVerifier, possession: Possession) {
    super({
      jwtFromRequest: (request: unknown) => presentedTokenOf(request as FastifyRequest)?.token ?? null,
      secretOrKeyProvider: (shown: unknown, _token: unknown, done: (error: null, key: never) => void) => {
        const request = shown as FastifyRequest;
        const presented = presentedTokenOf(request) as PresentedToken;
        const verify: Verify = async (token) => {
          const principal = await verifier.verify(token, request.raw.socket);
          if (asksForProof(presented, principal)) await possession.require(request, presented, principal);
          return principal;
        };
        done(null, verify as never);
      },
    });
  }

  /** Awaited by @nestjs/passport, which passes on what the verifier threw; a failure of the strategy would lose it. */
  validate(principal: Promise<Principal>): Promise<Principal> {
    return principal;
  }
}
