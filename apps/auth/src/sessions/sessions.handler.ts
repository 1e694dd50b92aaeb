import { CallerOf, type Caller } from '@keyport/access';
import {
  changePassword,
  endSession,
  listSessions,
  login,
  logout,
  refreshSession,
  type RequestOf,
} from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { LoginService } from './login.service.ts';
import { LogoutService } from './logout.service.ts';
import { PasswordChangeService } from './password-change.service.ts';
import { SessionListService } from './session-list.service.ts';
import { RefreshService } from './refresh.service.ts';
import { toLoginReply } from './session-tokens.service.ts';

@Controller()
export class SessionsHandler {
  constructor(
    private readonly logins: LoginService,
    private readonly refreshes: RefreshService,
    private readonly logouts: LogoutService,
    private readonly passwords: PasswordChangeService,
    private readonly sessions: SessionListService,
  ) {}

  @Handles(login)
  login(@Payload() request: RequestOf<typeof login>) {
    return this.logins.login(request);
  }

  @Handles(refreshSession)
  async refresh(@Payload() { refreshToken }: RequestOf<typeof refreshSession>) {
    return toLoginReply(await this.refreshes.refresh({ refreshToken, clientId: null }));
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

  @Handles(listSessions)
  list(@Payload() request: RequestOf<typeof listSessions>, @CallerOf() caller: Caller) {
    return this.sessions.list(caller, request);
  }

  @Handles(endSession)
  async end(@Payload() { sessionId }: RequestOf<typeof endSession>, @CallerOf() caller: Caller) {
    await this.sessions.end(caller, sessionId);
    return {};
  }
}
