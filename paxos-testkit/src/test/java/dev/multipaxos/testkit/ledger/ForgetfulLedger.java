package dev.multipaxos.testkit.ledger;

import dev.multipaxos.Snapshot;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The bug of the tutorial: the number of the last booking is not in the snapshot. */
class ForgetfulLedger extends Ledger {

    @Override
    public Snapshot snapshot() {
        SortedMap<Integer, Long> captured = new TreeMap<>(balances);
        return target -> {
            DataOutputStream out = new DataOutputStream(target);
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
        balances.clear();
        for (int left = in.readInt(); left > 0; left--) {
            balances.put(in.readInt(), in.readLong());
        }
    }
}
