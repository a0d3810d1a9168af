package dev.multipaxos.transport.netty;

import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.Hello;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's connection to the member that is thought to lead: dialled, and dialled again, there or elsewhere, whenever it is
 * lost or left. Knows when it is better to wait a moment before anything is sent.
 *
 * <p>Owned by one event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class ServerLink implements ServerConnection.Listener {

    /** What the connection is for. */
    interface User {
        /** Frames can be sent, to a member to which nothing was sent yet. */
        void onConnected();

        /** Frames can be sent again, after a pause. */
        void onReady();

        void onMessage(ClientMessage message);

        /** The messages that were there have been handed over. */
        void onBurstEnd();

        /** Whatever was on its way may be lost. */
        void onDisconnected();
    }

    private static final Logger LOG = LoggerFactory.getLogger(ServerLink.class);
    private static final int TROUBLES_LOGGED_MAX = 16;
    /** To ask the same member again at once would be answered the same. */
    private static final long PAUSE_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(5);

    private final ClientSettings settings;
    private final EventLoops loops;
    private final EventLoop loop;
    private final Resolver resolver;
    private final Servers servers;
    private final Outbox outbox;
    private final User user;

    /** What was dialled last, admitted or not, until it is closed. */
    private @Nullable ServerConnection dialled;
    /** The same, from its admission until it is lost or left. */
    private @Nullable ServerConnection admitted;

    private int node;
    private long cluster;
    private long notBeforeNanos;
    private String trouble = "no server was reached yet";
    private final Set<String> troublesLogged = new LinkedHashSet<>();
    private boolean closed;

    ServerLink(ClientSettings settings, EventLoops loops, EventLoop loop, Resolver resolver, Outbox outbox, User user) {
        this.settings = settings;
        this.loops = loops;
        this.loop = loop;
        this.resolver = resolver;
        this.servers = new Servers(settings.servers());
        this.outbox = outbox;
        this.user = user;
    }

    /** Dials, and keeps a connection from now on. */
    void start() {
        dialAfter(0);
    }

    boolean isConnected() {
        return admitted != null;
    }

    /** {@return whether it makes sense to send something now} */
    boolean isReady(long now) {
        return admitted != null && now - notBeforeNanos >= 0;
    }

    /** {@return the member that is connected, or was last} */
    int node() {
        return node;
    }

    Servers servers() {
        return servers;
    }

    /** {@return what went wrong last, for people} */
    String trouble() {
        return trouble;
    }

    /** Waits a moment: whoever answers is not ready. */
    void pause() {
        long now = System.nanoTime();
        if (now - notBeforeNanos < 0) {
            return; // the refusals of one moment are one trouble
        }
        long pause = Math.max(PAUSE_NANOS_MIN, servers.pauseNanos());
        notBeforeNanos = now + pause;
        loop.schedule(user::onReady, pause, TimeUnit.NANOSECONDS);
    }

    /** Waits no more. */
    void resume() {
        notBeforeNanos = System.nanoTime();
        user.onReady();
    }

    /** Looks for a better member. {@link User#onDisconnected} follows. */
    void leave(String why) {
        ServerConnection left = admitted;
        if (left != null) {
            trouble = left.server() + ": " + why;
            LOG.debug("leaving {}: {}", left.server(), why);
            admitted = null; // at once, so that nothing more is sent there
            outbox.disconnected(left.channel());
            left.hangUp();
        }
    }

    /** Looks for a better member, and does not come back soon. */
    void failed(String why) {
        ServerConnection silent = admitted;
        if (silent != null) {
            servers.failed(silent.server());
            leave(why);
        }
    }

    /** Hangs up for ever. */
    void close() {
        closed = true;
        ServerConnection last = dialled;
        if (last != null) {
            last.hangUp();
        }
    }

    private void dialAfter(long pauseNanos) {
        if (!closed) {
            loop.schedule(this::dial, pauseNanos, TimeUnit.NANOSECONDS);
        }
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
                        ServerConnection made = new ServerConnection(server, channel, settings, ServerLink.this);
                        dialled = made;
                        made.install(channel);
                    }
                })
                .connect(address)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        dialled = null;
                        servers.failed(server);
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
    public void onAdmitted(ServerConnection connection, Hello.Member member) {
        admitted = connection;
        node = member.from();
        cluster = member.cluster();
        troublesLogged.clear();
        outbox.connected(connection.channel());
        notBeforeNanos = System.nanoTime();
        user.onConnected();
    }

    @Override
    public void onMessage(ClientMessage message) {
        user.onMessage(message);
    }

    @Override
    public void onBurstEnd() {
        user.onBurstEnd();
    }

    @Override
    public void onTrouble(HostPort server, String what) {
        servers.failed(server);
        trouble = server + ": " + what;
        if (!troublesLogged.contains(trouble)) {
            if (troublesLogged.size() < TROUBLES_LOGGED_MAX) {
                troublesLogged.add(trouble);
            }
            LOG.warn("no service from {}: {}", server, what);
        }
    }

    @Override
    public void onClosed(ServerConnection gone) {
        if (admitted != null) {
            servers.failed(gone.server());
            trouble = gone.server() + ": the connection was lost";
        }
        outbox.disconnected(gone.channel());
        outbox.discard();
        dialled = null;
        admitted = null;
        dialAfter(servers.pauseNanos());
        user.onDisconnected();
    }
}
