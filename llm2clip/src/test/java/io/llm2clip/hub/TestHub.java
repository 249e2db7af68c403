package io.llm2clip.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The Hub's protocol as its servers speak it, for one repository, with a second server as its storage of large files. */
final class TestHub implements AutoCloseable {
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    static final HubName NAME = HubName.parse("microsoft/LLM2CLIP-Openai-B-16");
    static final String TOKEN = "hf_secret";

    /** From this size on files are in the storage. */
    static final int LARGE = 1000;

    /** @param server {@code hub} or {@code storage} */
    record Request(String server, String method, String path, Optional<String> token, Optional<String> range) {}

    /** An answer instead of the usual one. */
    interface Reply {
        void to(HttpExchange exchange) throws IOException;
    }

    final Map<String, byte[]> files = Collections.synchronizedMap(new LinkedHashMap<>());
    final List<Request> requests = new CopyOnWriteArrayList<>();
    /** By the end of a path: what is answered to the next requests instead; HEAD is left alone. */
    final Map<String, Queue<Reply>> replies = new ConcurrentHashMap<>();

    final Map<String, String> tags = new ConcurrentHashMap<>();
    final Map<String, String> sizes = new ConcurrentHashMap<>();
    String listedSha256 = "";
    boolean sizesListed = true;
    boolean ranges = true;
    boolean storageIsHub;
    String renamedTo = "";

    private final HttpServer hub;
    private final HttpServer storage;
    private final ExecutorService workers = Executors.newCachedThreadPool();

    private final HubName name;

    TestHub() throws IOException {
        this(NAME);
    }

    TestHub(HubName name) throws IOException {
        this.name = name;
        hub = server("hub", this::answer);
        storage = server("storage", exchange -> content(exchange, fileOf(exchange)));
    }

    private HttpServer server(String name, HttpHandler handler) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(workers);
        server.createContext("/", exchange -> {
            try (exchange) {
                String path = exchange.getRequestURI().getRawPath();
                requests.add(new Request(
                        name,
                        exchange.getRequestMethod(),
                        path,
                        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")),
                        Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"))));
                if (!exchange.getRequestMethod().equals("HEAD")) {
                    for (Map.Entry<String, Queue<Reply>> each : replies.entrySet()) {
                        Reply reply =
                                path.endsWith(each.getKey()) ? each.getValue().poll() : null;
                        if (reply != null) {
                            reply.to(exchange);
                            return;
                        }
                    }
                }
                handler.handle(exchange);
            }
        });
        server.start();
        return server;
    }

    HubSettings settings(Path cache) {
        return HubSettings.of(
                Map.of("HF_ENDPOINT", endpoint(), "HF_HUB_CACHE", cache.toString(), "HF_TOKEN", TOKEN), cache);
    }

    HubPull pull(Path cache) {
        return new HubPull(settings(cache), QUICK);
    }

    static final Retries.Policy QUICK = new Retries.Policy(4, Duration.ofMillis(5), Duration.ofSeconds(10));

    String endpoint() {
        return "http://127.0.0.1:" + hub.getAddress().getPort();
    }

    TestHub with(String path, byte[] content) {
        files.put(path, content);
        return this;
    }

    TestHub with(String path, int size) {
        byte[] content = new byte[size];
        for (int i = 0; i < size; i++) {
            content[i] = (byte) (i * 31 + i / 251 + path.length());
        }
        return with(path, content);
    }

    /** To the next requests of a path. */
    void reply(String path, Reply... answers) {
        replies.put(path, new ConcurrentLinkedDeque<>(Arrays.asList(answers)));
    }

    static Reply status(int status, String... headers) {
        return exchange -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().add(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
        };
    }

    /** A connection that ends too early. */
    Reply cut(String path, int bytes) {
        return exchange -> {
            byte[] content = files.get(path);
            int from = start(exchange);
            if (from > 0) {
                exchange.getResponseHeaders()
                        .add("Content-Range", "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
            exchange.getResponseBody().write(content, from, bytes);
            exchange.getResponseBody().flush();
        };
    }

    long count(String method, String end) {
        return requests.stream()
                .filter(request -> request.method.equals(method) && request.path.endsWith(end))
                .count();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        String owner = renamedTo.isEmpty() ? name.repository() : renamedTo;
        if (!renamedTo.isEmpty() && path.contains(name.repository())) {
            status(307, "Location", path.replace(name.repository(), renamedTo) + "?blobs=true")
                    .to(exchange);
        } else if (path.startsWith("/api/models/" + owner + "/revision/")) {
            byte[] json = listing().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, json.length);
            exchange.getResponseBody().write(json);
        } else if (path.startsWith("/" + owner + "/resolve/" + COMMIT + "/")) {
            resolve(exchange, fileOf(exchange));
        } else {
            status(401, "X-Error-Message", "Invalid username or password.").to(exchange);
        }
    }

    /** With a character that addresses must not have, as storage servers give it. */
    String storageAddress(String file) {
        return "http://127.0.0.1:%d/content/%s?key=a|b"
                .formatted(storage.getAddress().getPort(), file.replace(" ", "%20"));
    }

    private static String fileOf(HttpExchange exchange) {
        // Decoded.
        return exchange.getRequestURI().getPath().replaceFirst(".*?/(resolve/\\w+|content)/", "");
    }

    private void resolve(HttpExchange exchange, String file) throws IOException {
        byte[] content = files.get(file);
        if (content == null) {
            status(404, "X-Error-Code", "EntryNotFound").to(exchange);
            return;
        }
        exchange.getResponseHeaders().add("X-Repo-Commit", COMMIT);
        if (content.length >= LARGE && !storageIsHub) {
            exchange.getResponseHeaders().add("X-Linked-Etag", tags.getOrDefault(file, '"' + sha256(content) + '"'));
            exchange.getResponseHeaders()
                    .add("X-Linked-Size", sizes.getOrDefault(file, Integer.toString(content.length)));
            status(302, "Location", storageAddress(file)).to(exchange);
        } else {
            exchange.getResponseHeaders().add("ETag", tags.getOrDefault(file, '"' + tag(content) + '"'));
            content(exchange, file);
        }
    }

    private void content(HttpExchange exchange, String file) throws IOException {
        byte[] content = files.get(file);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().add("Content-Length", Integer.toString(content.length));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        int from = ranges ? start(exchange) : 0;
        if (from >= content.length && from > 0) {
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        if (from > 0) {
            exchange.getResponseHeaders()
                    .add("Content-Range", "bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length == 0 ? -1 : content.length - from);
        exchange.getResponseBody().write(content, from, content.length - from);
    }

    private static int start(HttpExchange exchange) {
        String range = exchange.getRequestHeaders().getFirst("Range");
        return range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
    }

    private String listing() {
        ObjectNode json = JsonMapper.shared()
                .createObjectNode()
                .put("id", name.repository())
                .put("sha", COMMIT);
        var siblings = json.putArray("siblings");
        files.forEach((path, content) -> {
            ObjectNode sibling = siblings.addObject().put("rfilename", path);
            if (sizesListed) {
                sibling.put("size", content.length).put("blobId", gitHash(content));
                if (content.length >= LARGE) {
                    sibling.putObject("lfs")
                            .put("sha256", listedSha256.isEmpty() ? sha256(content) : listedSha256)
                            .put("size", content.length)
                            .put("pointerSize", 134);
                }
            }
        });
        return json.toString();
    }

    static String tag(byte[] content) {
        return content.length >= LARGE ? sha256(content) : gitHash(content);
    }

    static String sha256(byte[] content) {
        return hash("SHA-256", new byte[0], content);
    }

    static String gitHash(byte[] content) {
        return hash("SHA-1", ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII), content);
    }

    private static String hash(String algorithm, byte[] header, byte[] content) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(header);
            return HexFormat.of().formatHex(digest.digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        hub.stop(0);
        storage.stop(0);
        workers.shutdownNow();
    }

    /** Requests that were recorded, in order. */
    List<Request> of(String server) {
        return new ArrayDeque<>(requests)
                .stream().filter(request -> request.server.equals(server)).toList();
    }
}
