import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KeyportError } from '@keyport/contracts';
import { MONGO_CONNECTION } from '@keyport/mongo';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection, Model } from 'mongoose';
import { cursorKeyModel, type CursorKey } from './cursor-key.model.ts';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals cursors: the `_id` in one may be hidden from whom it is given to, as may the whole record, and whoever could make
 * cursors could search for such `_id`s. All processes have the same key, from the database.
 */
@Injectable()
export class CursorSeal {
  private readonly model: Model<CursorKey>;
  private key: Promise<Buffer> | undefined;

  constructor(@Inject(MONGO_CONNECTION) connection: Connection) {
    this.model = cursorKeyModel(connection);
  }

  async seal(position: Uint8Array): Promise<Uint8Array> {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, await this.keyOnce(), nonce);
    return Buffer.concat([nonce, cipher.update(position), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws CURSOR_INVALID. */
  async open(cursor: Uint8Array): Promise<Uint8Array> {
    if (cursor.length < nonceBytes + tagBytes) throw new KeyportError('CURSOR_INVALID');
    const key = await this.keyOnce();
    try {
      const decipher = createDecipheriv(algorithm, key, cursor.subarray(0, nonceBytes), { authTagLength: tagBytes });
      decipher.setAuthTag(cursor.subarray(-tagBytes));
      return Buffer.concat([decipher.update(cursor.subarray(nonceBytes, -tagBytes)), decipher.final()]);
    } catch (cause) {
      throw new KeyportError('CURSOR_INVALID', {}, { cause });
    }
  }

  private keyOnce(): Promise<Buffer> {
    const key = this.key ?? this.readKey();
    this.key = key;
    // The next cursor tries again.
    key.catch(() => (this.key = undefined));
    return key;
  }

  /** Processes that start together make one. */
  private async readKey(): Promise<Buffer> {
    const made = { $setOnInsert: { key: randomBytes(32).toString('base64') } };
    const options = { upsert: true, returnDocument: 'after', writeConcern: { w: 'majority' } } as const;
    const { key } = await this.model.findByIdAndUpdate('scan', made, options).orFail().lean();
    return Buffer.from(key, 'base64');
  }
}
