package dev.multipaxos.testkit.ledger;

import dev.multipaxos.Codec;
import dev.multipaxos.StateMachine;
import dev.multipaxos.testkit.history.Specification;
import dev.multipaxos.testkit.history.Specification.Step;
import dev.multipaxos.testkit.ledger.Ledger.Kind;
import dev.multipaxos.testkit.ledger.Ledger.Order;
import dev.multipaxos.testkit.ledger.Ledger.Receipt;
import dev.multipaxos.testkit.sim.Workload;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Four accounts, and clients who deposit, transfer and look. */
class LedgerWorkload implements Workload<Order, Receipt> {

    @Override
    public StateMachine<Order, Receipt> stateMachine() {
        return new Ledger();
    }

    @Override
    public Codec<Order> commands() {
        return Codec.of(Order::toBytes, Order::of);
    }

    @Override
    public Codec<Receipt> answers() {
        return Codec.of(Receipt::toBytes, Receipt::of);
    }

    @Override
    public Order command(SplittableRandom random) {
        Kind kind = random.nextBoolean() ? Kind.DEPOSIT : Kind.TRANSFER;
        return new Order(kind, random.nextInt(4), random.nextInt(4), 1 + random.nextInt(9));
    }

    @Override
    public Order query(SplittableRandom random) {
        return new Order(Kind.BALANCE, 0, random.nextInt(4), 0);
    }

    @Override
    public Specification<Books, Order, Receipt> specification() {
        return Specification.of(new Books(Map.of(), 0), Books::step);
    }

    @Override
    public boolean snapshotsAreCanonical() {
        return true; // it writes the accounts in the order of their numbers
    }

    /** The same on paper: as simple as can be, and without a thought to speed. */
    record Books(Map<Integer, Long> balances, long booked) {

        Step<Books, Receipt> step(Order order) {
            return switch (order.kind()) {
                case BALANCE -> look(order.to());
                case DEPOSIT -> plus(order.to(), order.amount()).book(order.to());
                case TRANSFER ->
                    in(order.from()) < order.amount()
                            ? look(order.to())
                            : plus(order.from(), -order.amount())
                                    .plus(order.to(), order.amount())
                                    .book(order.to());
            };
        }

        long in(int account) {
            return balances.getOrDefault(account, 0L);
        }

        Books plus(int account, long amount) {
            Map<Integer, Long> changed = new TreeMap<>(balances);
            changed.merge(account, amount, Long::sum);
            return new Books(changed, booked);
        }

        Step<Books, Receipt> look(int account) {
            return new Step<>(this, new Receipt(0, in(account)));
        }

        Step<Books, Receipt> book(int account) {
            return new Step<>(new Books(balances, booked + 1), new Receipt(booked + 1, in(account)));
        }
    }
}
