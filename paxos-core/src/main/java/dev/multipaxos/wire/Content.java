package dev.multipaxos.wire;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import java.io.IOException;

/** A message of the schema that knows its size: a generated one, or one of the few that are written by hand because they are hot. */
interface Content {

    /** {@return the size of the encoding in bytes} */
    int size();

    /**
     * Writes the encoding.
     *
     * @param out where to
     * @throws IOException if it is more than {@link #size} and does not fit
     */
    void writeTo(CodedOutputStream out) throws IOException;

    /**
     * Wraps what is not worth writing by hand.
     *
     * @param message of a generated class
     */
    record Generated(MessageLite message) implements Content {
        @Override
        public int size() {
            return message.getSerializedSize();
        }

        @Override
        public void writeTo(CodedOutputStream out) throws IOException {
            message.writeTo(out);
        }
    }

    /**
     * What a head says.
     *
     * @param kind of what kind it is: the number of the field that holds it
     * @param content all the rest
     */
    record Said(int kind, Content content) {

        /**
         * Says what is not worth writing by hand.
         *
         * @param kind the number of the field
         * @param message of a generated class
         */
        static Said generated(int kind, MessageLite message) {
            return new Said(kind, new Generated(message));
        }
    }
}
