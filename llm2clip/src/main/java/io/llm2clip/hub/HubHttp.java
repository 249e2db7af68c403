package io.llm2clip.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Single requests to the Hub, and to where it redirects. Other servers never see the token. */
final class HubHttp implements AutoCloseable {
    /** Answers that another attempt may better. */
    private static final Set<Integer> BUSY = Set.of(408, 425, 429);

    private static final Set<Integer> REDIRECTIONS = Set.of(301, 302, 303, 307, 308);
    private static final int MAX_REDIRECTIONS = 10;

    private final HubSettings settings;
    private final Duration silence;
    private final HttpClient client;

    /** @param silence for how long a server may send nothing */
    HubHttp(HubSettings settings, Duration silence) {
        this.settings = settings;
        this.silence = silence;
        HttpClient.Builder builder = HttpClient.newBuilder()
                // A connection per file; the streams of one connection share its window.
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(silence);
        Optional.ofNullable(settings.proxies().selector()).ifPresent(builder::proxy);
        settings.proxies().authenticator().ifPresent(builder::authenticator);
        client = builder.build();
    }

    /**
     * An answer whose content is still to be read.
     *
     * @param address that answered, after redirections
     */
    record Answer(URI address, int status, HttpHeaders headers, InputStream body) implements AutoCloseable {
        Optional<String> header(String name) {
            return headers.firstValue(name);
        }

        boolean isRedirection() {
            return REDIRECTIONS.contains(status) && header("Location").isPresent();
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }

    /** What may follow an answer. */
    @FunctionalInterface
    interface Following {
        boolean follows(Answer redirection, URI next);
    }

    /** Gets a resource, wherever it is. */
    Answer get(URI address, Map<String, String> headers) throws IOException {
        return send("GET", address, headers, (_, _) -> true);
    }

    /** Asks about a resource; a redirection that is not to be followed is the answer. */
    Answer head(URI address, Following following) throws IOException {
        return send("HEAD", address, Map.of(), following);
    }

    private Answer send(String method, URI start, Map<String, String> headers, Following following) throws IOException {
        URI address = start;
        for (int i = 0; i <= MAX_REDIRECTIONS; i++) {
            Answer answer = send(method, address, headers);
            if (!answer.isRedirection()) {
                return answer;
            }
            URI next = next(answer);
            if (!following.follows(answer, next)) {
                return answer;
            }
            answer.close();
            address = next;
        }
        throw new HubException(
                "%s: redirects again and again; check the address of the Hub (HF_ENDPOINT).".formatted(start));
    }

    private static URI next(Answer answer) {
        String location = answer.header("Location").orElseThrow();
        URI next;
        try {
            next = HubAddress.redirection(answer.address, location);
        } catch (IllegalArgumentException e) {
            throw new HubException(
                    "%s: redirects to '%s', which is no address; check the address of the Hub (HF_ENDPOINT)."
                            .formatted(answer.address, location),
                    e);
        }
        boolean web =
                next.getHost() != null && ("http".equalsIgnoreCase(next.getScheme()) || HubAddress.isEncrypted(next));
        if (!web || HubAddress.isEncrypted(answer.address) && !HubAddress.isEncrypted(next)) {
            throw new HubException(
                    "%s: redirects to %s, expected an encrypted address; check the address of the Hub (HF_ENDPOINT)."
                            .formatted(answer.address, withoutQuery(next)));
        }
        return next;
    }

    private Answer send(String method, URI address, Map<String, String> headers) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .method(method, HttpRequest.BodyPublishers.noBody())
                // Compressed, the content could not be resumed, nor its size be known.
                .header("Accept-Encoding", "identity")
                .header("User-Agent", "llm2clip");
        headers.forEach(request::header);
        if (HubAddress.sameServer(settings.endpoint(), address)) {
            settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
        }
        CompletableFuture<HttpResponse<InputStream>> sent =
                client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        HttpResponse<InputStream> response = await(address, sent);
        Answer answer = new Answer(
                address, response.statusCode(), response.headers(), new WatchedStream(response.body(), silence));
        if (answer.status >= 500 || BUSY.contains(answer.status)) {
            answer.close();
            throw new Retries.Busy(answer.status, pause(answer));
        }
        return answer;
    }

    private HttpResponse<InputStream> await(URI address, CompletableFuture<HttpResponse<InputStream>> sent)
            throws IOException {
        try {
            return sent.get(silence.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            sent.cancel(true);
            throw new IOException("the server sent nothing for %d s".formatted(silence.toSeconds()), e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ConnectException failure) {
                throw unreachable(address, failure);
            }
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        } catch (InterruptedException e) {
            sent.cancel(true);
            Thread.currentThread().interrupt();
            throw new CancellationException("Interrupted while waiting for the Hub.");
        }
    }

    /** The JDK's exceptions of connections name no server, and often have no message. */
    private static IOException unreachable(URI address, ConnectException failure) {
        boolean unknown = false;
        for (Throwable at = failure; at != null; at = at.getCause()) {
            unknown |= at instanceof UnresolvedAddressException;
        }
        String reason = failure.getMessage() == null ? "it refuses the connection" : failure.getMessage();
        ConnectException named = new ConnectException("%s cannot be reached (%s)"
                .formatted(address.getAuthority(), unknown ? "there is no such host" : reason));
        named.initCause(failure);
        return named;
    }

    /** For how long the server asks to wait: seconds, or a time. */
    private static Duration pause(Answer answer) {
        String text = answer.header("Retry-After").map(String::strip).orElse("0");
        try {
            return text.matches("\\d{1,9}")
                    ? Duration.ofSeconds(Long.parseLong(text))
                    : Duration.between(
                            Instant.now(),
                            ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                                    .toInstant());
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }

    /** The query of an address of storage is a key to it. */
    static String withoutQuery(URI address) {
        return address.toString().replaceFirst("[?#].*", "");
    }

    @Override
    public void close() {
        // What is under way is of no use any more.
        client.shutdownNow();
        client.close();
    }
}
