import {
  decideDevice,
  decideDeviceSchema,
  deviceDecisionSchema,
  deviceRequestSchema,
  getDeviceRequest,
  userCodeSchema,
} from '@keyport/contracts';
import { Body, Controller, Get, Header, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { BusCaller } from '../access/bus-caller.ts';
import type { AuthenticatedRequest } from '../access/principal.ts';
import { AnyToken } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { addressGroup } from '../limits/address-group.ts';

/** The person's side of the device flow (RFC 8628 §3.3); `/device` is the page that asks here. */
@ApiTags('auth')
@Controller('v1/auth/device')
export class DevicesController {
  constructor(private readonly bus: BusCaller) {}

  @Get()
  @AnyToken()
  @Header('cache-control', 'no-store')
  @Describe({
    summary: 'What a device asks for that shows this code',
    description: 'For a person who signed in with email and password. A wrong code counts as a guess; few are free.',
    reply: deviceRequestSchema,
    errors: ['SESSION_NEEDED', 'DEVICE_CODE_NOT_FOUND', 'DEVICE_CODE_THROTTLED', 'VALIDATION_FAILED'],
  })
  look(
    @Req() request: AuthenticatedRequest,
    @Query({ schema: userCodeSchema }) { userCode }: z.output<typeof userCodeSchema>,
  ) {
    return this.bus.ask(request, getDeviceRequest, { userCode, address: addressGroup(request.ip) });
  }

  @Post()
  @AnyToken()
  @HttpCode(200)
  @Describe({
    summary: 'Allow a device what it asks for, or refuse it',
    description:
      'The device then has tokens of its own, of what it asked for, its client may and you may. GET /v1/auth/sessions lists it; DELETE ends it.',
    reply: deviceDecisionSchema,
    errors: [
      ...(['SESSION_NEEDED', 'DEVICE_CODE_NOT_FOUND', 'DEVICE_CODE_THROTTLED'] as const),
      ...(['SCOPE_NOT_HELD', 'VALIDATION_FAILED'] as const),
    ],
  })
  decide(
    @Req() request: AuthenticatedRequest,
    @Body({ schema: decideDeviceSchema }) body: z.output<typeof decideDeviceSchema>,
  ) {
    return this.bus.ask(request, decideDevice, { ...body, address: addressGroup(request.ip) });
  }
}
