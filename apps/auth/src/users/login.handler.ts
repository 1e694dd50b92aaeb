import { login, type RequestOf } from '@keyport/contracts';
import { Handles } from '@keyport/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { LoginService } from './login.service.ts';

@Controller()
export class LoginHandler {
  constructor(private readonly logins: LoginService) {}

  @Handles(login)
  login(@Payload() request: RequestOf<typeof login>) {
    return this.logins.login(request);
  }
}
