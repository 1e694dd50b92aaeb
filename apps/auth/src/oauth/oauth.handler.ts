import { CallerOf, type Caller } from '@keyport/access';
import { introspectToken, introspectTokenAsClient, oauthToken, revokeToken, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { IntrospectionService } from './introspection.service.ts';
import { TokenEndpointService } from './token-endpoint.service.ts';
import { TokenRevocationService } from './token-revocation.service.ts';

@Controller()
export class OAuthHandler {
  constructor(
    private readonly endpoint: TokenEndpointService,
    private readonly introspection: IntrospectionService,
    private readonly revocation: TokenRevocationService,
  ) {}

  @Handles(oauthToken)
  token(@Payload() request: RequestOf<typeof oauthToken>) {
    return this.endpoint.issue(request);
  }

  @Handles(introspectToken)
  introspect(@Payload() { token }: RequestOf<typeof introspectToken>, @CallerOf() caller: Caller) {
    return this.introspection.introspect(caller, token);
  }

  @Handles(introspectTokenAsClient)
  introspectAsClient(@Payload() request: RequestOf<typeof introspectTokenAsClient>) {
    return this.introspection.introspectAsClient(request);
  }

  @Handles(revokeToken)
  async revoke(@Payload() request: RequestOf<typeof revokeToken>) {
    await this.revocation.revoke(request);
    return {};
  }
}
