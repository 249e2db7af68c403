package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.llm2clip.Llm2Clip;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/** {@code pull}, and models by their names on the Hub; the protocol is tested with the library. */
class PullCommandTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final String MODEL = "microsoft/LLM2CLIP-Openai-B-16";
    private static final String TEXT = "microsoft/LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned";

    @TempDir
    Path folder;

    private Path served;
    private Path cache;
    private HttpServer hub;

    @BeforeEach
    void start() throws IOException {
        served = folder.resolve("served");
        cache = folder.resolve("cache");
        Fixture.published(served.resolve(MODEL), served.resolve(TEXT));
        hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        hub.createContext("/", exchange -> {
            try (exchange) {
                answer(exchange);
            }
        });
        hub.start();
    }

    @AfterEach
    void stop() {
        hub.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        byte[] content;
        if (path.startsWith("/api/models/")) {
            Path repository = served.resolve(path.replaceAll("^/api/models/|/revision/main$", ""));
            if (!Files.isDirectory(repository)) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            content = listing(repository);
        } else {
            Path file = served.resolve(path.substring(1).replace("/resolve/" + COMMIT, ""));
            exchange.getResponseHeaders().add("ETag", '"' + file.getFileName().toString() + Files.size(file) + '"');
            content = Files.readAllBytes(file);
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().add("Content-Length", Integer.toString(content.length));
            exchange.sendResponseHeaders(200, -1);
        } else {
            exchange.sendResponseHeaders(200, content.length);
            exchange.getResponseBody().write(content);
        }
    }

    private static byte[] listing(Path repository) throws IOException {
        var json = Json.MAPPER.createObjectNode().put("sha", COMMIT);
        ArrayNode siblings = json.putArray("siblings");
        try (Stream<Path> files = Files.walk(repository)) {
            files.filter(Files::isRegularFile)
                    .forEach(file -> siblings.addObject()
                            .put("rfilename", repository.relativize(file).toString()));
        }
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    private Run pull(Object... arguments) {
        List<Object> all = new ArrayList<>(List.of("pull"));
        all.addAll(List.of(arguments));
        all.addAll(List.of(
                "--cache-dir",
                cache,
                "--endpoint",
                "http://127.0.0.1:" + hub.getAddress().getPort()));
        return Run.of(all.toArray());
    }

    private Path snapshot(String repository) {
        return cache.resolve("models--" + repository.replace("/", "--"))
                .resolve("snapshots")
                .resolve(COMMIT);
    }

    @Test
    void theDirectoryIsPrintedAndTheTextEncoderNamed() {
        Run run = pull(MODEL);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).isEqualToIgnoringNewLines(snapshot(MODEL).toString());
        assertThat(run.err())
                .contains(MODEL + ": fetching 2 of 2 files, 1 MB, into " + cache)
                .contains("pull: ", " kB")
                .contains("  llm2clip pull " + TEXT)
                .contains("To open it by its name, set HF_HUB_CACHE=" + cache + "; ");
        assertThat(pull(MODEL, "--quiet").err()).isEmpty();
        assertThat(pull(MODEL).err()).contains(MODEL + ": 2 files, all there already.");
    }

    @Test
    void theTextEncoderComesAlongOnRequest() throws IOException {
        Run run = pull(MODEL, "--with-text-encoder", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode json = run.json();
        assertThat(json.path("model").asString()).isEqualTo(MODEL);
        assertThat(json.path("commit").asString()).isEqualTo(COMMIT);
        assertThat(json.path("fetched").asInt()).isEqualTo(2);
        assertThat(json.path("textEncoder").path("directory").asString())
                .isEqualTo(snapshot(TEXT).toString());
        assertThat(json.path("textEncoder").path("files").valueStream().map(JsonNode::asString))
                .contains("tokenizer.json", "model.safetensors");
        assertThat(pull(MODEL).err()).contains("Model and text encoder are there; --model " + MODEL + " opens them.");
        Run other = pull(TEXT, "--with-text-encoder");
        assertThat(other.code()).isEqualTo(2);
        assertThat(other.err())
                .contains(TEXT + ": expected a published LLM2CLIP model for --with-text-encoder, found another; ");
    }

    /** What is in the cache opens by its name, with the text encoder beside it, and nothing is fetched. */
    @Test
    void aModelOpensByItsName() throws Exception {
        Path picture = Fixture.picture(folder.resolve("a.png"), 0x208040);
        String before = process("similarity", "--model", MODEL, picture.toString(), "a kite");
        assertThat(before)
                .isEqualToIgnoringNewLines(
                        "error: %s: there is no such file or directory, and no model of this name of the Hub in %s; correct the path, or fetch the model with 'llm2clip pull %s'."
                                .formatted(MODEL, cache, MODEL));
        assertThat(pull(MODEL).code()).isZero();
        assertThat(process("similarity", "--model", MODEL, picture.toString(), "a kite"))
                .contains(TEXT.replace("microsoft/", ""), "fetch it with 'llm2clip pull'");
        assertThat(pull(TEXT).code()).isZero();
        double expected;
        try (Llm2Clip loaded = Llm2Clip.load(snapshot(MODEL))) {
            expected = loaded.similarity(List.of(picture), List.of("a kite"))[0][0];
        }
        hub.stop(0);
        String json = process(
                "similarity",
                "--model",
                MODEL,
                "--text-encoder",
                TEXT + "@main",
                picture.toString(),
                "a kite",
                "--json");
        assertThat(Json.MAPPER
                        .readTree(json)
                        .path("captions")
                        .path(0)
                        .path("cosine")
                        .asDouble())
                .isCloseTo(expected, within(1e-6));
    }

    private String process(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().put("HF_HUB_CACHE", cache.toString());
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said.lines().filter(line -> !line.startsWith("WARNING: ")).reduce("", (all, line) -> all + line + "\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"LLM2CLIP-Openai-B-16", "a/b/c", "https://huggingface.co/a/b", "a/b@", ""})
    void whatIsNoNameIsBadUsage(String name) {
        Run run = pull(name);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("error: expected the name of a repository of the Hub, such as owner/name ");
        assertThat(Run.of("pull", MODEL, "--endpoint", "nowhere").code()).isEqualTo(2);
    }

    @Test
    void failuresAreOneSentence() {
        Run run = pull("microsoft/none");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("error: microsoft/none: there is no such repository at http://127.0.0.1:")
                .hasLineCount(1);
        assertThat(cache.resolve("models--microsoft--none")).doesNotExist();
    }

    @Test
    void patternsAreOptions() {
        Run run = pull(MODEL, "--include", "*.json", "--exclude", "x*");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(snapshot(MODEL))
                .isDirectoryNotContaining("glob:**/model.safetensors")
                .isDirectoryContaining("glob:**/config.json");
    }
}
