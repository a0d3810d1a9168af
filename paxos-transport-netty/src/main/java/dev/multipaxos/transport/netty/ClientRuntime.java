package dev.multipaxos.transport.netty;

import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Hello;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.util.collection.LongObjectHashMap;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client at work: one connection to the member that is thought to lead, one session, and the calls that are open. When
 * anything is in doubt (a connection lost, another leader, silence), what is open is sent again, in order and under the same
 * numbers, so that it is executed at most once.
 *
 * <p>Owned by one event loop.
 *
 * @param <R> answers
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class ClientRuntime<R> implements ServerConnection.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(ClientRuntime.class);
    private static final long SWEEP_MILLIS = 20;
    private static final int TROUBLES_LOGGED_MAX = 16;
    /** After so many refusals of one member that knows no other leader, the next member is asked. */
    private static final int REFUSALS_IN_PLACE_MAX = 3;

    private final ClientSettings settings;
    private final EventLoops loops;
    private final EventLoop loop;
    private final Resolver resolver;
    private final Servers servers;
    private final Outbox outbox;
    private final SubmitFrames frames;

    // The connection. Between dials there is none; before it is admitted it is `dialled`, then it is `connection` too.
    private @Nullable ServerConnection dialled;
    private @Nullable ServerConnection connection;
    private int connectedNode;
    private long cluster;
    private String trouble = "no server was reached yet";
    private final Set<String> troublesLogged = new LinkedHashSet<>();

    // The calls: commands wait, then have a number in the session until they end; queries have an id for each try.
    private final ArrayDeque<ClientCall<R>> waiting = new ArrayDeque<>();
    private final LongObjectHashMap<ClientCall<R>> queriesAway = new LongObjectHashMap<>();
    private final ArrayDeque<ClientCall<R>> queriesWaiting = new ArrayDeque<>();
    private @Nullable SessionWindow<R> session;
    private long openingNonce;
    private boolean openingAway;
    private long openingFrame;
    private long openingSentNanos;

    /** Something in the session's window is not away and has to be sent again. */
    private boolean resend;

    private long sendNotBeforeNanos = System.nanoTime();
    private long progressNanos = System.nanoTime();
    private long lastSubmitNanos = System.nanoTime();
    private boolean sweeping;
    private @Nullable Runnable onSessionClosed;
    private boolean closed;

    ClientRuntime(ClientSettings settings, EventLoops loops, Resolver resolver, long outboundBytesMax) {
        this.settings = settings;
        this.loops = loops;
        this.loop = loops.next();
        this.resolver = resolver;
        this.servers = new Servers(settings.servers());
        this.outbox = new Outbox(outboundBytesMax);
        this.frames = new SubmitFrames(outbox, settings.frameBytesMax());
    }

    EventLoop loop() {
        return loop;
    }

    /** Dials the first server, and keeps a connection from now on. */
    void start() {
        dialAfter(0);
        long check = Math.max(1, settings.keepAliveInterval().toMillis() / 4);
        loop.scheduleAtFixedRate(this::keepAlive, check, check, TimeUnit.MILLISECONDS);
    }

    /** Takes calls; {@link #flush} sends them. */
    void add(ClientCall<R> call) {
        if (closed) {
            call.fail(closedException(false));
            return;
        }
        if (!hasOpenCalls()) {
            progressNanos = System.nanoTime();
        }
        (call.isCommand() ? waiting : queriesWaiting).add(call);
        if (!sweeping) {
            sweeping = true;
            sweepLater();
        }
    }

    // ---- sending

    /** Sends whatever can be sent now, commands first. */
    void flush() {
        long now = System.nanoTime();
        if (connection == null || now - sendNotBeforeNanos < 0) {
            return;
        }
        boolean room = sendCommands(now);
        while (room && !queriesWaiting.isEmpty()) {
            ClientCall<R> query = queriesWaiting.peek();
            room = frames.send(query.kind == ClientCall.Kind.LINEARIZABLE_QUERY, query.payload);
            if (room) {
                queriesWaiting.remove();
                query.left(frames.id() - 1, now);
                queriesAway.put(query.frame, query);
            }
        }
        outbox.flush();
    }

    private boolean sendCommands(long now) {
        SessionWindow<R> open = session;
        if (open == null) {
            return waiting.isEmpty() || openingAway || sendOpening(now);
        }
        if (resend) {
            resend = false;
            for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
                ClientCall<R> call = open.get(sequence);
                if (call != null && !call.away && !sendCommand(open, call, now)) {
                    return false;
                }
            }
        }
        while (!waiting.isEmpty() && open.hasRoom()) {
            ClientCall<R> call = waiting.remove();
            open.number(call);
            if (!sendCommand(open, call, now)) {
                return false;
            }
        }
        return endFrame(open);
    }

    private boolean sendOpening(long now) {
        if (openingNonce == 0) {
            // negative: the ids of sessions are positive, so that nobody's id is taken for it
            openingNonce = ThreadLocalRandom.current().nextLong() | Long.MIN_VALUE;
        }
        openingFrame = frames.id();
        openingSentNanos = now;
        frames.add(new Command(Command.Kind.OPEN, openingNonce, 0, 0, Bytes.EMPTY));
        openingAway = frames.send();
        return openingAway;
    }

    private boolean sendCommand(SessionWindow<R> open, ClientCall<R> call, long now) {
        if (frames.isFullFor(call.payload.length()) && !endFrame(open)) {
            resend = true;
            return false;
        }
        frames.add(new Command(Command.Kind.APPLY, open.id(), call.sequence, open.lowest(), call.payload));
        call.left(frames.id(), now);
        lastSubmitNanos = now;
        return true;
    }

    private boolean endFrame(SessionWindow<R> open) {
        if (frames.send()) {
            return true;
        }
        refused(open, frames.id() - 1); // it did not leave: there was no room, so again later
        return false;
    }

    /** The commands of a frame took no effect. */
    private void refused(SessionWindow<R> open, long frame) {
        for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
            ClientCall<R> call = open.get(sequence);
            if (call != null && call.away && call.frame == frame) {
                call.refused();
                resend = true;
            }
        }
    }

    private void keepAlive() {
        SessionWindow<R> open = session;
        long now = System.nanoTime();
        if (open != null
                && connection != null
                && now - lastSubmitNanos >= settings.keepAliveInterval().toNanos()) {
            frames.add(new Command(Command.Kind.KEEP_ALIVE, open.id(), 0, open.lowest(), Bytes.EMPTY));
            frames.send();
            outbox.flush();
            lastSubmitNanos = now;
        }
    }

    // ---- receiving

    @Override
    public void onMessage(ClientMessage message) {
        if (message instanceof ClientMessage.Results results) {
            onResults(results);
        } else if (message instanceof ClientMessage.QueryResult result) {
            onQueryResult(result);
        } else if (message instanceof ClientMessage.NotLeader refusal) {
            onNotLeader(refusal);
        } else {
            LOG.warn("a server sent {}, which only clients send; ignored", message.getClass());
        }
    }

    @Override
    public void onBurstEnd() {
        flush();
    }

    private void onResults(ClientMessage.Results results) {
        progressNanos = System.nanoTime();
        boolean expired = false;
        for (ClientMessage.Result result : results.results()) {
            SessionWindow<R> open = session;
            if (result.sequence() == 0) {
                expired |= onSessionResult(result);
            } else if (open != null && open.id() == result.session()) {
                ClientCall<R> call = open.get(result.sequence());
                if (call != null) {
                    expired |= result.status() == ClientMessage.Status.SESSION_EXPIRED;
                    onResult(open, call, result);
                }
            }
        }
        if (expired) {
            endSession();
        }
    }

    private void onResult(SessionWindow<R> open, ClientCall<R> call, ClientMessage.Result result) {
        switch (result.status()) {
            case OK -> {
                servers.progress();
                open.remove(call);
                call.succeed(result.payload());
            }
            case OVERLOADED -> {
                if (call.submissions <= 1) {
                    end(open, call, new PaxosException.Overloaded("the leader's queues are full; slow down"));
                } else {
                    call.away = false; // an earlier one may still be executed: only its answer can end the call
                    call.submissions--;
                    resend = true;
                    pause();
                }
            }
            case OUTSIDE_WINDOW ->
                end(
                        open,
                        call,
                        call.submissions <= 1
                                ? new PaxosException.NotExecuted("the command was void: number " + call.sequence
                                        + " of its session is too far ahead of the oldest open one; propose it again")
                                : outcomeUnknown("one copy of the command was void, another may be executed"));
            case SESSION_EXPIRED ->
                end(
                        open,
                        call,
                        new PaxosException.SessionExpired(
                                "session " + open.id() + " had expired when command " + call.sequence
                                        + " of it came up in the log",
                                call.submissions > 1));
            case ALREADY_ACKNOWLEDGED ->
                end(open, call, outcomeUnknown("the command was executed, but its answer is gone"));
            case QUERY_FAILED -> end(open, call, outcomeUnknown(result.payload().toUtf8()));
            case UNKNOWN -> {
                call.away = false;
                resend = true;
                pause();
            }
            case STOPPED -> {
                call.away = false;
                resend = true;
                leaveServer("it has stopped");
            }
        }
    }

    private void end(SessionWindow<R> open, ClientCall<R> call, PaxosException why) {
        open.remove(call);
        call.fail(why);
    }

    /** {@return true if it says that the session has expired} */
    private boolean onSessionResult(ClientMessage.Result result) {
        SessionWindow<R> open = session;
        if (open != null && open.id() == result.session()) {
            Runnable told = onSessionClosed;
            if (told != null) {
                told.run();
            }
            return told == null && result.status() == ClientMessage.Status.SESSION_EXPIRED;
        }
        if (openingNonce != 0 && openingNonce == result.session()) {
            if (result.status() == ClientMessage.Status.OK && result.payload().length() == Long.BYTES) {
                servers.progress();
                session = new SessionWindow<>(result.payload().toByteBuffer().getLong());
                openingNonce = 0;
            } else {
                pause();
            }
            openingAway = false;
        }
        return false;
    }

    /** The session is gone: what was sent in it ends, and what was not goes into the next one. */
    private void endSession() {
        SessionWindow<R> ended = session;
        session = null;
        resend = false;
        if (ended == null) {
            return;
        }
        LOG.info("session {} has expired; the next command opens another", ended.id());
        List<ClientCall<R>> neverTaken = new ArrayList<>();
        for (long sequence = ended.lowest(); sequence < ended.next(); sequence++) {
            ClientCall<R> call = ended.get(sequence);
            if (call != null && call.submissions == 0) {
                neverTaken.add(call);
            } else if (call != null) {
                call.fail(new PaxosException.SessionExpired(
                        "session " + ended.id() + " has expired, and with it the answer to command " + sequence, true));
            }
        }
        for (int i = neverTaken.size() - 1; i >= 0; i--) {
            waiting.addFirst(neverTaken.get(i));
        }
    }

    private void onQueryResult(ClientMessage.QueryResult result) {
        progressNanos = System.nanoTime();
        ClientCall<R> query = queriesAway.remove(result.id());
        if (query == null) {
            return;
        }
        switch (result.status()) {
            case OK -> {
                servers.progress();
                query.succeed(result.payload());
            }
            case QUERY_FAILED ->
                query.fail(new PaxosException.QueryFailed(result.payload().toUtf8()));
            case OVERLOADED -> query.fail(new PaxosException.Overloaded("the member's queues are full; slow down"));
            case STOPPED -> {
                sendQueryAgain(query);
                leaveServer("it has stopped");
            }
            case UNKNOWN, OUTSIDE_WINDOW, SESSION_EXPIRED, ALREADY_ACKNOWLEDGED -> {
                sendQueryAgain(query);
                pause();
            }
        }
    }

    private void sendQueryAgain(ClientCall<R> query) {
        query.refused();
        queriesWaiting.add(query);
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
        servers.learn(members.values());
        boolean leadsItself = news.leader() == connectedNode;
        HostPort leader = leadsItself ? null : members.get(news.leader());
        if (news.id() != 0) {
            refused(news.id());
        }
        if (leader != null) {
            servers.prefer(leader);
            leaveServer("node " + news.leader() + " leads now");
        } else if (news.id() == 0 && leadsItself) {
            sendNotBeforeNanos = System.nanoTime();
            flush();
        } else if (news.id() != 0) {
            if (servers.troubles() >= REFUSALS_IN_PLACE_MAX) {
                leaveServer("it knows no leader");
            } else {
                pause();
            }
        }
    }

    private void refused(long frame) {
        if (session != null) {
            refused(session, frame);
        }
        if (openingAway && openingFrame == frame) {
            openingAway = false;
        }
        ClientCall<R> query = queriesAway.remove(frame);
        if (query != null) {
            sendQueryAgain(query);
        }
    }

    // ---- trouble

    /** Sends nothing for a moment: whoever answers is not ready. */
    private void pause() {
        long pause = servers.pauseNanos();
        sendNotBeforeNanos = System.nanoTime() + pause;
        loop.schedule(this::flush, pause, TimeUnit.NANOSECONDS);
    }

    private void leaveServer(String why) {
        ServerConnection left = connection;
        if (left != null) {
            trouble = left.server() + ": " + why;
            LOG.debug("leaving {}: {}", left.server(), why);
            connection = null; // at once, so that nothing more is sent there
            outbox.disconnected(left.channel());
            left.hangUp();
        }
    }

    private void dialAfter(long pauseNanos) {
        if (closed) {
            return;
        }
        loop.schedule(this::dial, pauseNanos, TimeUnit.NANOSECONDS);
    }

    private void dial() {
        if (closed) {
            return;
        }
        HostPort server = servers.choose();
        resolver.resolve(server, servers.troubles(), loop, (address, failure) -> {
            if (address == null) {
                onTrouble(server, "its name cannot be resolved");
                dialAfter(servers.pauseNanos());
            } else {
                connect(server, address);
            }
        });
    }

    private void connect(HostPort server, InetSocketAddress address) {
        if (closed) {
            return;
        }
        loops.client(loop, settings.connectDeadline(), new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        ServerConnection made = new ServerConnection(server, channel, settings, ClientRuntime.this);
                        dialled = made;
                        made.install(channel);
                    }
                })
                .connect(address)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        dialled = null;
                        trouble = server + ": " + done.cause().getMessage();
                        LOG.debug(
                                "{} cannot be reached: {}", server, done.cause().getMessage());
                        dialAfter(servers.pauseNanos());
                    }
                });
    }

    @Override
    public long cluster() {
        return cluster;
    }

    @Override
    public void onAdmitted(ServerConnection admitted, Hello.Member member) {
        connection = admitted;
        connectedNode = member.from();
        cluster = member.cluster();
        troublesLogged.clear();
        outbox.connected(admitted.channel());
        sendNotBeforeNanos = System.nanoTime();
        progressNanos = sendNotBeforeNanos;
        flush();
    }

    @Override
    public void onTrouble(HostPort server, String what) {
        trouble = server + ": " + what;
        if (!troublesLogged.contains(trouble)) {
            if (troublesLogged.size() < TROUBLES_LOGGED_MAX) {
                troublesLogged.add(trouble);
            }
            LOG.warn("no service from {}: {}", server, what);
        }
    }

    /** Whatever was on its way may be lost: it is sent again on the next connection. */
    @Override
    public void onClosed(ServerConnection gone) {
        if (connection != null) {
            trouble = gone.server() + ": the connection was lost";
        }
        outbox.disconnected(gone.channel());
        outbox.discard();
        dialled = null;
        connection = null;
        openingAway = false;
        SessionWindow<R> open = session;
        if (open != null) {
            for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
                ClientCall<R> call = open.get(sequence);
                if (call != null) {
                    call.away = false;
                }
            }
            resend = true;
        }
        queriesAway.values().forEach(query -> {
            query.away = false;
            queriesWaiting.add(query);
        });
        queriesAway.clear();
        if (onSessionClosed != null) {
            onSessionClosed.run();
        }
        dialAfter(servers.pauseNanos());
    }

    // ---- time

    private boolean hasOpenCalls() {
        return !waiting.isEmpty()
                || !queriesWaiting.isEmpty()
                || !queriesAway.isEmpty()
                || (session != null && !session.isEmpty());
    }

    private void sweepLater() {
        loop.schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** One timer for all calls: ends those whose deadline has passed, and looks elsewhere when nothing is heard. */
    private void sweep() {
        long now = System.nanoTime();
        waiting.removeIf(call -> expire(call, now));
        queriesWaiting.removeIf(call -> expire(call, now));
        queriesAway.values().removeIf(call -> expire(call, now));
        SessionWindow<R> open = session;
        if (open != null) {
            sweepWindow(open, now);
        }
        if (openingAway && isOverdue(openingSentNanos, 1, now)) {
            openingAway = false;
        }
        if (!hasOpenCalls()) {
            sweeping = false;
            return;
        }
        if (connection != null && isOverdue(progressNanos, servers.troubles(), now)) {
            leaveServer("it has not answered for " + TimeUnit.NANOSECONDS.toMillis(now - progressNanos) + " ms");
        }
        flush();
        sweepLater();
    }

    private void sweepWindow(SessionWindow<R> open, long now) {
        for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
            ClientCall<R> call = open.get(sequence);
            if (call == null) {
                continue;
            }
            if (expire(call, now)) {
                open.remove(call);
            } else if (call.away && isOverdue(call.sentNanos, call.submissions, now)) {
                call.away = false; // others were answered: this one may have been lost on the way
                resend = true;
            }
        }
    }

    private boolean isOverdue(long sinceNanos, int doublings, long now) {
        return now - sinceNanos > settings.retryInterval().toNanos() << Math.min(doublings, 4);
    }

    private boolean expire(ClientCall<R> call, long now) {
        if (now - call.deadlineNanos < 0) {
            return false;
        }
        if (call.isCommand() && call.submissions > 0) {
            call.fail(outcomeUnknown("no answer before the deadline: the command was sent and may be executed, now or"
                    + " later. Last trouble: " + trouble));
        } else {
            call.fail(new PaxosException.Unavailable("no answer before the deadline"
                    + (call.isCommand() ? "; the command was not executed and will not be" : "")
                    + ". Last trouble: " + trouble));
        }
        return true;
    }

    private static PaxosException outcomeUnknown(String message) {
        return new PaxosException.OutcomeUnknown(message);
    }

    // ---- the end

    static PaxosException closedException(boolean mayHaveBeenApplied) {
        return new PaxosException.NodeStopped("the client was closed", null, mayHaveBeenApplied);
    }

    /** Fails what is open, ends the session, and hangs up. {@code done} runs when the session's end was answered, or cannot be. */
    void close(Runnable done) {
        SessionWindow<R> open = session;
        waiting.forEach(call -> call.fail(closedException(false)));
        waiting.clear();
        queriesWaiting.forEach(call -> call.fail(closedException(false)));
        queriesWaiting.clear();
        queriesAway.values().forEach(call -> call.fail(closedException(false)));
        queriesAway.clear();
        if (open != null) {
            for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
                ClientCall<R> call = open.get(sequence);
                if (call != null) {
                    end(open, call, closedException(call.submissions > 0));
                }
            }
        }
        closed = true;
        if (open != null && connection != null) {
            onSessionClosed = done;
            frames.add(new Command(Command.Kind.CLOSE, open.id(), 0, open.lowest(), Bytes.EMPTY));
            frames.send();
            outbox.flush();
        } else {
            done.run();
        }
    }

    /** Hangs up. */
    void hangUp() {
        ServerConnection last = dialled;
        if (last != null) {
            last.hangUp();
        }
    }
}
