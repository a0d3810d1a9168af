package dev.multipaxos.transport.netty;

import dev.multipaxos.PaxosException;
import dev.multipaxos.wire.ClientMessage;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client at work: one connection to the member that is thought to lead, and the calls that are open. When anything is in doubt
 * (a connection lost, another leader, silence), what is open is sent again.
 *
 * <p>Owned by one event loop.
 *
 * @param <R> answers
 */
@SuppressWarnings("FutureReturnValueIgnored") // the loop's tasks are its own
final class ClientRuntime<R> implements ServerLink.User {

    private static final Logger LOG = LoggerFactory.getLogger(ClientRuntime.class);
    private static final long SWEEP_MILLIS = 20;
    /**
     * After so many refusals of one member that knows no other leader, about a second, the next member is asked. Not sooner: a
     * member that is connected says who leads as soon as it knows.
     */
    private static final int REFUSALS_IN_PLACE_MAX = 6;

    private final ClientSettings settings;
    private final EventLoop loop;
    private final Outbox outbox;
    private final ServerLink link;
    private final CommandCalls<R> commands;
    private final QueryCalls<R> queries;

    /** When something was last answered, or nothing was open. */
    private long progressNanos = System.nanoTime();

    private boolean sweeping;
    private boolean closed;

    ClientRuntime(ClientSettings settings, EventLoops loops, Resolver resolver, long outboundBytesMax) {
        this.settings = settings;
        this.loop = loops.next();
        this.outbox = new Outbox(outboundBytesMax);
        this.link = new ServerLink(settings, loops, loop, resolver, outbox, this);
        SubmitFrames frames = new SubmitFrames(outbox, settings.frameBytesMax());
        this.commands = new CommandCalls<>(link, frames);
        this.queries = new QueryCalls<>(link, frames);
    }

    EventLoop loop() {
        return loop;
    }

    /** Dials the first server, and keeps a connection from now on. */
    void start() {
        link.start();
        long idleNanos = settings.keepAliveInterval().toNanos();
        long check = Math.max(TimeUnit.MILLISECONDS.toNanos(1), idleNanos / 4);
        loop.scheduleAtFixedRate(() -> keepAlive(idleNanos), check, check, TimeUnit.NANOSECONDS);
    }

    private void keepAlive(long idleNanos) {
        if (!closed && link.isConnected()) {
            commands.keepAlive(System.nanoTime(), idleNanos);
            outbox.flush();
        }
    }

    /** Takes a call; {@link #flush} sends it. */
    void add(ClientCall<R> call) {
        if (closed) {
            call.fail(closedException(false));
            return;
        }
        if (!hasOpenCalls()) {
            progressNanos = System.nanoTime();
        }
        if (call.isCommand()) {
            commands.add(call);
        } else {
            queries.add(call);
        }
        if (!sweeping) {
            sweeping = true;
            sweepLater();
        }
    }

    private boolean hasOpenCalls() {
        return !commands.isEmpty() || !queries.isEmpty();
    }

    /** Sends whatever can be sent now, commands first. */
    void flush() {
        long now = System.nanoTime();
        if (!closed && link.isReady(now)) {
            if (commands.send(now)) {
                queries.send(now);
            }
            outbox.flush();
        }
    }

    @Override
    public void onConnected() {
        progressNanos = System.nanoTime();
        flush();
    }

    @Override
    public void onReady() {
        flush();
    }

    @Override
    public void onBurstEnd() {
        flush();
    }

    @Override
    public void onDisconnected() {
        commands.onDisconnected();
        queries.onLost();
    }

    @Override
    public void onMessage(ClientMessage message) {
        if (message instanceof ClientMessage.Results results) {
            progressNanos = System.nanoTime();
            commands.onResults(results);
        } else if (message instanceof ClientMessage.QueryResult result) {
            progressNanos = System.nanoTime();
            queries.onResult(result);
        } else if (message instanceof ClientMessage.NotLeader news) {
            onNotLeader(news);
        } else {
            LOG.warn("a server sent {}, which only clients send; ignored", message.getClass());
        }
    }

    private void onNotLeader(ClientMessage.NotLeader news) {
        Map<Integer, HostPort> members = new HashMap<>();
        news.members().forEach((node, address) -> {
            try {
                members.put(node, HostPort.parseRemote(address));
            } catch (IllegalArgumentException e) {
                LOG.warn("node {} has an address that cannot be used: {}", node, e.getMessage());
            }
        });
        Servers servers = link.servers();
        servers.learn(members.values());
        if (news.id() == 0) {
            commands.onLost(); // whoever led has dropped what was not in a slot yet
        } else {
            commands.onRefused(news.id(), news.diskFull());
            queries.onRefused(news.id());
            if (!news.diskFull().isEmpty() && members.keySet().equals(Set.of(link.node()))) {
                commands.failRefused(); // nobody else is there who could take them
                if (!hasOpenCalls()) {
                    return; // the next call is to be told at once as well, or taken
                }
            }
        }
        HostPort leader = news.leader() == link.node() ? null : members.get(news.leader());
        if (leader != null && servers.prefer(leader)) {
            link.leave("node " + news.leader() + " leads now");
        } else if (news.id() == 0 && news.leader() == link.node()) {
            link.resume();
        } else if (news.id() != 0 && servers.troubles() >= REFUSALS_IN_PLACE_MAX) {
            link.leave("it knows no leader");
        } else {
            link.pause();
        }
    }

    private void sweepLater() {
        loop.schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** One timer for all calls: ends those whose deadline has passed, and looks elsewhere when nothing is heard. */
    private void sweep() {
        long now = System.nanoTime();
        commands.removeIf(call -> expire(call, now));
        queries.removeIf(call -> expire(call, now));
        if (closed || !hasOpenCalls()) {
            sweeping = false;
            return;
        }
        long retryNanos = settings.retryInterval().toNanos();
        commands.onTime(now, retryNanos);
        long silentNanos = now - progressNanos;
        if (link.isConnected()
                && silentNanos > retryNanos << Math.min(link.servers().troubles(), 4)) {
            link.failed("it has not answered for " + TimeUnit.NANOSECONDS.toMillis(silentNanos) + " ms");
        }
        flush();
        sweepLater();
    }

    private boolean expire(ClientCall<R> call, long now) {
        if (now - call.deadlineNanos < 0) {
            return false;
        }
        PaxosException refusal = call.isCommand() && call.submissions == 0 ? commands.refusal() : null;
        if (refusal != null) {
            call.fail(refusal);
        } else if (call.isCommand() && call.submissions > 0) {
            call.fail(new PaxosException.OutcomeUnknown("no answer before the deadline: the command was sent and may be"
                    + " executed, now or later. Last trouble: " + link.trouble()));
        } else {
            call.fail(new PaxosException.Unavailable("no answer before the deadline"
                    + (call.isCommand() ? "; the command was not executed and will not be" : "")
                    + ". Last trouble: " + link.trouble()));
        }
        return true;
    }

    static PaxosException closedException(boolean mayHaveBeenApplied) {
        return new PaxosException.NodeStopped("the client was closed", null, mayHaveBeenApplied);
    }

    /** Fails what is open and ends the session. {@code done} runs when that was answered, or cannot be. */
    void close(Runnable done) {
        closed = true;
        commands.removeIf(this::endClosed);
        queries.removeIf(this::endClosed);
        if (!commands.closeSession(done)) {
            done.run();
        }
        outbox.flush();
    }

    private boolean endClosed(ClientCall<R> call) {
        call.fail(closedException(call.isCommand() && call.submissions > 0));
        return true;
    }

    /** Hangs up. */
    void hangUp() {
        link.close();
    }
}
