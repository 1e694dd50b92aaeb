import { errorTable, type ErrorCode } from '@keyport/contracts';
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';
import { problemSchema } from './problem.ts';

export interface RouteDescription {
  readonly summary: string;
  readonly description?: string;
  /** Status of success; 200 unless told. */
  readonly status?: number;
  readonly reply?: z.ZodType;
  /** Media types of a success that is not JSON. */
  readonly produces?: readonly string[];
  readonly errors?: readonly ErrorCode[];
  /** True where no token is asked. */
  readonly isPublic?: boolean;
  /** Shape of a refusal; a problem unless told. */
  readonly refusal?: z.ZodType;
}

const withToken: readonly ErrorCode[] = ['TOKEN_MISSING', 'TOKEN_INVALID', 'TOKEN_REVOKED', 'INSUFFICIENT_SCOPE'];

/** The OpenAPI entry of a route: what it does, what it answers, and the codes of its refusals. */
export function Describe({
  summary,
  description,
  status = 200,
  reply,
  produces,
  errors = [],
  isPublic = false,
  refusal = problemSchema,
}: RouteDescription) {
  const content = Object.fromEntries((produces ?? []).map((type) => [type, { schema: { type: 'string' as const } }]));
  const success = reply
    ? { status, description: summary, standardSchema: reply }
    : { status, description: summary, content };
  return applyDecorators(
    ApiOperation({ summary, ...(description ? { description } : {}) }),
    ApiResponse(success),
    ...refusals([...(isPublic ? [] : withToken), 'SERVICE_UNAVAILABLE', ...errors], refusal),
  );
}

function refusals(codes: readonly ErrorCode[], shape: z.ZodType) {
  const byStatus = Map.groupBy(new Set(codes), (code) => errorTable[code].status);
  return [...byStatus].map(([status, sameStatus]) =>
    ApiResponse({ status, description: sameStatus.join(', '), standardSchema: shape }),
  );
}
