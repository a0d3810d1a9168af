package dev.multipaxos.examples.kv;

import dev.multipaxos.Codec;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.examples.kv.FieldReader.MalformedException;
import dev.multipaxos.examples.kv.KvCommand.Expected;
import java.util.ArrayList;
import java.util.List;

/**
 * Commands and answers as bytes: the version of the format, what it is, and its fields. Commands are kept in the journal, so a
 * version that was ever written must be understood for ever.
 */
public final class KvCodec {
    private static final int VERSION = 1;

    private static final int UNREADABLE = 0;
    private static final int PUT = 1;
    private static final int DELETE = 2;
    private static final int APPEND = 3;
    private static final int SET_IF_ABSENT = 4;
    private static final int SET_IF_VALUE = 5;
    private static final int SET_IF_REVISION = 6;
    private static final int GET = 7;
    private static final int GET_UNLESS_SEEN = 8;
    private static final int SCAN = 9;
    private static final int STATUS = 10;

    private static final int WRITTEN = 1;
    private static final int FOUND = 2;
    private static final int NOT_FOUND = 3;
    private static final int UNCHANGED = 4;
    private static final int CONFLICT = 5;
    private static final int PAGE = 6;
    private static final int SERVER_STATUS = 7;
    private static final int REFUSED = 8;

    private KvCodec() {}

    /** {@return the codec for commands; bytes that are none become {@link KvCommand.Unreadable}} */
    public static Codec<KvCommand> commands() {
        return new Codec<>() {
            @Override
            public Bytes encode(KvCommand value) {
                return encodeCommand(value);
            }

            @Override
            public KvCommand decode(Bytes bytes) {
                try {
                    FieldReader in = begin(bytes);
                    KvCommand command = command(in);
                    in.end();
                    return command;
                } catch (MalformedException e) {
                    return new KvCommand.Unreadable(e.reason());
                }
            }
        };
    }

    /** {@return the codec for answers; bytes that are none are an {@link IllegalArgumentException}} */
    public static Codec<KvAnswer> answers() {
        return new Codec<>() {
            @Override
            public Bytes encode(KvAnswer value) {
                return encodeAnswer(value);
            }

            @Override
            public KvAnswer decode(Bytes bytes) {
                try {
                    FieldReader in = begin(bytes);
                    KvAnswer answer = answer(in);
                    in.end();
                    return answer;
                } catch (MalformedException e) {
                    throw new IllegalArgumentException(
                            "these " + bytes.length() + " bytes are no answer of this store: " + e.reason()
                                    + "; is it a kv server that answers?",
                            e);
                }
            }
        };
    }

    private static FieldReader begin(Bytes bytes) {
        FieldReader in = new FieldReader(bytes);
        int version = in.octet();
        if (version != VERSION) {
            throw new MalformedException("its format has version " + version + ", and only " + VERSION + " is known");
        }
        return in;
    }

    private static FieldWriter begin(int kind) {
        return new FieldWriter().octet(VERSION).octet(kind);
    }

    private static Bytes encodeCommand(KvCommand value) {
        FieldWriter out;
        if (value instanceof KvCommand.Put put) {
            out = begin(PUT).text(put.key()).text(put.value());
        } else if (value instanceof KvCommand.Delete delete) {
            out = begin(DELETE).text(delete.key());
        } else if (value instanceof KvCommand.Append append) {
            out = begin(APPEND).text(append.key()).text(append.value());
        } else if (value instanceof KvCommand.CompareAndSet set) {
            out = encodeCompareAndSet(set);
        } else if (value instanceof KvCommand.Get get) {
            out = begin(GET).text(get.key());
        } else if (value instanceof KvCommand.GetUnlessSeen get) {
            out = begin(GET_UNLESS_SEEN).text(get.key()).number(get.revision());
        } else if (value instanceof KvCommand.Scan scan) {
            out = begin(SCAN).text(scan.prefix()).text(scan.after()).number(scan.limit());
        } else if (value instanceof KvCommand.Status) {
            out = begin(STATUS);
        } else {
            out = begin(UNREADABLE);
        }
        return Bytes.wrap(out.toByteArray());
    }

    private static FieldWriter encodeCompareAndSet(KvCommand.CompareAndSet set) {
        FieldWriter out;
        if (set.expected() instanceof Expected.Value value) {
            out = begin(SET_IF_VALUE).text(set.key()).text(value.value());
        } else if (set.expected() instanceof Expected.Revision revision) {
            out = begin(SET_IF_REVISION).text(set.key()).number(revision.revision());
        } else {
            out = begin(SET_IF_ABSENT).text(set.key());
        }
        return out.text(set.value());
    }

    private static KvCommand command(FieldReader in) {
        int kind = in.octet();
        return switch (kind) {
            case PUT -> new KvCommand.Put(in.text(), in.text());
            case DELETE -> new KvCommand.Delete(in.text());
            case APPEND -> new KvCommand.Append(in.text(), in.text());
            case SET_IF_ABSENT -> new KvCommand.CompareAndSet(in.text(), new Expected.Absent(), in.text());
            case SET_IF_VALUE -> new KvCommand.CompareAndSet(in.text(), new Expected.Value(in.text()), in.text());
            case SET_IF_REVISION ->
                new KvCommand.CompareAndSet(in.text(), new Expected.Revision(in.number()), in.text());
            case GET -> new KvCommand.Get(in.text());
            case GET_UNLESS_SEEN -> new KvCommand.GetUnlessSeen(in.text(), in.number());
            case SCAN -> new KvCommand.Scan(in.text(), in.text(), in.count());
            case STATUS -> new KvCommand.Status();
            default -> throw new MalformedException("its kind is " + kind + ", which is not known");
        };
    }

    private static Bytes encodeAnswer(KvAnswer value) {
        FieldWriter out;
        if (value instanceof KvAnswer.Written written) {
            out = begin(WRITTEN).number(written.revision());
        } else if (value instanceof KvAnswer.Found found) {
            out = begin(FOUND).text(found.value()).number(found.revision());
        } else if (value instanceof KvAnswer.NotFound) {
            out = begin(NOT_FOUND);
        } else if (value instanceof KvAnswer.Unchanged) {
            out = begin(UNCHANGED);
        } else if (value instanceof KvAnswer.Conflict conflict) {
            out = begin(CONFLICT).text(conflict.value()).number(conflict.revision());
        } else if (value instanceof KvAnswer.Page page) {
            out = begin(PAGE).flag(page.more()).number(page.items().size());
            for (KvAnswer.Item item : page.items()) {
                out.text(item.key()).text(item.value()).number(item.revision());
            }
        } else if (value instanceof KvAnswer.ServerStatus status) {
            KvAnswer.Member member = status.member();
            out = begin(SERVER_STATUS)
                    .number(member.node())
                    .flag(member.leads())
                    .number(member.leader())
                    .number(member.executedSlot())
                    .number(status.revision())
                    .number(status.keys())
                    .number(status.contentHash());
        } else {
            out = begin(REFUSED).text(((KvAnswer.Refused) value).reason());
        }
        return Bytes.wrap(out.toByteArray());
    }

    private static KvAnswer answer(FieldReader in) {
        int kind = in.octet();
        return switch (kind) {
            case WRITTEN -> new KvAnswer.Written(in.number());
            case FOUND -> new KvAnswer.Found(in.text(), in.number());
            case NOT_FOUND -> new KvAnswer.NotFound();
            case UNCHANGED -> new KvAnswer.Unchanged();
            case CONFLICT -> new KvAnswer.Conflict(in.text(), in.number());
            case PAGE -> page(in);
            case SERVER_STATUS ->
                new KvAnswer.ServerStatus(
                        new KvAnswer.Member(in.count(), in.flag(), in.count(), in.number()),
                        in.number(),
                        in.count(),
                        in.number());
            case REFUSED -> new KvAnswer.Refused(in.text());
            default -> throw new MalformedException("its kind is " + kind + ", which is not known");
        };
    }

    private static KvAnswer.Page page(FieldReader in) {
        boolean more = in.flag();
        int count = in.items();
        List<KvAnswer.Item> items = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            items.add(new KvAnswer.Item(in.text(), in.text(), in.number()));
        }
        return new KvAnswer.Page(items, more);
    }
}
