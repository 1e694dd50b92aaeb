import { describe, expect, it } from '@jest/globals';
import { AddressPolicy } from './address-policy.ts';

const open = new AddressPolicy([]);

describe('Key sets', () => {
  it.each([
    '93.184.216.34',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '192.167.255.255',
    '100.63.255.255',
    '100.128.0.1',
    '2606:2800:220:1:248:1893:25c8:1946',
    '::ffff:93.184.216.34',
  ])('are fetched by https from the public address %s', (address) => {
    expect(open.admits(address, 'https:')).toBe(true);
  });

  // RFC 6890, and what else is no host of the Internet.
  it.each([
    ['this network', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.255.254'],
    ['loopback', '::1'],
    ['private use', '10.0.0.1'],
    ['private use', '172.16.0.1'],
    ['private use', '172.31.255.255'],
    ['private use', '192.168.1.1'],
    ['shared address space', '100.64.0.1'],
    ['shared address space', '100.127.255.255'],
    ['link-local, where clouds keep secrets', '169.254.169.254'],
    ['link-local', 'fe80::1'],
    ['link-local', 'febf::1'],
    ['a zone of a link', 'fe80::1%lo'],
    ['site-local', 'fec0::1'],
    ['unique local', 'fc00::1'],
    ['unique local', 'fd00:ec2::254'],
    ['protocol assignments', '192.0.0.1'],
    ['documentation', '192.0.2.1'],
    ['documentation', '198.51.100.1'],
    ['documentation', '203.0.113.1'],
    ['documentation', '2001:db8::1'],
    ['benchmarking', '198.18.0.1'],
    ['benchmarking', '2001:2::1'],
    ['multicast', '224.0.0.1'],
    ['multicast', 'ff02::1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['unspecified', '::'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped private use', '::ffff:a00:1'],
    ['IPv4-mapped link-local', '::ffff:169.254.169.254'],
    ['IPv4-compatible loopback', '::127.0.0.1'],
    ['NAT64 of loopback', '64:ff9b::7f00:1'],
    ['NAT64 of a local network', '64:ff9b:1::7f00:1'],
    ['6to4 of loopback', '2002:7f00:1::'],
    ['Teredo', '2001:0:7f00:1::'],
    ['discard only', '100::1'],
    ['no address', 'localhost'],
    ['no address', '127.1'],
    ['no address', '2130706433'],
    ['nothing', ''],
  ])('are not fetched from %s (%s)', (_class, address) => {
    expect([open.admits(address, 'https:'), open.admits(address, 'http:')]).toEqual([false, false]);
  });

  it('are fetched from a network that is configured, and from no other', () => {
    const policy = new AddressPolicy(['10.20.0.0/16', 'fd00:1::/32']);

    expect(policy.admits('10.20.3.4', 'https:')).toBe(true);
    expect(policy.admits('::ffff:10.20.3.4', 'https:')).toBe(true);
    expect(policy.admits('fd00:1::5', 'https:')).toBe(true);
    expect(policy.admits('10.21.0.1', 'https:')).toBe(false);
    expect(policy.admits('fd00:2::5', 'https:')).toBe(false);
    expect(policy.admits('127.0.0.1', 'https:')).toBe(false);
  });

  it('come by http from this machine alone, and only where that is configured', () => {
    const policy = new AddressPolicy(['127.0.0.0/8', '10.0.0.0/8']);

    expect(policy.admits('127.0.0.1', 'http:')).toBe(true);
    expect(policy.admits('10.0.0.1', 'http:')).toBe(false);
    expect(policy.admits('93.184.216.34', 'http:')).toBe(false);
    expect(open.admits('127.0.0.1', 'http:')).toBe(false);
    expect(policy.admits('127.0.0.1', 'ftp:')).toBe(false);
  });
});
