export interface ErrorEntry {
  /** HTTP status at the gateway (RFC 9110). */
  readonly status: number;
  readonly title: string;
  /** What happened; `{name}` is filled from the error's params. */
  readonly detail: string;
  /** What the caller can do now. */
  readonly next: string;
}

const entries = <Code extends string>(table: Record<Code, readonly [number, string, string, string]>) =>
  Object.fromEntries(
    Object.entries<readonly [number, string, string, string]>(table).map(([code, [status, title, detail, next]]) => [
      code,
      { status, title, detail, next },
    ]),
  ) as unknown as Readonly<Record<Code, ErrorEntry>>;

/** Every failure a caller can see. `docs/errors.md` lists the same codes; a test compares. */
export const errorTable = entries({
  // Requests
  ROUTE_NOT_FOUND: [404, 'No such route', 'There is no {method} {path}.', 'See /docs for the routes.'],
  METHOD_NOT_ALLOWED: [405, 'Method not allowed', '{path} does not answer {method}.', 'Use one of: {allowed}.'],
  MALFORMED_BODY: [400, 'Malformed body', 'The body is not well-formed JSON.', 'Send one JSON object in UTF-8.'],
  VALIDATION_FAILED: [422, 'Invalid request', 'Some values are not allowed.', 'Each is named under errors.'],
  UNSUPPORTED_MEDIA_TYPE: [
    415,
    'Unsupported media type',
    'Content-Type {contentType} cannot be read here.',
    'Send one of: {supported}.',
  ],
  UNSUPPORTED_CONTENT_ENCODING: [
    415,
    'Unsupported content encoding',
    'Content-Encoding {encoding} cannot be decoded.',
    'Send one of: {supported}.',
  ],
  NOT_ACCEPTABLE: [406, 'Not acceptable', 'No format of {accept} can be written.', 'Accept one of: {supported}.'],
  BODY_TOO_LARGE: [
    413,
    'Body too large',
    'The body is larger than {limitBytes} bytes.',
    'Send less, or import it as a file.',
  ],
  BODY_TOO_SLOW: [408, 'Body too slow', 'The body did not arrive within {seconds} seconds.', 'Send it in one go.'],
  URL_NOT_VALID: [
    400,
    'URL not valid',
    'The URL is too long or wrongly percent-encoded.',
    'Encode it as RFC 3986 says.',
  ],
  EXPECTATION_FAILED: [
    417,
    'Expectation failed',
    'The Expect header asks for something unknown.',
    'Send 100-continue or none.',
  ],
  HEADERS_TOO_LARGE: [
    431,
    'Headers too large',
    'The request headers are larger than the limit.',
    'Send a shorter token and fewer headers.',
  ],
  BAD_REQUEST: [400, 'Bad request', 'The request cannot be understood.', 'Check its syntax.'],
  RANGE_NOT_SATISFIABLE: [
    416,
    'Range not satisfiable',
    'The file has {length} bytes; the range lies outside.',
    'Ask for a range inside the file.',
  ],
  SERVICE_UNAVAILABLE: [
    503,
    'Service unavailable',
    'The {service} service does not answer.',
    'Try again in a few seconds.',
  ],
  SERVICE_TIMEOUT: [
    504,
    'Service timed out',
    'The {service} service did not answer in time.',
    'Ask for the state before you try again.',
  ],
  NOT_READY: [503, 'Not ready', 'The gateway is waiting for: {missing}.', 'Try again in a few seconds.'],
  INTERNAL: [500, 'Internal error', 'Something failed that should not.', 'Report it with the request id.'],

  // Tokens and rights
  TOKEN_MISSING: [401, 'Token missing', 'The request carries no token.', 'Send Authorization: Bearer <token>.'],
  TOKEN_INVALID: [
    401,
    'Token not valid',
    'The token failed the check "{check}": {reason}.',
    'Sign in again or ask for a new key.',
  ],
  TOKEN_REVOKED: [
    401,
    'Token revoked',
    'The token failed the check "{check}": {reason}.',
    'Sign in again or ask for a new key.',
  ],
  INSUFFICIENT_SCOPE: [
    403,
    'Right missing',
    'The token does not have the right {scope}.',
    'Ask for a key with this scope.',
  ],
  SCOPE_NOT_HELD: [
    403,
    'Right not held',
    'The token does not have {scope}, so it can neither give it nor touch who has it.',
    'Leave it out, or use a stronger token.',
  ],
  LOGIN_FAILED: [401, 'Login failed', 'The email or the password is wrong.', 'Check both.'],
  LOGIN_THROTTLED: [
    429,
    'Too many login attempts',
    'Too many logins failed for this account from this address.',
    'Wait {retryAfterSeconds} seconds.',
  ],
  REFRESH_INVALID: [401, 'Refresh token not valid', 'The refresh token is unknown or has ended.', 'Sign in again.'],
  REFRESH_REUSED: [
    401,
    'Refresh token used twice',
    'The refresh token was used before, so its whole session was ended.',
    'Sign in again; if you did not use it twice, somebody else has it.',
  ],
  SESSION_NEEDED: [403, 'Session needed', 'This takes a signed-in person, not a key.', 'Sign in first.'],
  PASSWORD_WRONG: [403, 'Password wrong', 'The current password is wrong.', 'Check it.'],
  RATE_LIMITED: [
    429,
    'Too many requests',
    'The limit of {limit} requests a second is used up.',
    'Wait {retryAfterSeconds} seconds, or ask for a higher limit.',
  ],
  QUOTA_EXCEEDED: [
    429,
    'Daily quota used up',
    'This holder may import {limit} {unit} a day, and has.',
    'Wait {retryAfterSeconds} seconds, until midnight UTC, or ask for a higher limit.',
  ],
  TOO_MANY_STREAMS: [
    429,
    'Too many event streams',
    'There are {limit} open event streams of this {of} already.',
    'Close one, or ask for the state of {jobId} without events.',
  ],
  ROW_NOT_ALLOWED: [
    403,
    'Row not allowed',
    'The token may not touch this row.',
    'Ask for a token whose authorization details cover it.',
  ],
  FIELD_NOT_ALLOWED: [
    403,
    'Field not allowed',
    'The token may not use {field}: it is limited to some fields.',
    'Name only fields that it may use, or ask for a token without that limit.',
  ],
  USER_NOT_FOUND: [
    404,
    'No such user',
    'There is no user {userId} that you may see.',
    'List users with GET /v1/users.',
  ],
  EMAIL_TAKEN: [409, 'Email taken', 'There is a user with this email already.', 'Use another one.'],
  LAST_OWNER: [409, 'Last owner', 'This is the last owner who can sign in.', 'Make somebody else an owner first.'],
  PUBLIC_KEY_NOT_FOUND: [
    404,
    'No such public key',
    'There is no public key {publicKeyId} that you may see.',
    'List them with GET /v1/public-keys.',
  ],
  PUBLIC_KEY_INVALID: [422, 'Public key not valid', 'The JWK cannot be registered: {reason}.', 'Register another key.'],
  KEY_EXPIRY_NEEDED: [
    422,
    'Expiry needed',
    'The policy of this deployment lets no key live for ever.',
    'Give expiresInSeconds as a number of seconds.',
  ],
  KEY_ENDED: [409, 'Key ended', 'The key {keyId} is revoked or has expired.', 'Mint a new one.'],
  REVOCATION_NOT_FOUND: [
    404,
    'No such revocation',
    'There is no revocation {revocationId}.',
    'List them with GET /v1/revocations.',
  ],
  SIGNING_KEY_TOO_NEW: [
    409,
    'Signing key too new',
    'The standby key {kid} is not known to all who keep the key set.',
    'Rotate again in {retryAfterSeconds} seconds.',
  ],
  SIGNING_KEY_NOT_FOUND: [
    404,
    'No such signing key',
    'There is no signing key {kid}.',
    'List them with GET /v1/signing-keys.',
  ],
  CONTEXT_INVALID: [
    401,
    'Caller context not valid',
    'The caller context failed the check "{check}".',
    'Go through the gateway.',
  ],
  RIGHTS_LOST: [
    403,
    'Rights lost',
    'The rights of this job were taken away while it ran.',
    'Start it again with a valid key.',
  ],
  KEY_NOT_FOUND: [404, 'No such key', 'There is no key {keyId} that you may see.', 'List keys with GET /v1/keys.'],
  KEY_LIFETIME_TOO_LONG: [
    422,
    'Lifetime too long',
    'A key may live for at most {maximumSeconds} seconds.',
    'Ask for less.',
  ],
  KEY_CHAIN_TOO_LONG: [
    422,
    'Chain of keys too long',
    'At most {maximum} keys can be minted one through the other.',
    'Mint with a key that stands nearer to the first, or after signing in.',
  ],
  TOKEN_TOO_LARGE: [
    422,
    'Token too large',
    'With these scopes the token would be larger than {limitBytes} bytes.',
    'Use wildcards or fewer scopes.',
  ],

  // Datasets and records
  DATASET_NOT_FOUND: [
    404,
    'No such dataset',
    'There is no dataset {dataset}.',
    'Create it with PUT /v1/datasets/{dataset}.',
  ],
  DATASET_KEY_FIXED: [
    409,
    'Dataset key fixed',
    'The key of {dataset} cannot change while it holds records.',
    'Delete the dataset and create it again, or make another one.',
  ],
  DATASET_MAPPING_FIXED: [
    409,
    'Mapping fixed',
    'Neither the mapping of {dataset} nor the key of a mapped dataset can change.',
    'Delete the dataset, which leaves a mapped collection as it is, and create it again.',
  ],
  DATASET_INDEXES_FIXED: [
    409,
    'Indexes fixed',
    'The dataset {dataset} is a collection of your own, on which Keyport makes no index.',
    'Make it there; Keyport uses it.',
  ],
  INDEX_NOT_UNIQUE: [
    409,
    'Index not unique',
    'Two records of {dataset} have the same {fields}, so no unique index can be made.',
    'Correct the records, or make an index that is not unique.',
  ],
  INDEX_REFUSED: [
    409,
    'Index refused',
    'MongoDB makes no index on {fields} of {dataset}: {reason}.',
    'Correct the records, or leave the index out.',
  ],
  SOURCE_UNKNOWN: [
    422,
    'No such source',
    'The configuration names no source {source}.',
    'Ask the operator, who names sources in KEYPORT_SOURCES.',
  ],
  SOURCE_UNAVAILABLE: [
    503,
    'Source unavailable',
    'The source {source} does not answer, or does not let Keyport in.',
    'Try again in a few seconds; the log of records says more.',
  ],
  MAPPING_REFUSED: [
    422,
    'Mapping refused',
    '{collection} of the source {source} cannot be a dataset: {reason}.',
    'Choose another collection, or ask the operator.',
  ],
  COLLECTION_REPLACED: [
    409,
    'Collection replaced',
    'The collection that {dataset} is mapped onto was dropped, or made anew, while it was read.',
    'Start again once it is there.',
  ],
  KEY_INDEX_MISSING: [
    422,
    'Key index missing',
    'The collection {collection} of the source {source} has no unique index that makes this key one.',
    'Create it there, or leave the key out: {command}',
  ],
  SCHEMA_INVALID: [422, 'Schema not valid', 'The schema is not valid JSON Schema 2020-12: {reason}.', 'Correct it.'],
  RECORD_NOT_FOUND: [404, 'No such record', 'The dataset {dataset} has no record with this id.', 'Check the id.'],
  RECORD_KEY_TAKEN: [
    409,
    'Key taken',
    'Another record of {dataset} has the same {fields}.',
    'Use another value, or change that record.',
  ],
  WRITE_CONFLICT: [503, 'Write conflict', 'The write kept meeting another one.', 'Try again.'],
  WRITE_REFUSED: [
    500,
    'Write refused',
    'MongoDB refuses to write to {dataset}: {reason}.',
    'Ask the operator; the log of records says more.',
  ],
  SNAPSHOT_GONE: [
    409,
    'Snapshot gone',
    'The state of {dataset} that was being read is no longer kept by its MongoDB.',
    'Start again; a slow reader does better with a file (POST /v1/datasets/{dataset}/exports), or without a snapshot.',
  ],
  SNAPSHOT_UNAVAILABLE: [
    409,
    'Snapshot unavailable',
    'The MongoDB of {dataset} cannot show one state of it.',
    'Try again in a few seconds, or leave out snapshot.',
  ],
  CURSOR_INVALID: [400, 'Cursor not valid', 'The cursor cannot be read.', 'Start without a cursor.'],
  CURSOR_EXPIRED: [
    410,
    'Cursor expired',
    'What changed in {dataset} since this cursor is not known any more.',
    'Read the whole dataset again; the answer has a new cursor in Keyport-Since.',
  ],
  CHANGES_NOT_TRACKED: [
    409,
    'Changes not tracked',
    'The dataset {dataset} does not keep what changes.',
    'Send PATCH /v1/datasets/{dataset} with {"trackChanges": true}, then read the whole dataset.',
  ],
  CHANGES_NOT_ALLOWED: [
    403,
    'Changes not allowed',
    'The token is limited to some rows of {dataset}; which of those it might have seen were deleted, nobody can tell.',
    'Read the records again without since, or ask for a token without that limit.',
  ],
  CHANGES_BEHIND: [
    503,
    'Changes behind',
    'What changed in {dataset} just now has not been taken up yet.',
    'Try again in a few seconds.',
  ],

  // Imports
  IMPORT_NOT_FOUND: [
    404,
    'No such import',
    'There is no import {importId} that you may see.',
    'List imports with GET /v1/imports.',
  ],
  IMPORT_STATE: [
    409,
    'Wrong state',
    'The import {importId} is {state}.',
    'Look at it with GET /v1/imports/{importId}.',
  ],
  TOO_MANY_IMPORTS: [
    429,
    'Too many imports at once',
    'This holder has {limit} imports that have not ended.',
    'Wait until one ends, cancel one that nobody goes on with, or ask for a higher limit.',
  ],
  TOO_MANY_IMPORTS_IN_ALL: [
    429,
    'Too many imports in all',
    'There are {limit} imports that have not ended, of all holders together.',
    'Try again in {retryAfterSeconds} seconds.',
  ],
  NOTHING_TO_RETRY: [
    409,
    'Nothing to retry',
    'The import {importId} has no row to retry: {reason}.',
    'Look at its rejects, and send the rows again yourself.',
  ],
  ALREADY_RETRIED: [
    409,
    'Already retried',
    'What the import {importId} rejected was retried by an import that you may not see.',
    'Ask whoever may read all imports into the dataset.',
  ],
  UNDO_EXPIRED: [
    410,
    'Undo expired',
    'What the import {importId} inserted is not remembered any more.',
    'Undo within 30 days; later delete the records themselves.',
  ],
  UPLOAD_INCOMPLETE: [400, 'Upload incomplete', 'The body ended after {received} bytes.', 'Send the file again.'],
  UPLOAD_SUPERSEDED: [409, 'Upload superseded', 'Another request goes on with this upload.', 'Let that one finish.'],
  UPLOAD_OFFSET: [
    409,
    'Wrong offset',
    'The upload has come to byte {offset}.',
    'Ask for its Upload-Offset with HEAD and go on from there.',
  ],
  UPLOAD_GONE: [410, 'Upload gone', 'Nothing can be added to the upload: it is {state}.', 'Begin a new one.'],
  UPLOAD_TOO_LARGE: [
    413,
    'Upload too large',
    'The upload may hold {limitBytes} bytes.',
    'Send no more than its Upload-Length says.',
  ],
  UPLOAD_CHECKSUM: [
    460,
    'Checksum mismatch',
    'The body does not have the checksum that Upload-Checksum names.',
    'Nothing of it was taken; send it again.',
  ],
  TUS_VERSION: [412, 'Unsupported tus version', 'Tus-Resumable must be 1.0.0.', 'Send Tus-Resumable: 1.0.0.'],
  CONTENT_DIGEST_MISMATCH: [
    422,
    'Content digest mismatch',
    'The body does not have the {algorithm} digest that Content-Digest names.',
    'Nothing was written; send the file again.',
  ],
  IDEMPOTENCY_KEY_REUSED: [
    409,
    'Idempotency key reused',
    'The key stands for the import {importId}, which has another dataset or other options.',
    'Send another Idempotency-Key, or the same dataset and options.',
  ],
  IDEMPOTENCY_FILE_DIFFERS: [
    409,
    'Another file',
    'The key stands for the import {importId}, whose file is not the one that was sent.',
    'Send another Idempotency-Key, or the same file.',
  ],
  UPLOAD_EXCEEDS_SPOOL: [
    413,
    'Upload exceeds the spool',
    'An upload that is compressed, or has a Content-Digest, is kept to its end and may have {limitBytes} bytes.',
    'Send it in parts, or as it is: uncompressed and without a digest it may have any size.',
  ],
  SPOOL_FULL: [
    507,
    'Spool full',
    'There is no room for more upload bytes.',
    'Nothing that was taken is lost; go on with the upload when running imports are done.',
  ],
  EMPTY_FILE: [422, 'Empty file', 'The file holds no rows.', 'Send at least one row.'],
  TRUNCATED_ARRAY: [
    422,
    'Truncated array',
    'The JSON array ends before its closing bracket (byte {offset}).',
    'The rows before it are kept; send the rest.',
  ],
  MALFORMED_FILE: [
    422,
    'Malformed file',
    'The file cannot be read beyond byte {offset}: {reason}.',
    'Correct it and send it again.',
  ],
  BAD_HEADER: [422, 'Bad header', 'The header row cannot be used: {reason}.', 'Correct the header.'],
  DECOMPRESSION_FAILED: [422, 'Decompression failed', 'The compressed body is broken or ends early.', 'Send it again.'],
  DECOMPRESSION_RATIO: [
    422,
    'Decompression ratio',
    'The body unpacks to more than {ratio} times its size.',
    'Send it less compressed.',
  ],
  DECOMPRESSION_WINDOW: [
    422,
    'Decompression window',
    'To unpack the {encoding} body takes a window of more than {limitBytes} bytes.',
    'Compress it with a smaller window (zstd without --long or --ultra).',
  ],
  TOO_MANY_REJECTS: [
    422,
    'Too many rejected rows',
    'The import stopped after {row} rows because more than {maxErrors} of them were rejected.',
    'Look at the rejects and correct them.',
  ],

  // Exports
  EXPORT_NOT_FOUND: [
    404,
    'No such export',
    'There is no export {exportId} that you may see.',
    'List exports with GET /v1/exports.',
  ],
  TOO_MANY_COLUMNS: [
    422,
    'Too many columns',
    'The records of {dataset} have more than {limit} different fields, or names of more than {limitBytes} bytes in all.',
    'Name the fields to write, or choose a format without columns.',
  ],
  SORT_TOO_LARGE: [
    422,
    'Too much to sort',
    'Sorting these records of {dataset} takes more than {limit} of them, more than 100 MB or too long.',
    'Give a limit or a narrower filter, or sort by fields that have an index.',
  ],
  SORT_EXPIRED: [
    410,
    'Sort expired',
    'The order of the records was kept for an hour after the last page, which is over.',
    'Start again.',
  ],
  EXPORT_NOT_READY: [
    409,
    'Export not ready',
    'The export {exportId} is {state}, and has no file.',
    'Look at it with GET /v1/exports/{exportId}: once it is completed it has one.',
  ],
  EXPORT_STATE: [
    409,
    'Wrong state',
    'The export {exportId} is {state}.',
    'Look at it with GET /v1/exports/{exportId}.',
  ],
  EXPORT_EXPIRED: [
    410,
    'Export expired',
    'The file of the export {exportId} was deleted.',
    'Export the dataset again.',
  ],
  PRECONDITION_FAILED: [
    412,
    'Precondition failed',
    'The file is not the one that If-Match or If-Unmodified-Since names.',
    'Ask for it without them.',
  ],
  TOO_MANY_EXPORTS: [
    429,
    'Too many exports',
    '{limit} exports {whose} have not ended.',
    'Wait {retryAfterSeconds} seconds, or cancel some.',
  ],
  EXPORTS_FULL: [
    507,
    'No room for exports',
    'There is no room for more files of exports.',
    'Delete exports that nobody needs, or wait until files expire.',
  ],
});

export type ErrorCode = keyof typeof errorTable;
