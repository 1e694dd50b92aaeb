import { meSchema } from '@keyport/contracts';
import { Controller, Get, Header, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AuthenticatedRequest, Principal } from '../access/principal.ts';
import { AnyToken } from '../access/scope.decorator.ts';
import { Describe } from '../http/describe.ts';
import { meOf } from './me.ts';

@ApiTags('auth')
@Controller('v1/auth')
export class MeController {
  /** Text of the answer, for as long as the rights stay the same. */
  private readonly answers = new WeakMap<Principal, string>();

  @Get('me')
  @AnyToken()
  @Header('content-type', 'application/json; charset=utf-8')
  @Describe({
    summary: 'Who this token is, what it may do now, and where each right comes from',
    reply: meSchema,
  })
  me(@Req() { user }: AuthenticatedRequest): string {
    const known = this.answers.get(user);
    if (known !== undefined) return known;
    const answer = JSON.stringify(meOf(user));
    this.answers.set(user, answer);
    return answer;
  }
}
