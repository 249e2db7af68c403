package io.llm2clip.hub;

import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.function.LongSupplier;
import javax.net.ssl.SSLHandshakeException;

/**
 * Requests that are made again when a connection breaks or the server is busy, after pauses that double.
 *
 * @param policy how often
 * @param progress hears why it takes longer
 */
record Retries(Policy policy, Progress progress) {
    /**
     * How often a request is made.
     *
     * @param attempts without anything having been received in between
     * @param firstPause before the second attempt
     * @param silence for how long a server may send nothing
     */
    record Policy(int attempts, Duration firstPause, Duration silence) {
        static final Policy DEFAULT = new Policy(6, Duration.ofSeconds(1), Duration.ofSeconds(30));
    }

    private static final int FIRST_CONTACTS = 3;

    /** Longer waits are for people to decide on. */
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    /** One try. */
    @FunctionalInterface
    interface Attempt<T> {
        T run() throws IOException;
    }

    /** The server asks to come again. */
    static final class Busy extends IOException {
        private static final long serialVersionUID = 1;

        private final Duration pause;

        /** @param pause that the server asks for, or zero */
        Busy(int status, Duration pause) {
            super("the server answered " + status);
            this.pause = pause;
        }
    }

    /**
     * Tries until it succeeds.
     *
     * @param what is tried, the beginning of a sentence
     * @param received bytes by now; attempts are counted from when they last became more
     * @throws HubException if it does not succeed
     */
    <T> T of(String what, LongSupplier received, Attempt<T> attempt) {
        int failures = 0;
        while (true) {
            long before = received.getAsLong();
            try {
                return attempt.run();
            } catch (IOException e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new CancellationException("Interrupted while asking the Hub.");
                }
                failures = received.getAsLong() > before ? 1 : failures + 1;
                if (failures >= attempts(e, received.getAsLong()) || e instanceof SSLHandshakeException) {
                    throw givenUp(what, failures, e);
                }
                Duration pause = policy.firstPause.multipliedBy(1L << (failures - 1));
                if (e instanceof Busy busy && busy.pause.compareTo(pause) > 0) {
                    pause = busy.pause;
                }
                if (pause.compareTo(LONGEST_PAUSE) > 0) {
                    throw new HubException(
                            "%s: the server asks to wait for %d minutes; try again then, or give a token with HF_TOKEN, with which more requests are allowed."
                                    .formatted(what, pause.toMinutes() + 1),
                            e);
                }
                progress.note("%s: %s; trying again%s."
                        .formatted(what, reason(e), pause.toSeconds() < 1 ? "" : " in " + pause.toSeconds() + " s"));
                sleep(pause);
            }
        }
    }

    /** Where nobody is, nobody will come: who has no connection should not wait long to hear it. */
    private int attempts(IOException e, long received) {
        boolean nobody = e instanceof ConnectException || e instanceof HttpConnectTimeoutException;
        return nobody && received == 0 ? Math.min(FIRST_CONTACTS, policy.attempts) : policy.attempts;
    }

    private static HubException givenUp(String what, int attempts, IOException e) {
        String remedy;
        if (e instanceof SSLHandshakeException) {
            remedy =
                    "if a proxy decrypts the traffic, add its certificate to the Java runtime's trust store (-Djavax.net.ssl.trustStore)";
        } else if (e instanceof Busy) {
            remedy = "try again later; what was received is kept";
        } else {
            remedy =
                    "check the connection and the proxy (https_proxy), or name a mirror with HF_ENDPOINT; what was received is kept";
        }
        String tries = attempts == 1 ? "" : ", %d times in a row".formatted(attempts);
        return new HubException("%s: %s%s; %s.".formatted(what, reason(e), tries, remedy), e);
    }

    private static String reason(IOException e) {
        String message = e.getMessage();
        return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    }

    private static void sleep(Duration pause) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("Interrupted while waiting for the Hub.");
        }
    }
}
