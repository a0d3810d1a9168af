package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import dev.multipaxos.bytes.Bytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * The fields of heads, one by one, for those that are written and read by hand. What is written is what the generated classes
 * of the schema write: fields ascending, zeros left out.
 */
final class Head {
    /** The field numbers in which a head says of what kind it is; others are its envelope. */
    private static final int FIRST_KIND = 16;

    private static final int LAST_KIND = 127;

    private Head() {}

    /**
     * Puts the length before a head.
     *
     * @param content the head
     * @return both
     */
    static Bytes delimited(Content content) {
        int size = content.size();
        byte[] bytes = new byte[CodedOutputStream.computeUInt32SizeNoTag(size) + size];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            out.writeUInt32NoTag(size);
            content.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException(content + " is longer than it said", e);
        }
        out.checkNoSpaceLeft();
        return Bytes.wrap(bytes);
    }

    /**
     * Puts the parts of a body one after the other.
     *
     * @param parts the parts
     * @return a copy, unless there is but one
     */
    static Bytes concatenated(List<Bytes> parts) {
        if (parts.size() == 1) {
            return parts.get(0);
        }
        int length = 0;
        for (Bytes part : parts) {
            length = Math.addExact(length, part.length());
        }
        byte[] whole = new byte[length];
        int at = 0;
        for (Bytes part : parts) {
            System.arraycopy(part.array(), part.offset(), whole, at, part.length());
            at += part.length();
        }
        return Bytes.wrap(whole);
    }

    static int sizeOfInt64(int field, long value) {
        return value == 0 ? 0 : CodedOutputStream.computeInt64Size(field, value);
    }

    static void writeInt64(CodedOutputStream out, int field, long value) throws IOException {
        if (value != 0) {
            out.writeInt64(field, value);
        }
    }

    static int sizeOfFixed64(int field, long value) {
        return value == 0 ? 0 : CodedOutputStream.computeFixed64Size(field, value);
    }

    static void writeFixed64(CodedOutputStream out, int field, long value) throws IOException {
        if (value != 0) {
            out.writeFixed64(field, value);
        }
    }

    /**
     * Computes the size of a field that holds a message, an empty one too.
     *
     * @param field its number
     * @param content the size of the message
     */
    static int sizeOfMessage(int field, int content) {
        return CodedOutputStream.computeTagSize(field) + CodedOutputStream.computeUInt32SizeNoTag(content) + content;
    }

    /**
     * Writes all of a field that holds a message but the message.
     *
     * @param out where to
     * @param field its number
     * @param content the size of the message
     */
    static void startMessage(CodedOutputStream out, int field, int content) throws IOException {
        out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(content);
    }

    /**
     * Begins to read a field that holds a message.
     *
     * @param in stands behind the tag
     * @return what {@link #endMessage} needs
     */
    static int enterMessage(CodedInputStream in) throws IOException {
        return in.pushLimit(in.readRawVarint32());
    }

    static void endMessage(CodedInputStream in, int outerLimit) throws IOException {
        in.checkLastTagWas(0);
        in.popLimit(outerLimit);
    }

    /**
     * Tells a field that says what a head is about from one of its envelope.
     *
     * @param tag the tag of the field
     * @return its number, if it is what the head is about; else 0
     * @throws WireException if it is that and no message
     */
    static int kind(int tag) throws WireException {
        int field = WireFormat.getTagFieldNumber(tag);
        if (field < FIRST_KIND || field > LAST_KIND) {
            return 0;
        }
        if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
            throw unknownKind("message", field);
        }
        return field;
    }

    /**
     * Refuses what this version does not understand.
     *
     * @param what what it is
     * @param kind the number that says of what kind
     * @return an exception to throw
     */
    static WireException unknownKind(String what, int kind) {
        return bad(what + " " + kind + " is of an unknown kind; the sender may be newer");
    }

    /**
     * Reads a field that holds a message, by its generated class.
     *
     * @param in stands behind the tag
     * @param parser one of {@link #parser}
     */
    static <T extends MessageLite> T readMessage(CodedInputStream in, Parser<T> parser) throws IOException {
        return in.readMessage(parser, ExtensionRegistryLite.getEmptyRegistry());
    }

    /**
     * Makes a parser that does not keep what it does not know: bytes off the wire do not choose what is allocated.
     *
     * @param parser a generated parser
     */
    static <T extends Message> Parser<T> parser(Parser<T> parser) {
        return DiscardUnknownFieldsParser.wrap(parser);
    }

    /**
     * Passes over a field that this version does not know.
     *
     * @param in stands behind the tag
     * @param tag the tag
     */
    static void skip(CodedInputStream in, int tag) throws IOException {
        if (!in.skipField(tag)) {
            throw bad("a group ends that did not begin");
        }
    }

    /**
     * Complains of what cannot be.
     *
     * @param what what is wrong
     * @return an exception to throw
     */
    static WireException bad(String what) {
        return new WireException(what, null);
    }

    /**
     * Refuses a slot below the first.
     *
     * @param slot the slot
     * @return the slot
     */
    static long slot(long slot) throws WireException {
        if (slot < 1) {
            throw bad("slot " + slot + " is below 1");
        }
        return slot;
    }

    /**
     * Refuses a negative number.
     *
     * @param what what it counts
     * @param number the number
     * @return the number
     */
    static long notNegative(String what, long number) throws WireException {
        if (number < 0) {
            throw bad(what + " is " + number);
        }
        return number;
    }

    /**
     * Refuses a group's id that is 0 or negative.
     *
     * @param group the id
     * @return the id
     */
    static int group(int group) throws WireException {
        if (group < 1) {
            throw bad("group " + group + ", but ids begin at 1");
        }
        return group;
    }

    /**
     * Refuses a node's id that is 0 or negative.
     *
     * @param what whose it is
     * @param node the id
     * @return the id
     */
    static int node(String what, int node) throws WireException {
        if (node < 1) {
            throw bad(what + " is node " + node + ", but ids begin at 1");
        }
        return node;
    }

    /**
     * Makes one exception of all that a parser may complain of.
     *
     * @param what what was parsed
     * @param complaint the complaint
     * @return an exception to throw
     */
    static WireException invalid(String what, IOException complaint) {
        return complaint instanceof WireException wire
                ? wire
                : new WireException("no " + what + ": " + complaint.getMessage(), complaint);
    }
}
