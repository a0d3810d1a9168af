package dev.multipaxos.testkit.ledger;

import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Accounts and the money in them, of which a transfer makes none and loses none. Each booking has a number. */
class Ledger implements StateMachine<Ledger.Order, Ledger.Receipt> {

    enum Kind {
        DEPOSIT,
        TRANSFER,
        BALANCE
    }

    record Order(Kind kind, int from, int to, long amount) {
        private static final List<Kind> KINDS = List.of(Kind.values());

        byte[] toBytes() {
            return ByteBuffer.allocate(17)
                    .put((byte) KINDS.indexOf(kind))
                    .putInt(from)
                    .putInt(to)
                    .putLong(amount)
                    .array();
        }

        static Order of(byte[] bytes) {
            ByteBuffer in = ByteBuffer.wrap(bytes);
            return new Order(KINDS.get(in.get()), in.getInt(), in.getInt(), in.getLong());
        }
    }

    /** The number of the booking, 0 if nothing was booked; and what is in the account now. */
    record Receipt(long number, long balance) {

        byte[] toBytes() {
            return ByteBuffer.allocate(16).putLong(number).putLong(balance).array();
        }

        static Receipt of(byte[] bytes) {
            ByteBuffer in = ByteBuffer.wrap(bytes);
            return new Receipt(in.getLong(), in.getLong());
        }
    }

    final SortedMap<Integer, Long> balances = new TreeMap<>();
    long booked;

    @Override
    public Receipt apply(Context at, Order order) {
        if (order.kind() == Kind.BALANCE || !isCovered(order)) {
            return query(order);
        }
        if (order.kind() == Kind.TRANSFER) {
            balances.merge(order.from(), -order.amount(), Long::sum);
        }
        balances.merge(order.to(), order.amount(), Long::sum);
        return new Receipt(++booked, balance(order.to()));
    }

    boolean isCovered(Order order) {
        return order.kind() != Kind.TRANSFER || order.amount() <= balance(order.from());
    }

    long balance(int account) {
        return balances.getOrDefault(account, 0L);
    }

    @Override
    public Receipt query(Order order) {
        return new Receipt(0, balance(order.to()));
    }

    @Override
    public Snapshot snapshot() {
        long number = booked;
        SortedMap<Integer, Long> captured = new TreeMap<>(balances);
        return target -> {
            DataOutputStream out = new DataOutputStream(target);
            out.writeLong(number);
            out.writeInt(captured.size());
            for (Map.Entry<Integer, Long> account : captured.entrySet()) {
                out.writeInt(account.getKey());
                out.writeLong(account.getValue());
            }
        };
    }

    @Override
    public void restore(InputStream source) throws IOException {
        DataInputStream in = new DataInputStream(source);
        booked = in.readLong();
        balances.clear();
        for (int left = in.readInt(); left > 0; left--) {
            balances.put(in.readInt(), in.readLong());
        }
    }
}
