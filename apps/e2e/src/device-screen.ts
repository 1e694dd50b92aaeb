import type { TestStack } from '@keyport/testing';
import * as oauth from 'oauth4webapi';

/** Of loopback alone, as the test's deployment has no TLS. */
const insecurely = { [oauth.allowInsecureRequests]: true };

/** A screen in a hall: it shows a code, and asks whether somebody let it in. */
export class Screen {
  private constructor(
    private readonly server: oauth.AuthorizationServer,
    private readonly client: oauth.Client,
    readonly asked: oauth.DeviceAuthorizationResponse,
  ) {}

  static async showing(stack: TestStack, clientId: string, scope: string): Promise<Screen> {
    const issuer = new URL(stack.gatewayUrl);
    const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecurely });
    const server = await oauth.processDiscoveryResponse(issuer, found);
    const client = { client_id: clientId };
    const parameters = new URLSearchParams({ scope });
    const answer = await oauth.deviceAuthorizationRequest(server, client, oauth.None(), parameters, insecurely);
    return new Screen(server, client, await oauth.processDeviceAuthorizationResponse(server, client, answer));
  }

  /** What it gets now: its tokens, or the error of RFC 8628 §3.5. */
  async poll(): Promise<oauth.TokenEndpointResponse | string> {
    const { server, client, asked } = this;
    const answer = await oauth.deviceCodeGrantRequest(server, client, oauth.None(), asked.device_code, insecurely);
    try {
      return await oauth.processDeviceCodeResponse(server, client, answer);
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError) return error.error;
      throw error;
    }
  }
}
