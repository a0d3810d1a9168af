package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.proto.JournalProto.AcceptedHead;
import dev.multipaxos.wire.proto.JournalProto.ConfirmedHead;
import dev.multipaxos.wire.proto.JournalProto.LeaseLimitHead;
import dev.multipaxos.wire.proto.JournalProto.PinnedHead;
import dev.multipaxos.wire.proto.JournalProto.RecordKind;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Records in the journal: the number of a kind, a head, which is its length as a varint and a message of the schema, and a
 * body, which is the commands of the value. The storage keeps the kind and the slots beside them. Stateless; any thread.
 */
public final class RecordCodec {
    /** The number of {@link dev.multipaxos.wire.Pinned}, which is no record of the protocol. */
    public static final int PINNED = RecordKind.RECORD_KIND_PINNED_VALUE;

    // A field has the same number in the heads of all kinds: one writer and one reader do for all.
    private static final int SLOT = AcceptedHead.SLOT_FIELD_NUMBER;
    private static final int BALLOT = AcceptedHead.BALLOT_FIELD_NUMBER;
    private static final int VALUE = AcceptedHead.VALUE_FIELD_NUMBER;

    private static final Parser<PinnedHead> PINNED_HEAD = Head.parser(PinnedHead.parser());

    /** The number of {@link dev.multipaxos.wire.Confirmed}, which is no record of the protocol. */
    public static final int CONFIRMED = RecordKind.RECORD_KIND_CONFIRMED_VALUE;

    private static final Parser<ConfirmedHead> CONFIRMED_HEAD = Head.parser(ConfirmedHead.parser());

    /** The number of {@link dev.multipaxos.wire.LeaseLimit}, which is no record of the protocol. */
    public static final int LEASE_LIMIT = RecordKind.RECORD_KIND_LEASE_LIMIT_VALUE;

    private static final Parser<LeaseLimitHead> LEASE_LIMIT_HEAD = Head.parser(LeaseLimitHead.parser());

    private RecordCodec() {}

    /**
     * Tells of what kind a record is.
     *
     * @param record the record
     * @return the number of its kind
     */
    public static int kind(Record record) {
        if (record instanceof Record.Accepted) {
            return RecordKind.RECORD_KIND_ACCEPTED_VALUE;
        } else if (record instanceof Record.ChosenUpTo) {
            return RecordKind.RECORD_KIND_CHOSEN_UP_TO_VALUE;
        } else if (record instanceof Record.Chosen) {
            return RecordKind.RECORD_KIND_CHOSEN_VALUE;
        } else if (record instanceof Record.Promised) {
            return RecordKind.RECORD_KIND_PROMISED_VALUE;
        } else if (record instanceof Record.Installed) {
            return RecordKind.RECORD_KIND_INSTALLED_VALUE;
        }
        throw new IllegalStateException("no encoding for " + record.getClass());
    }

    /**
     * Tells which slots a record touches.
     *
     * @param record the record
     * @return the first; 0 if it touches none. A {@link Record.ChosenUpTo} or {@link Record.Installed} speaks of slots and touches none
     */
    public static long slotFrom(Record record) {
        if (record instanceof Record.Accepted accepted) {
            return accepted.slot();
        }
        return record instanceof Record.Chosen chosen ? chosen.slot() : 0;
    }

    /**
     * Tells which slots a record touches.
     *
     * @param record the record
     * @return the last; 0 if it touches none
     */
    public static long slotTo(Record record) {
        return slotFrom(record);
    }

    /**
     * Encodes the first part of a record.
     *
     * @param record the record
     * @return its head with its length
     */
    public static Bytes head(Record record) {
        return Head.delimited(content(record));
    }

    /**
     * Finds the second part of a record.
     *
     * @param record the record
     * @return the commands of its value, the same object; empty if it has none
     */
    public static Bytes body(Record record) {
        if (record instanceof Record.Accepted accepted) {
            return Values.body(accepted.value());
        }
        return record instanceof Record.Chosen chosen ? Values.body(chosen.value()) : Bytes.EMPTY;
    }

    /**
     * Decodes a record.
     *
     * @param kind the number of its kind
     * @param bytes its head and its body; anything at all may be in it
     * @return the record; its commands are a part of {@code bytes}, not copied
     * @throws WireException if it is no valid record of the protocol
     */
    public static Record decode(int kind, Bytes bytes) throws WireException {
        if (isRuntimes(kind)) {
            throw Head.bad("record kind " + kind + " belongs to the runtime, not to the protocol");
        }
        try {
            CodedInputStream in = CodedInputStream.newInstance(bytes.array(), bytes.offset(), bytes.length());
            Body body = Body.behindHead(bytes, in);
            long slot = 0;
            Ballot ballot = Ballot.ZERO;
            Value value = null;
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case SLOT << 3 | WireFormat.WIRETYPE_VARINT -> slot = in.readInt64();
                    case BALLOT << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> ballot = Values.readBallot(in);
                    case VALUE << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED -> value = Values.readValue(in, body);
                    default -> Head.skip(in, tag);
                }
            }
            in.checkLastTagWas(0);
            body.end();
            return record(kind, slot, ballot, value);
        } catch (IOException e) {
            throw Head.invalid("record of kind " + kind, e);
        }
    }

    private static Record record(int kind, long slot, Ballot ballot, @Nullable Value value) throws WireException {
        switch (kind) {
            case RecordKind.RECORD_KIND_PROMISED_VALUE -> {
                return new Record.Promised(Values.used(ballot));
            }
            case RecordKind.RECORD_KIND_ACCEPTED_VALUE -> {
                return new Record.Accepted(Head.slot(slot), Values.used(ballot), Values.present(slot, value));
            }
            case RecordKind.RECORD_KIND_CHOSEN_VALUE -> {
                return new Record.Chosen(Head.slot(slot), Values.present(slot, value));
            }
            case RecordKind.RECORD_KIND_CHOSEN_UP_TO_VALUE -> {
                return new Record.ChosenUpTo(Head.notNegative("the end of the chosen prefix", slot));
            }
            case RecordKind.RECORD_KIND_INSTALLED_VALUE -> {
                return new Record.Installed(Head.slot(slot));
            }
            default -> throw Head.bad("record kind " + kind + " is unknown; a newer version may have written it");
        }
    }

    /**
     * Tells whose a record is.
     *
     * @param kind the number of its kind
     * @return whether it is one of the runtime, not of the protocol
     */
    public static boolean isRuntimes(int kind) {
        return kind == PINNED || kind == CONFIRMED || kind == LEASE_LIMIT;
    }

    /**
     * Tells of what kind a record is.
     *
     * @param record the record
     * @return the number of its kind
     */
    public static int kind(RuntimeRecord record) {
        if (record instanceof Pinned) {
            return PINNED;
        }
        return record instanceof Confirmed ? CONFIRMED : LEASE_LIMIT;
    }

    /**
     * Encodes a record of the runtime.
     *
     * @param record the record
     * @return all of it; it has no body
     */
    public static Bytes encode(RuntimeRecord record) {
        if (record instanceof Pinned pinned) {
            return Head.delimited(new Content.Generated(PinnedHead.newBuilder()
                    .setNode(pinned.node())
                    .setStorageId(pinned.storageId())
                    .setBootCount(pinned.bootCount())
                    .setPosition(pinned.position())
                    .build()));
        } else if (record instanceof Confirmed confirmed) {
            return Head.delimited(new Content.Generated(ConfirmedHead.newBuilder()
                    .setStorageId(confirmed.storageId())
                    .build()));
        } else if (record instanceof LeaseLimit limit) {
            return Head.delimited(new Content.Generated(
                    LeaseLimitHead.newBuilder().setNanos(limit.nanos()).build()));
        }
        throw new IllegalStateException("no encoding for " + record.getClass());
    }

    /**
     * Decodes a record of the runtime.
     *
     * @param kind the number of its kind
     * @param bytes the record; anything at all may be in it
     * @return the record
     * @throws WireException if it is no valid record of the runtime
     */
    public static RuntimeRecord decodeRuntimes(int kind, Bytes bytes) throws WireException {
        if (!isRuntimes(kind)) {
            throw Head.bad("record kind " + kind + " is none of the runtime's");
        }
        try {
            CodedInputStream in = CodedInputStream.newInstance(bytes.array(), bytes.offset(), bytes.length());
            Body body = Body.behindHead(bytes, in);
            body.end();
            return switch (kind) {
                case PINNED -> pinned(PINNED_HEAD.parseFrom(in));
                case CONFIRMED -> confirmed(CONFIRMED_HEAD.parseFrom(in));
                default -> leaseLimit(LEASE_LIMIT_HEAD.parseFrom(in));
            };
        } catch (IOException e) {
            throw Head.invalid("record of kind " + kind, e);
        }
    }

    private static Pinned pinned(PinnedHead head) throws WireException {
        if (head.getStorageId() == 0) {
            throw Head.bad("node " + head.getNode() + " is pinned to no storage");
        }
        return new Pinned(
                Head.node("the pinned", head.getNode()),
                head.getStorageId(),
                Head.notNegative("the boot count", head.getBootCount()),
                Head.notNegative("the journal position", head.getPosition()));
    }

    private static Confirmed confirmed(ConfirmedHead head) throws WireException {
        if (head.getStorageId() == 0) {
            throw Head.bad("no storage is confirmed");
        }
        return new Confirmed(head.getStorageId());
    }

    private static LeaseLimit leaseLimit(LeaseLimitHead head) throws WireException {
        return new LeaseLimit(Head.notNegative("the length of leases", head.getNanos()));
    }

    private static Content content(Record record) {
        if (record instanceof Record.Accepted accepted) {
            return new Fields(accepted.slot(), accepted.ballot(), accepted.value());
        } else if (record instanceof Record.ChosenUpTo chosen) {
            return new Fields(chosen.slot(), Ballot.ZERO, null);
        } else if (record instanceof Record.Chosen chosen) {
            return new Fields(chosen.slot(), Ballot.ZERO, chosen.value());
        } else if (record instanceof Record.Promised promised) {
            return new Fields(0, promised.ballot(), null);
        } else if (record instanceof Record.Installed installed) {
            return new Fields(installed.slot(), Ballot.ZERO, null);
        }
        throw new IllegalStateException("no encoding for " + record.getClass());
    }

    /** What is in the head of a record of any kind. Written by hand, as every slot comes through here on every member. */
    private record Fields(
            long slot, Ballot ballot, @Nullable Value value) implements Content {
        @Override
        public int size() {
            return Head.sizeOfInt64(SLOT, slot)
                    + Values.sizeOfBallot(BALLOT, ballot)
                    + (value == null ? 0 : Values.sizeOfValue(VALUE, value));
        }

        @Override
        public void writeTo(CodedOutputStream out) throws IOException {
            Head.writeInt64(out, SLOT, slot);
            Values.writeBallot(out, BALLOT, ballot);
            if (value != null) {
                Values.writeValue(out, VALUE, value);
            }
        }
    }
}
