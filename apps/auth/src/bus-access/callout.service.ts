import { authorizationRequest, type AuthorizationRequest } from '@keyport/contracts';
import { Injectable, Logger } from '@nestjs/common';
import type { Msg } from '@nats-io/transport-node';
import { KeysService } from '../keys/keys.service.ts';
import { AdmissionService, NotAdmitted } from './admission.service.ts';
import type { CalloutSigner } from './callout-signer.ts';

/** Answers nats-server, which asks about every client that is no user of its configuration. */
@Injectable()
export class CalloutService {
  private readonly logger = new Logger(CalloutService.name);

  constructor(
    private readonly admission: AdmissionService,
    private readonly keys: KeysService,
  ) {}

  /** A request that cannot be read stays without an answer: nats-server then refuses the client. */
  async answer(message: Msg, signer: CalloutSigner): Promise<void> {
    try {
      const request = requestIn(message);
      const { pass, auth_token: token } = request.connect_opts;
      message.respond(await this.verdict(request, signer, token ?? pass));
    } catch (error) {
      this.logger.error(error);
    }
  }

  private async verdict(
    request: AuthorizationRequest,
    signer: CalloutSigner,
    token: string | undefined,
  ): Promise<string> {
    const from = request.client_info.host ?? 'an unknown address';
    try {
      const { keyId, ...grant } = await this.admission.admit(token);
      if (keyId !== undefined) this.noteUse(keyId);
      return await signer.admit(request, grant);
    } catch (error) {
      const isExpected = error instanceof NotAdmitted;
      if (!isExpected) this.logger.error(error);
      const reason = isExpected ? error.message : 'it could not be decided';
      this.logger.warn(`refused to connect from ${from}: ${reason}`);
      return signer.refuse(request, reason);
    }
  }

  private noteUse(keyId: string): void {
    const use = { keys: [{ keyId, lastUsedAt: new Date().toISOString() }] };
    this.keys.noteUse(use).catch((error: unknown) => this.logger.error(error));
  }
}

/**
 * The signature is not looked at: in the system account nobody but nats-server publishes, and the answer is good for that
 * server and that client alone.
 */
function requestIn(message: Msg): AuthorizationRequest {
  const [, payload = ''] = message.string().split('.');
  return authorizationRequest.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).nats;
}
