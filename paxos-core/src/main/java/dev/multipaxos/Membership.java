package dev.multipaxos;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The founding members of a cluster and how many of them decide. It must be the same on every member: nodes that were founded
 * differently refuse each other.
 *
 * @param members the members, ascending by id
 * @param phase1 how many of them elect a leader; 0 for a majority
 * @param phase2 how many of them choose a value; 0 for a majority
 */
public record Membership(List<Member> members, int phase1, int phase2) {

    /** The most members that a cluster can have. */
    public static final int MEMBERS_MAX = 64;

    /** Freezes the list, in ascending order of ids. */
    public Membership {
        List<Member> sorted = new ArrayList<>(members);
        sorted.sort(Comparator.comparingInt(Member::id));
        members = List.copyOf(sorted);
    }

    /**
     * Names the founding members, with majority quorums.
     *
     * @param members one text for each, {@code id=host:port}, in any order
     * @return the membership
     * @throws PaxosException.InvalidConfiguration if a text cannot be understood, naming all such texts
     */
    public static Membership of(String... members) {
        List<Member> parsed = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (String text : members) {
            int equals = text.indexOf('=');
            if (equals > 0 && text.substring(0, equals).strip().matches("[0-9]{1,9}")) {
                parsed.add(new Member(
                        Integer.parseInt(text.substring(0, equals).strip()),
                        text.substring(equals + 1).strip()));
            } else {
                problems.add("member '" + text + "' must look like 1=host:port");
            }
        }
        if (!problems.isEmpty()) {
            throw new PaxosException.InvalidConfiguration(problems);
        }
        return new Membership(parsed, 0, 0);
    }

    /**
     * Takes flexible quorums instead of majorities: a larger {@code phase1} buys a smaller {@code phase2}, which is what every
     * command waits for, at the price of elections that need more members.
     *
     * @param phase1 how many members elect a leader
     * @param phase2 how many members choose a value; the two together must be more than the members
     * @return the membership with these quorums
     */
    public Membership quorums(int phase1, int phase2) {
        return new Membership(members, phase1, phase2);
    }

    /**
     * Finds everything that is wrong; {@link PaxosNode.Builder#start} reports it.
     *
     * @return one sentence each; empty if all is well
     */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        int count = members.size();
        if (count == 0 || count > MEMBERS_MAX) {
            problems.add("a cluster has 1 to " + MEMBERS_MAX + " members, not " + count);
        }
        Set<Integer> ids = new HashSet<>();
        Set<String> addresses = new HashSet<>();
        for (Member member : members) {
            if (member.id() <= 0) {
                problems.add("member " + member + ": node ids must be positive");
            } else if (!ids.add(member.id())) {
                problems.add("node id " + member.id() + " is given to two members");
            }
            String address = addressProblem(member.address());
            if (!address.isEmpty()) {
                problems.add("member " + member + ": " + address);
            } else if (!addresses.add(member.address())) {
                problems.add("address " + member.address() + " is given to two members");
            }
        }
        boolean majority = phase1 == 0 && phase2 == 0;
        if (!majority && (phase1 < 1 || phase2 < 1 || phase1 > count || phase2 > count)) {
            problems.add("quorums of " + phase1 + " (phase 1) and " + phase2
                    + " (phase 2) must each be between 1 and the " + "number of members, " + count);
        } else if (!majority && phase1 + phase2 <= count) {
            problems.add("the first " + phase1 + " members (phase 1) and the last " + phase2 + " members (phase 2) of "
                    + count + " do not meet: the two sizes must add up to more than " + count);
        }
        return problems;
    }

    /** Says what is wrong with an address; empty if nothing is. Port 0 is allowed only to bind. */
    static String addressProblem(String address) {
        int colon = address.lastIndexOf(':');
        if (colon < 1 || !address.substring(colon + 1).matches("[0-9]{1,5}")) {
            return "address '" + address + "' must look like host:port";
        }
        if (Integer.parseInt(address.substring(colon + 1)) > 65_535) {
            return "the port of '" + address + "' must be at most 65535";
        }
        return "";
    }
}
