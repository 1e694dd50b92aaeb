import { CallerOf, type Caller } from '@keyport/access';
import { authorizeDevice, decideDevice, getDeviceRequest, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DeviceApprovalService } from './device-approval.service.ts';
import { DeviceAuthorizationService } from './device-authorization.service.ts';

@Controller()
export class DevicesHandler {
  constructor(
    private readonly authorization: DeviceAuthorizationService,
    private readonly approval: DeviceApprovalService,
  ) {}

  @Handles(authorizeDevice)
  authorize(@Payload() request: RequestOf<typeof authorizeDevice>) {
    return this.authorization.authorize(request);
  }

  @Handles(getDeviceRequest)
  look(@Payload() request: RequestOf<typeof getDeviceRequest>, @CallerOf() caller: Caller) {
    return this.approval.look(caller, request);
  }

  @Handles(decideDevice)
  decide(@Payload() request: RequestOf<typeof decideDevice>, @CallerOf() caller: Caller) {
    return this.approval.decide(caller, request);
  }
}
