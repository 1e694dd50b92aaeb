import ipaddr from 'ipaddr.js';

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Where key sets may be fetched from. An administrator names the address, so without this they could let auth ask for
 * whatever it reaches and they do not (CWE-918).
 */
export class AddressPolicy {
  private readonly networks: readonly Network[];

  /** CIDR notation: networks that are not public and may be fetched from. */
  constructor(networks: readonly string[]) {
    this.networks = networks.map((text) => ipaddr.parseCIDR(text));
  }

  /**
   * Public addresses by https; others only where they are configured. http only to this machine, where that is
   * configured. An address of IPv4 inside one of IPv6 is judged as what it is.
   */
  admits(address: string, protocol: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    const isConfigured = this.networks.some(
      ([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits),
    );
    if (protocol === 'http:') return isConfigured && parsed.range() === 'loopback';
    return protocol === 'https:' && (isConfigured || parsed.range() === 'unicast');
  }
}

export const isNetwork = (text: string): boolean => ipaddr.isValidCIDR(text);
