import { describe, expect, it } from '@jest/globals';
import { addressGroup } from './address-group.ts';

describe('The group of an address', () => {
  it.each([
    { address: '192.0.2.1', group: '192.0.2.1' },
    { address: '::ffff:192.0.2.1', group: '192.0.2.1' },
    { address: '::FFFF:192.0.2.1', group: '192.0.2.1' },
    { address: '2001:db8:1:2:3:4:5:6', group: '2001:db8:1:2::/64' },
    { address: '2001:db8:1:2::1', group: '2001:db8:1:2::/64' },
    { address: '2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', group: '2001:db8:1:2::/64' },
    { address: '2001:db8::1', group: '2001:db8:0:0::/64' },
    { address: '::1', group: '0:0:0:0::/64' },
    { address: 'fe80::1%eth0', group: 'fe80:0:0:0::/64' },
  ])('of $address is $group', ({ address, group }) => {
    expect(addressGroup(address)).toBe(group);
  });
});
