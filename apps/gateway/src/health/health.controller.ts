import { KeyportError } from '@keyport/contracts';
import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '../access/scope.decorator.ts';
import { Readiness } from './readiness.ts';

@ApiExcludeController()
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
  ) {}

  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /** 503 with what is missing until the gateway can decide about requests. */
  @Get('ready')
  @HealthCheck()
  async ready(): Promise<HealthCheckResult> {
    const { missing } = this.readiness;
    if (missing.length > 0) throw new KeyportError('NOT_READY', { missing: missing.join(', ') });
    return this.health.check(
      Object.entries(this.readiness.checks()).map(([name, isUp]) => () => {
        const indicator = this.indicators.check(name);
        return isUp ? indicator.up() : indicator.down();
      }),
    );
  }
}
