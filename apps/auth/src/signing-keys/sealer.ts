import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const cipher = 'aes-256-gcm';
/** Bytes; NIST SP 800-38D §8.2.2 for random initialization vectors. */
const ivBytes = 12;
const tagBytes = 16;

/**
 * Encrypts what lies in MongoDB but must not be read there: AES-256-GCM with a key derived from the master key by HKDF
 * (RFC 5869). `context` says what is sealed, so that one sealed text cannot be put in the place of another.
 */
export class Sealer {
  private readonly key: Buffer;

  constructor(masterKey: string) {
    this.key = Buffer.from(hkdfSync('sha256', masterKey, 'keyport', 'keyport auth at rest v1', 32));
  }

  seal(text: string, context: string): string {
    const iv = randomBytes(ivBytes);
    const encryption = createCipheriv(cipher, this.key, iv, { authTagLength: tagBytes }).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([encryption.update(text, 'utf8'), encryption.final()]);
    return Buffer.concat([iv, encryption.getAuthTag(), sealed]).toString('base64url');
  }

  /** Throws where the text was sealed with another master key, for something else, or was changed. */
  open(sealed: string, context: string): string {
    const bytes = Buffer.from(sealed, 'base64url');
    try {
      const decryption = createDecipheriv(cipher, this.key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
      return decryption.update(bytes.subarray(ivBytes + tagBytes), undefined, 'utf8') + decryption.final('utf8');
    } catch (cause) {
      throw new Error(
        `${context} cannot be decrypted: start with the KEYPORT_MASTER_KEY (or the master.key in KEYPORT_HOME) that this database was made with`,
        { cause },
      );
    }
  }
}
