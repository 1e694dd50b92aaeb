import { inspectTokenSchema, tokenInspectionSchema } from '@keyport/contracts';
import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { AnyToken } from '../access/scope.decorator.ts';
import { TokenInspector } from '../access/token-inspector.ts';
import { Describe } from '../http/describe.ts';
import { InspectionLimitGuard } from '../limits/inspection-limit.guard.ts';

@ApiTags('auth')
@Controller('v1/tokens')
export class TokensController {
  constructor(private readonly inspector: TokenInspector) {}

  @Post('inspect')
  @AnyToken()
  @UseGuards(InspectionLimitGuard)
  @HttpCode(200)
  @Describe({
    summary: 'What a token says, and which check it fails',
    description:
      'Any token, valid or not. Whether it is revoked, and what its key and owner leave of it, is told only where its signature verifies.',
    reply: tokenInspectionSchema,
    errors: ['VALIDATION_FAILED', 'RATE_LIMITED'],
  })
  inspect(
    @Body({ schema: inspectTokenSchema }) { token }: z.output<typeof inspectTokenSchema>,
  ): Promise<z.output<typeof tokenInspectionSchema>> {
    return this.inspector.inspect(token);
  }
}
