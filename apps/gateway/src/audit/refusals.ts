import type { KeyportError } from '@keyport/contracts';
import type { FastifyRequest } from 'fastify';

const refusals = new WeakMap<FastifyRequest, KeyportError>();

/** Keeps what a request was refused with: an answer that is about to leave is text already. */
export const noteRefusal = (request: FastifyRequest, error: KeyportError): void => void refusals.set(request, error);

export const refusalOf = (request: FastifyRequest): KeyportError | undefined => refusals.get(request);
