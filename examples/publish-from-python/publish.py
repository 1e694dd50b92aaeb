"""Publishes orders to Keyport as CloudEvents, with a Keyport key as the password of NATS.

KEYPORT_TOKEN  a key with events:publish:<dataset>
NATS_URL       nats://host:port
DATASET        orders by default
"""

import asyncio
import hashlib
import json
import os
import sys

import nats
from nats.errors import Error, TimeoutError
from nats.js.errors import APIError

token = os.environ["KEYPORT_TOKEN"]
dataset = os.environ.get("DATASET", "orders")
subject = f"ingest.v1.{dataset}"

# The inbox that acknowledgements come to: the only one that the holder of this key may read.
inbox_prefix = "_INBOX." + hashlib.sha256(token.encode()).hexdigest()[:32]


def order(number: int) -> dict:
    """A CloudEvent 1.0. The same source and id again are the same event, and change nothing."""
    return {
        "specversion": "1.0",
        "id": f"order-{number}",
        "source": "/shop/python",
        "type": "keyport.record.upserted",
        "subject": f"A-{number}",
        "datacontenttype": "application/json",
        "data": {"orderId": f"A-{number}", "quantity": number},
    }


async def publish(stream, event: dict) -> str:
    """Resolves once the event is stored; one that got no answer is sent again, which is safe."""
    headers = {"Nats-Msg-Id": f"{event['source']}/{event['id']}"}
    for attempt in range(10):
        try:
            answer = await stream.publish(subject, json.dumps(event).encode(), headers=headers, timeout=10)
            return "was there already" if answer.duplicate else "stored"
        except (TimeoutError, APIError):
            await asyncio.sleep(0.1 * 2**attempt)
    raise RuntimeError(f"{event['id']} was not acknowledged")


async def refused(connection, errors: asyncio.Queue, subject: str) -> bool:
    """Whether the server refuses a message to this subject, which it says at once."""
    await connection.publish(subject, b"{}")
    try:
        return subject in str(await asyncio.wait_for(errors.get(), timeout=10)).lower()
    except asyncio.TimeoutError:
        return False


async def main() -> None:
    errors: asyncio.Queue = asyncio.Queue()

    async def note(error: Exception) -> None:
        errors.put_nowait(error)
        print(f"NATS: {error!r}", file=sys.stderr)

    connection = await nats.connect(
        os.environ["NATS_URL"],
        name="publish-from-python",
        user="publish-from-python",
        password=token,
        inbox_prefix=inbox_prefix,
        error_cb=note,
        # A refused key stays refused: better to end soon and say so.
        reconnect_time_wait=0.2,
        max_reconnect_attempts=30,
    )
    try:
        stream = connection.jetstream()
        for number in range(1, 4):
            print(f"order-{number} {await publish(stream, order(number))}")
        print(f"order-1 {await publish(stream, order(1))}")
        for other in ("ingest.v1.not-mine", "records.v1.write"):
            print(f"{other} {'refused' if await refused(connection, errors, other) else 'taken'}")
    finally:
        await connection.close()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Error as error:
        raise SystemExit(f"NATS: {error}") from None
