package dev.multipaxos.testkit.tools;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.LeaseLimit;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.RuntimeRecord;
import dev.multipaxos.wire.WireException;
import org.jspecify.annotations.Nullable;

/**
 * A record of the journal in words.
 *
 * @param kind its kind, as the protocol calls it
 * @param detail what it says besides slot and value; empty if nothing
 * @param value the commands of its value; null if it has none
 * @param chosenUpTo the prefix that it says is chosen; -1 if it says nothing of that
 * @param pinned the peer that it pins; null if it pins none
 */
record RecordText(
        String kind,
        String detail,
        @Nullable Bytes value,
        long chosenUpTo,
        @Nullable Pinned pinned) {

    static RecordText of(int kind, Bytes body) throws WireException {
        if (RecordCodec.isRuntimes(kind)) {
            RuntimeRecord record = RecordCodec.decodeRuntimes(kind, body);
            if (record instanceof Pinned pinned) {
                String detail = "node " + pinned.node() + ", storage " + Long.toHexString(pinned.storageId());
                return new RecordText("Pinned", detail, null, -1, pinned);
            }
            String detail = record instanceof LeaseLimit limit ? limit.nanos() / 1_000_000 + " ms" : "";
            return new RecordText(record.getClass().getSimpleName(), detail, null, -1, null);
        }
        Record record = RecordCodec.decode(kind, body);
        String name = record.getClass().getSimpleName();
        if (record instanceof Record.Accepted accepted) {
            return withValue(name, "ballot " + accepted.ballot(), accepted.value());
        } else if (record instanceof Record.Chosen chosen) {
            return withValue(name, "", chosen.value());
        } else if (record instanceof Record.ChosenUpTo prefix) {
            return new RecordText(name, "slot " + prefix.slot(), null, prefix.slot(), null);
        } else if (record instanceof Record.Promised promised) {
            return new RecordText(name, "ballot " + promised.ballot(), null, -1, null);
        }
        return new RecordText(name, record.toString(), null, -1, null);
    }

    private static RecordText withValue(String name, String detail, Value value) {
        return value instanceof Value.Batch batch
                ? new RecordText(name, detail, batch.commands(), -1, null)
                : new RecordText(name, detail.isEmpty() ? "no-op" : detail + ", no-op", null, -1, null);
    }
}
