import { CallerOf, type Caller } from '@keyport/access';
import { changePassword, login, logout, refreshSession, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { LoginService } from './login.service.ts';
import { LogoutService } from './logout.service.ts';
import { PasswordChangeService } from './password-change.service.ts';
import { RefreshService } from './refresh.service.ts';

@Controller()
export class SessionsHandler {
  constructor(
    private readonly logins: LoginService,
    private readonly refreshes: RefreshService,
    private readonly logouts: LogoutService,
    private readonly passwords: PasswordChangeService,
  ) {}

  @Handles(login)
  login(@Payload() request: RequestOf<typeof login>) {
    return this.logins.login(request);
  }

  @Handles(refreshSession)
  refresh(@Payload() { refreshToken }: RequestOf<typeof refreshSession>) {
    return this.refreshes.refresh(refreshToken);
  }

  @Handles(logout)
  async logout(@Payload() _request: RequestOf<typeof logout>, @CallerOf() caller: Caller) {
    await this.logouts.logout(caller);
    return {};
  }

  @Handles(changePassword)
  async changePassword(@Payload() request: RequestOf<typeof changePassword>, @CallerOf() caller: Caller) {
    await this.passwords.change(caller, request);
    return {};
  }
}
