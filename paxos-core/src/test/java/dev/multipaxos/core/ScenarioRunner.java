package dev.multipaxos.core;

import dev.multipaxos.core.Cluster.Flight;
import dev.multipaxos.core.Cluster.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Carries out the commands of a {@link Scenario}, and prints their outcome. {@code docs/scenarios.md} explains each. */
final class ScenarioRunner {

    /** One command: takes the words after its name, prints lines. */
    private interface Command {
        List<String> run(Words words);
    }

    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
    private static final Pattern LINK = Pattern.compile("(\\d+|\\*)->(\\d+|\\*)");

    /** With this one nobody's time is near T, so that no follower campaigns merely because "campaign" made it forget a leader. */
    private static final long JITTER_SEED = 11;

    private final Map<String, Command> commands = new TreeMap<>();
    private final Set<String> cuts = new HashSet<>(); // "1->2": nothing gets from 1 to 2
    private final Map<Long, Integer> reads = new LinkedHashMap<>(); // where each was asked
    private @Nullable Cluster cluster;

    ScenarioRunner() {
        commands.put("group", this::group);
        commands.put("elect", this::elect);
        commands.put("campaign", this::campaign);
        commands.put("propose", this::propose);
        commands.put("read", this::read);
        commands.put("messages", this::messages);
        commands.put("deliver", this::deliver);
        commands.put("drop", this::drop);
        commands.put("settle", this::settle);
        commands.put("cut", this::cut);
        commands.put("heal", this::heal);
        commands.put("tick", this::tick);
        commands.put("time", this::time);
        commands.put("disks", this::disks);
        commands.put("disk", this::disk);
        commands.put("force", this::force);
        commands.put("crash", this::crash);
        commands.put("restart", this::restart);
        commands.put("show", this::show);
        commands.put("merge", this::merge);
        commands.put("executed", this::executed);
    }

    /**
     * Runs one command.
     *
     * @param line the command, without the {@code "> "}
     * @return what it prints
     * @throws IllegalArgumentException saying what is wrong with it
     */
    List<String> run(String line) {
        Words words = new Words(line);
        String name = words.next("a command");
        Command command = commands.get(name);
        if (command == null) {
            throw new IllegalArgumentException(
                    "unknown command '" + name + "'; there are: " + String.join(", ", commands.keySet()));
        }
        List<String> printed = command.run(words);
        words.end();
        return printed;
    }

    private Cluster cluster() {
        if (cluster == null) {
            throw new IllegalArgumentException("the first command must be 'group', for example: group 1 2 3");
        }
        return cluster;
    }

    private Node node(Words words) {
        return cluster().node(words.number("a server"));
    }

    private Node nodeThatIsUp(Words words) {
        Node node = node(words);
        if (!node.isUp()) {
            throw new IllegalArgumentException("server " + node.id + " is down");
        }
        return node;
    }

    // ---- the group ----

    private List<String> group(Words words) {
        List<Integer> members = new ArrayList<>();
        int alpha = 8;
        while (words.more()) {
            if (words.takes("window")) {
                alpha = words.number("the window");
            } else {
                members.add(words.number("a server"));
            }
        }
        Parameters parameters = new Parameters(alpha, 2 * alpha, 5, 25, JITTER_SEED, 1024, 4096, 4096);
        Configuration configuration = Configuration.majority(
                members.stream().mapToInt(Integer::intValue).toArray());
        cluster = new Cluster(configuration, parameters);
        cluster.severed = flight -> cuts.contains(flight.from() + "->" + flight.to());
        return List.of("servers " + members + ", any " + (members.size() / 2 + 1) + " are a quorum; at most " + alpha
                + " slots open; a heartbeat every 5 ticks, T is 25 ticks");
    }

    private List<String> elect(Words words) {
        Node node = nodeThatIsUp(words);
        campaign(node);
        cluster().deliverAll(flight -> flight.from() == node.id || flight.to() == node.id);
        if (!node.replica().isLeader()) {
            throw new IllegalArgumentException("server " + node.id + " is not elected: no quorum promised its ballot");
        }
        return List.of(
                "server " + node.id + " leads at ballot " + node.replica().ballot());
    }

    private List<String> campaign(Words words) {
        Node node = nodeThatIsUp(words);
        campaign(node);
        return List.of("server " + node.id + " has its pre-votes, and asks for promises for ballot "
                + node.replica().ballot());
    }

    /**
     * Lets the clocks of the followers run until they count their leader as silent, and that of one until it has its
     * pre-votes. What is said meanwhile to find a leader or to collect garbage is lost, unless it is about this campaign.
     */
    private void campaign(Node node) {
        List<Flight> before = List.copyOf(cluster().network);
        for (Node other : cluster().nodes()) {
            while (other != node
                    && other.isUp()
                    && !other.replica().isLeader()
                    && other.replica().leader() != 0) {
                cluster().tick(other.id);
            }
        }
        dropSaidSince(before);
        for (int i = 0; node.replica().ballot().equals(Ballot.ZERO); i++) {
            if (i > 4 * cluster().parameters.electionTicks()) {
                throw new IllegalArgumentException("server " + node.id + " gets no quorum of pre-votes");
            }
            cluster().tick(node.id);
            cluster()
                    .deliverAll(flight -> (flight.from() == node.id && flight.message() instanceof Message.PreVote)
                            || (flight.to() == node.id && flight.message() instanceof Message.PreVoteReply));
            cluster()
                    .drop(flight -> flight.from() == node.id
                            && flight.message() instanceof Message.Holds
                            && !before.contains(flight));
        }
    }

    private void dropSaidSince(List<Flight> before) {
        cluster().network.clear();
        cluster().network.addAll(before);
    }

    private List<String> propose(Words words) {
        Node node = nodeThatIsUp(words);
        String text = words.next("a value");
        Replica replica = node.replica();
        if (replica.openSlots() == 0) {
            return List.of("server " + node.id + " cannot propose now: it is " + replica.role()
                    + (replica.isLeader() ? ", but no slot is open" : ""));
        }
        long slot = replica.slotIn();
        Ballot ballot = replica.ballot();
        cluster().propose(node.id, text);
        return List.of("slot " + slot + " at ballot " + ballot);
    }

    private List<String> read(Words words) {
        Node node = nodeThatIsUp(words);
        long token = reads.size() + 1L;
        reads.put(token, node.id);
        cluster().step(node.id, new Input.Read(token));
        List<String> answers = answers();
        return answers.subList(answers.size() - 1, answers.size());
    }

    private List<String> answers() {
        List<String> printed = new ArrayList<>();
        reads.forEach((token, id) -> {
            Node node = cluster().node(id);
            Long slot = node.readyReads.get(token);
            String answer = slot != null
                    ? "may run once slot " + slot + " is executed"
                    : node.refusedReads.contains(token) ? "refused" : "waits";
            printed.add("read " + token + " at server " + id + ": " + answer);
        });
        return printed;
    }

    // ---- the network ----

    private List<String> messages(Words words) {
        Predicate<Flight> which = filter(words);
        List<String> printed = cluster().network.stream()
                .filter(which)
                .map(ScenarioText::flight)
                .toList();
        return printed.isEmpty() ? List.of("nothing is in flight") : printed;
    }

    /** What was in flight before the command; not what is said in answer. */
    private List<String> deliver(Words words) {
        List<Flight> fits = inFlight(words);
        fits.forEach(cluster()::deliver);
        return fits.stream().map(ScenarioText::flight).toList();
    }

    private List<String> drop(Words words) {
        List<Flight> fits = inFlight(words);
        fits.forEach(cluster().network::remove);
        return fits.stream()
                .map(flight -> "lost: " + ScenarioText.flight(flight))
                .toList();
    }

    private List<Flight> inFlight(Words words) {
        Predicate<Flight> which = filter(words);
        List<Flight> fits = cluster().network.stream().filter(which).toList();
        if (fits.isEmpty()) {
            throw new IllegalArgumentException("no such message is in flight; there are: " + cluster().network);
        }
        return fits;
    }

    private List<String> settle(Words words) {
        Predicate<Flight> which = filter(words);
        List<Flight> delivered = new ArrayList<>();
        while (true) {
            Flight next = cluster().network.stream().filter(which).findFirst().orElse(null);
            if (next == null) {
                break;
            }
            cluster().deliver(next);
            delivered.add(next);
        }
        return List.of("delivered: " + kinds(delivered));
    }

    private List<String> cut(Words words) {
        List<String> links = new ArrayList<>();
        while (words.more()) {
            String[] ends = words.link();
            for (String from : ends[0].equals("*") ? others(ends[1]) : List.of(ends[0])) {
                for (String to : ends[1].equals("*") ? others(ends[0]) : List.of(ends[1])) {
                    cuts.add(from + "->" + to);
                    links.add(from + " → " + to);
                }
            }
        }
        return List.of("lost from now on: " + String.join(", ", links));
    }

    private List<String> others(String except) {
        List<String> ids = new ArrayList<>();
        cluster().nodes().forEach(node -> ids.add(String.valueOf(node.id)));
        ids.remove(except);
        return ids;
    }

    private List<String> heal(Words words) {
        cuts.clear();
        return List.of("everybody reaches everybody");
    }

    private static String kinds(List<Flight> flights) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        flights.forEach(flight -> counts.merge(ScenarioText.kind(flight.message()), 1, Integer::sum));
        return counts.isEmpty()
                ? "nothing"
                : counts.entrySet().stream()
                        .map(count -> count.getValue() + " " + count.getKey())
                        .collect(Collectors.joining(", "));
    }

    /** {@code [FROM->TO] [Kind] [slot N]}; each part that is missing fits everything. */
    private Predicate<Flight> filter(Words words) {
        Predicate<Flight> which = flight -> true;
        while (words.more()) {
            if (words.takes("slot")) {
                long slot = words.number("a slot");
                which = which.and(flight -> ScenarioText.concerns(flight.message(), slot));
            } else if (words.isLink()) {
                String[] ends = words.link();
                which = which.and(flight -> (ends[0].equals("*") || ends[0].equals(String.valueOf(flight.from())))
                        && (ends[1].equals("*") || ends[1].equals(String.valueOf(flight.to()))));
            } else {
                String kind = words.next("a kind of message");
                if (!ScenarioText.KINDS.contains(kind)) {
                    throw new IllegalArgumentException("'" + kind + "' is no kind of message; there are: "
                            + String.join(", ", ScenarioText.KINDS));
                }
                which = which.and(flight -> ScenarioText.kind(flight.message()).equals(kind));
            }
        }
        return which;
    }

    // ---- time ----

    private List<String> tick(Words words) {
        Node node = nodeThatIsUp(words);
        int ticks = words.number("how many ticks");
        List<Flight> before = List.copyOf(cluster().network);
        for (int i = 0; i < ticks; i++) {
            cluster().tick(node.id);
        }
        return List.of("server " + node.id + " says: " + kinds(said(before)));
    }

    private List<Flight> said(List<Flight> before) {
        return cluster().network.subList(before.size(), cluster().network.size());
    }

    private List<String> time(Words words) {
        cluster().tickAll(words.number("how many ticks"));
        List<String> leaders = new ArrayList<>();
        for (Node node : cluster().nodes()) {
            if (node.isUp() && node.replica().isLeader()) {
                leaders.add("server " + node.id + " leads at ballot "
                        + node.replica().ballot());
            }
        }
        return leaders.isEmpty() ? List.of("nobody leads") : leaders;
    }

    // ---- disks and crashes ----

    private List<String> disks(Words words) {
        if (words.takes("slow")) {
            cluster().syncAtOnce = false;
            return List.of("what is written reaches a disk when it is forced");
        }
        if (words.takes("fast")) {
            cluster().syncAtOnce = true;
            return List.of("what is written is on the disk at once");
        }
        throw new IllegalArgumentException("disks are 'slow' or 'fast'");
    }

    private List<String> disk(Words words) {
        return ScenarioText.disk(node(words));
    }

    private List<String> force(Words words) {
        Node node = nodeThatIsUp(words);
        int records = node.cache.size();
        List<Flight> before = List.copyOf(cluster().network);
        cluster().force(node.id);
        return List.of((records == 1 ? "1 record is" : records + " records are") + " now durable; server " + node.id
                + " says: " + kinds(said(before)));
    }

    private List<String> crash(Words words) {
        Node node = nodeThatIsUp(words);
        int lost = node.cache.size();
        cluster().crash(node.id);
        return List.of("server " + node.id + " is down"
                + (lost == 0 ? "" : "; " + lost + (lost == 1 ? " record was" : " records were") + " not durable"));
    }

    private List<String> restart(Words words) {
        Node node = node(words);
        if (node.isUp()) {
            throw new IllegalArgumentException("server " + node.id + " is up");
        }
        cluster().restart(node.id);
        return List.of("server " + node.id + " is back with what its disk holds");
    }

    // ---- looking ----

    private List<String> show(Words words) {
        List<String> printed = new ArrayList<>(ScenarioText.servers(cluster()));
        List<String> slots = ScenarioText.slots(cluster());
        if (!slots.isEmpty()) {
            printed.add("");
            printed.addAll(slots);
        }
        if (!reads.isEmpty()) {
            printed.add("");
            printed.addAll(answers());
        }
        return printed;
    }

    private List<String> merge(Words words) {
        return ScenarioText.merge(nodeThatIsUp(words), cluster().configuration);
    }

    private List<String> executed(Words words) {
        List<String> printed = new ArrayList<>();
        for (Node node : cluster().nodes()) {
            String values =
                    node.executed.values().stream().map(ScenarioText::value).collect(Collectors.joining(", "));
            printed.add("server " + node.id + ": " + (values.isEmpty() ? "nothing" : values));
        }
        return printed;
    }

    /** The words of a command; one in double quotes may hold spaces. */
    private static final class Words {
        private final List<String> words = new ArrayList<>();
        private int next;

        Words(String line) {
            Matcher matcher = WORD.matcher(line);
            while (matcher.find()) {
                words.add(matcher.group(matcher.group(1) == null ? 2 : 1));
            }
        }

        boolean more() {
            return next < words.size();
        }

        String next(String what) {
            if (!more()) {
                throw new IllegalArgumentException(what + " is missing at the end");
            }
            return words.get(next++);
        }

        int number(String what) {
            String word = next(what);
            try {
                return Integer.parseInt(word);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("'" + word + "' should be a number: " + what, e);
            }
        }

        boolean takes(String word) {
            boolean taken = more() && words.get(next).equals(word);
            next += taken ? 1 : 0;
            return taken;
        }

        boolean isLink() {
            return more() && LINK.matcher(words.get(next)).matches();
        }

        String[] link() {
            String word = next("FROM->TO");
            Matcher matcher = LINK.matcher(word);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("'" + word + "' should be FROM->TO, for example 1->2 or 1->*");
            }
            return new String[] {matcher.group(1), matcher.group(2)};
        }

        void end() {
            if (more()) {
                throw new IllegalArgumentException("what is this: "
                        + Arrays.toString(words.subList(next, words.size()).toArray()));
            }
        }
    }
}
