package io.llm2clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class HubPullTest {
    private static final String WEIGHTS = "model.safetensors";

    @TempDir
    Path cache;

    private TestHub hub;
    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());
    private final Progress progress = new Progress() {
        @Override
        public Phase begin(String name, long total, String unit) {
            return Phase.NONE;
        }

        @Override
        public void note(String sentence) {
            notes.add(sentence);
        }

        @Override
        public void announce(String line) {}
    };

    @BeforeEach
    void start() throws IOException {
        hub = new TestHub().with("config.json", 300).with(WEIGHTS, 300_000).with("modeling_clip.py", 50);
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private HubPull.Result pull() {
        return hub.pull(cache).run(TestHub.NAME, FileChoice.DEFAULT, progress);
    }

    private Path repository() {
        return cache.resolve("models--microsoft--LLM2CLIP-Openai-B-16");
    }

    private Path incomplete(String file) {
        return repository().resolve("blobs").resolve(TestHub.tag(hub.files.get(file)) + ".incomplete");
    }

    private void assertWhole(HubPull.Result result, String... files) throws IOException {
        assertThat(result.files()).extracting(HubFile::path).containsExactlyInAnyOrder(files);
        for (String file : files) {
            assertThat(result.directory().resolve(file)).hasBinaryContent(hub.files.get(file));
        }
        try (Stream<Path> left = Files.walk(cache)) {
            assertThat(left).noneMatch(path -> path.toString().endsWith(".incomplete"));
        }
    }

    @Test
    void aModelIsInTheCachesLayout() throws IOException {
        HubPull.Result result = pull();
        assertWhole(result, "config.json", WEIGHTS);
        assertThat(result.fetched()).isEqualTo(2);
        assertThat(result.directory())
                .isEqualTo(repository().resolve("snapshots").resolve(TestHub.COMMIT));
        assertThat(repository().resolve("refs/main")).hasContent(TestHub.COMMIT);
        assertThat(Files.readSymbolicLink(result.directory().resolve(WEIGHTS)))
                .isEqualTo(Path.of("../../blobs", TestHub.sha256(hub.files.get(WEIGHTS))));
        assertThat(Files.readSymbolicLink(result.directory().resolve("config.json")))
                .isEqualTo(Path.of("../../blobs", TestHub.gitHash(hub.files.get("config.json"))));
        assertThat(hub.pull(cache).find(TestHub.NAME)).contains(result.directory());
        assertThat(notes).isEmpty();
    }

    @Test
    void whatIsThereIsNotFetchedAgain() throws IOException {
        pull();
        hub.requests.clear();
        HubPull.Result again = pull();
        assertThat(again.fetched()).isZero();
        assertWhole(again, "config.json", WEIGHTS);
        assertThat(hub.requests).hasSize(1);
        // Cut off by a program that did not check.
        Files.write(again.directory().resolve(WEIGHTS), new byte[10]);
        assertThat(pull().fetched()).isEqualTo(1);
        assertWhole(again, "config.json", WEIGHTS);
    }

    @Test
    void theTokenIsForTheHubAlone() {
        pull();
        assertThat(hub.of("hub"))
                .isNotEmpty()
                .allMatch(request -> request.token().equals(Optional.of("Bearer " + TestHub.TOKEN)));
        assertThat(hub.of("storage"))
                .isNotEmpty()
                .allMatch(request -> request.token().isEmpty());
    }

    @Test
    void aCutConnectionIsResumedWhereItEnded() throws IOException {
        hub.reply(WEIGHTS, redirect(), hub.cut(WEIGHTS, 100_000), redirect(), hub.cut(WEIGHTS, 50_000));
        assertWhole(pull(), "config.json", WEIGHTS);
        assertThat(hub.of("storage"))
                .extracting(request -> request.range().orElse(""))
                .containsExactly("", "bytes=100000-", "bytes=150000-");
        assertThat(notes)
                .hasSize(2)
                .allSatisfy(note -> assertThat(note)
                        .startsWith("microsoft/LLM2CLIP-Openai-B-16: model.safetensors: ")
                        .endsWith(": the connection broke; trying again."));
    }

    /** Both servers answer paths of the file; this is the hub's usual answer. */
    private TestHub.Reply redirect() {
        return exchange -> {
            String port = exchange.getLocalAddress().getPort() + "";
            if (hub.endpoint().endsWith(":" + port)) {
                TestHub.status(302, "Location", hub.storageAddress(WEIGHTS)).to(exchange);
            } else {
                throw new IOException("asked the storage out of turn");
            }
        };
    }

    @Test
    void anEarlierRunIsResumed() throws IOException {
        Files.createDirectories(repository().resolve("blobs"));
        Files.write(incomplete(WEIGHTS), Arrays.copyOf(hub.files.get(WEIGHTS), 123_456));
        assertWhole(pull(), "config.json", WEIGHTS);
        assertThat(hub.of("storage"))
                .extracting(request -> request.range().orElse(""))
                .containsExactly("bytes=123456-");
    }

    @Test
    void aServerWithoutRangesSendsTheWhole() throws IOException {
        hub.ranges = false;
        Files.createDirectories(repository().resolve("blobs"));
        Files.write(incomplete(WEIGHTS), Arrays.copyOf(hub.files.get(WEIGHTS), 123_456));
        assertWhole(pull(), "config.json", WEIGHTS);
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 300_000, 400_000})
    void whatAnEarlierRunSpoiledIsFetchedAnew(int length) throws IOException {
        Files.createDirectories(repository().resolve("blobs"));
        Files.write(incomplete(WEIGHTS), new byte[length]);
        assertWhole(pull(), "config.json", WEIGHTS);
    }

    /** Who has to act is told at once, not when gigabytes later the other files have come. */
    @Test
    void theFirstFailureEndsTheOthers() throws IOException {
        hub.reply("config.json", TestHub.status(403, "X-Error-Code", "GatedRepo"));
        hub.reply(WEIGHTS, redirect(), exchange -> {
            hub.cut(WEIGHTS, 1000).to(exchange);
            try {
                Thread.sleep(Duration.ofSeconds(20));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        long start = System.nanoTime();
        assertThatThrownBy(this::pull).hasMessageContaining("config.json: is gated");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(8));
        assertThat(hub.pull(cache).find(TestHub.NAME)).isEmpty();
    }

    @Test
    void contentWithAnotherHashIsRefused() throws IOException {
        hub.listedSha256 = "ab".repeat(32);
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessage("microsoft/LLM2CLIP-Openai-B-16: model.safetensors: expected content with SHA-256 "
                        + "ab".repeat(32)
                        + ", received another; try again, or use the Hub or another mirror (HF_ENDPOINT).");
        assertThat(repository().resolve("refs/main")).doesNotExist();
        assertThat(repository().resolve("snapshots/" + TestHub.COMMIT).resolve(WEIGHTS))
                .doesNotExist();
        assertThat(incomplete(WEIGHTS)).doesNotExist();
        assertThat(hub.pull(cache).find(TestHub.NAME).map(path -> path.resolve(WEIGHTS)))
                .isEmpty();
    }

    @Test
    void filesWithinGitAreCheckedToo() {
        byte[] other = hub.files.get("config.json").clone();
        other[7]++;
        hub.reply("config.json", exchange -> {
            exchange.sendResponseHeaders(200, other.length);
            exchange.getResponseBody().write(other);
        });
        assertThatThrownBy(this::pull).hasMessageContaining("config.json: expected content with git's SHA-1 ");
    }

    @Test
    void moreThanWasSaidIsRefused() {
        hub.reply("config.json", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(new byte[5000]);
        });
        assertThatThrownBy(this::pull).hasMessageContaining("config.json: expected 300 bytes, the server sends more; ");
    }

    @Test
    void aBusyServerIsAskedAgain() throws IOException {
        hub.reply("/revision/main", TestHub.status(503), TestHub.status(429, "Retry-After", "0"), TestHub.status(500));
        assertWhole(pull(), "config.json", WEIGHTS);
        assertThat(notes).hasSize(3).first().asString().contains("the server answered 503; trying again.");
    }

    @Test
    void patienceEnds() {
        hub.reply("/revision/main", TestHub.status(503), TestHub.status(503), TestHub.status(502), TestHub.status(503));
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "microsoft/LLM2CLIP-Openai-B-16: the server answered 503, 4 times in a row; try again later; what was received is kept.");
        hub.reply("/revision/main", TestHub.status(429, "Retry-After", "3600"));
        assertThatThrownBy(this::pull).hasMessageContaining("the server asks to wait for 61 minutes; try again then, ");
    }

    @Test
    void nobodyThereIsSaidWithTheReason() {
        HubSettings settings = hub.settings(cache);
        String server = hub.endpoint().replace("http://", "");
        pull();
        hub.close();
        assertThatThrownBy(() -> new HubPull(settings, TestHub.QUICK).run(TestHub.NAME, FileChoice.DEFAULT, progress))
                .isInstanceOf(HubException.class)
                .hasMessage(
                        TestHub.NAME + ": " + server
                                + " cannot be reached (it refuses the connection), 3 times in a row; check the connection and the proxy (https_proxy), or name a mirror with HF_ENDPOINT; what was received is kept. As it was fetched before, the model is there and opens.");
    }

    @Test
    void aServerThatFallsSilentIsLeft() throws IOException {
        hub.reply(WEIGHTS, redirect(), exchange -> {
            hub.cut(WEIGHTS, 1000).to(exchange);
            try {
                Thread.sleep(Duration.ofSeconds(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        HubPull.Result result = new HubPull(
                        hub.settings(cache), new Retries.Policy(3, Duration.ofMillis(5), Duration.ofMillis(300)))
                .run(TestHub.NAME, FileChoice.DEFAULT, progress);
        assertWhole(result, "config.json", WEIGHTS);
        assertThat(notes).first().asString().contains("the server sent nothing more for 0 s; trying again.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "401 |                  | there is no such repository at {hub}, or it is private; check its name, or set HF_TOKEN to a token of an account that may read it.",
                "404 | RepoNotFound     | there is no such repository at {hub}, or it is private; check its name, or set HF_TOKEN to a token of an account that may read it.",
                "401 | GatedRepo        | is gated, and no token was given; accept its terms at {hub}/microsoft/LLM2CLIP-Openai-B-16, and set HF_TOKEN to a token of that account.",
                "404 | RevisionNotFound | the repository has no revision 'main'; look at {hub}/microsoft/LLM2CLIP-Openai-B-16/tree/main for its branches and tags.",
                "403 |                  | the Hub refuses access; accept its terms at {hub}/microsoft/LLM2CLIP-Openai-B-16, or give a token that may read it with HF_TOKEN.",
                "418 |                  | expected an answer of the Hub, found status 418 of {hub}/api/models/microsoft/LLM2CLIP-Openai-B-16/revision/main; check the address of the Hub (HF_ENDPOINT).",
            })
    void refusalsHaveTheirReasonAndRemedy(int status, String code, String sentence) {
        hub.reply(
                "/revision/main", code == null ? TestHub.status(status) : TestHub.status(status, "X-Error-Code", code));
        HubSettings nobody =
                HubSettings.of(Map.of("HF_ENDPOINT", hub.endpoint() + "/", "HF_HUB_CACHE", cache.toString()), cache);
        assertThatThrownBy(() -> new HubPull(nobody, TestHub.QUICK).run(TestHub.NAME, FileChoice.DEFAULT, progress))
                .isInstanceOf(HubException.class)
                .hasMessage("microsoft/LLM2CLIP-Openai-B-16: " + sentence.replace("{hub}", hub.endpoint()));
        assertThat(hub.requests).hasSize(1);
    }

    @Test
    void aTokenThatIsRefusedIsNotAMissingRepository() {
        hub.reply(
                "/revision/main",
                TestHub.status(401, "X-Error-Message", "Invalid credentials in Authorization header"));
        assertThatThrownBy(this::pull)
                .hasMessage(
                        "microsoft/LLM2CLIP-Openai-B-16: the Hub does not accept the token; set HF_TOKEN to a valid one, or unset it and delete the token's file.")
                .hasMessageNotContaining(TestHub.TOKEN);
        // Of a gated repository everybody may see what it holds, but not fetch it.
        hub.reply(WEIGHTS, TestHub.status(403, "X-Error-Code", "GatedRepo"));
        assertThatThrownBy(this::pull)
                .hasMessageContaining(
                        "model.safetensors: is gated, and the token's account has no access; accept its terms at ");
    }

    @Test
    void offlineNothingIsAsked() {
        HubSettings offline = HubSettings.of(
                Map.of("HF_ENDPOINT", hub.endpoint(), "HF_HUB_CACHE", cache.toString(), "HF_HUB_OFFLINE", "1"), cache);
        assertThatThrownBy(() -> new HubPull(offline).run(TestHub.NAME, FileChoice.DEFAULT, progress))
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "microsoft/LLM2CLIP-Openai-B-16: is not in %s, and HF_HUB_OFFLINE forbids to fetch it; unset that variable."
                                .formatted(cache));
        assertThat(hub.requests).isEmpty();
        Path directory = pull().directory();
        hub.requests.clear();
        assertThat(new HubPull(offline)
                        .run(TestHub.NAME, FileChoice.DEFAULT, progress)
                        .directory())
                .isEqualTo(directory);
        assertThat(hub.requests).isEmpty();
        assertThat(notes)
                .containsExactly("HF_HUB_OFFLINE is set: %s is as it was fetched before.".formatted(TestHub.NAME));
    }

    @Test
    void concurrentPullsShareTheWork() throws Exception {
        hub.with("model-00001-of-00002.safetensors", 200_000);
        List<Future<HubPull.Result>> results = new ArrayList<>();
        try (ExecutorService runs = Executors.newFixedThreadPool(4)) {
            for (int i = 0; i < 4; i++) {
                results.add(runs.submit(this::pull));
            }
        }
        for (Future<HubPull.Result> result : results) {
            assertWhole(result.get(), "config.json", WEIGHTS, "model-00001-of-00002.safetensors");
        }
        assertThat(hub.of("storage").stream().filter(request -> request.path().endsWith(WEIGHTS)))
                .hasSize(1);
    }

    @Test
    void namesAreEncodedAndFoldersKept() throws IOException {
        hub.with("text/a b#c%d?.json", 40).with("text/größe/模型.json", 41).with("text/model.safetensors", 2000);
        assertWhole(
                pull(), "config.json", WEIGHTS, "text/a b#c%d?.json", "text/größe/模型.json", "text/model.safetensors");
        assertThat(Files.readSymbolicLink(repository()
                                .resolve("snapshots")
                                .resolve(TestHub.COMMIT)
                                .resolve("text/größe/模型.json"))
                        .toString())
                .startsWith("../../../../blobs/");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../evil.json",
                "/etc/evil.json",
                "a/../../evil.json",
                "a//b.json",
                "..\\evil.json",
                "C:evil.json",
                "a/./b.json",
                "a\nb.json",
                "\u0000.json"
            })
    void namesThatLeaveTheFolderAreRefused(String name) throws IOException {
        hub.with(name, 10);
        FileChoice all = new FileChoice(List.of("*"), List.of());
        assertThatThrownBy(() -> hub.pull(cache).run(TestHub.NAME, all, progress))
                .isInstanceOf(HubException.class)
                .hasMessageContaining(
                        "which would not be within the model's folder; do not trust this repository, or leave the file out with --exclude.");
        try (Stream<Path> made = Files.walk(cache)) {
            assertThat(made.filter(Files::isRegularFile)).isEmpty();
        }
        assertThat(hub.requests).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"refs/pr/1", "feature/a", "v1.0", "größe"})
    void aRevisionMayHaveSlashes(String revision) throws IOException {
        HubName name = HubName.parse(TestHub.NAME + "@" + revision);
        HubPull.Result result = hub.pull(cache).run(name, FileChoice.DEFAULT, progress);
        assertWhole(result, "config.json", WEIGHTS);
        assertThat(hub.requests.getFirst().path())
                .endsWith("/revision/" + URLEncoder.encode(revision, StandardCharsets.UTF_8));
        assertThat(repository().resolve("refs").resolve(revision)).hasContent(TestHub.COMMIT);
        assertThat(hub.pull(cache).find(name)).contains(result.directory());
        assertThat(hub.pull(cache).find(TestHub.NAME)).isEmpty();
        assertThat(hub.pull(cache).find(HubName.parse(TestHub.NAME + "@" + TestHub.COMMIT)))
                .contains(result.directory());
    }

    @Test
    void aMirrorNeedNotListSizesNorHaveStrongTags() throws IOException {
        hub.sizesListed = false;
        hub.storageIsHub = true;
        hub.tags.put("config.json", "W/\"" + TestHub.gitHash(hub.files.get("config.json")) + "\"");
        hub.tags.put(WEIGHTS, "W/\"abc-123\"");
        assertWhole(pull(), "config.json", WEIGHTS);
        assertThat(repository().resolve("blobs/abc-123")).exists();
        assertThat(repository().resolve("blobs").resolve(TestHub.gitHash(hub.files.get("config.json"))))
                .exists();
    }

    @Test
    void aTagThatIsNoFileNameIsNotUsed() throws IOException {
        hub.storageIsHub = true;
        hub.tags.put(WEIGHTS, "\"../../x\"");
        assertWhole(pull(), "config.json", WEIGHTS);
        assertThat(repository().resolve("blobs").resolve(TestHub.sha256(hub.files.get(WEIGHTS))))
                .exists();
    }

    /** The Hub's own address is one that nobody has: only the proxy gets there. */
    @Test
    void aProxyIsAsked() throws IOException {
        hub.storageIsHub = true;
        HubSettings settings = HubSettings.of(
                Map.of(
                        "HF_ENDPOINT",
                        "http://hub.invalid",
                        "http_proxy",
                        hub.endpoint(),
                        "HF_HUB_CACHE",
                        cache.toString()),
                cache);
        assertWhole(
                new HubPull(settings, TestHub.QUICK).run(TestHub.NAME, FileChoice.DEFAULT, progress),
                "config.json",
                WEIGHTS);
    }

    @Test
    void aRenamedRepositoryIsFollowed() throws IOException {
        hub.renamedTo = "other/name";
        assertWhole(pull(), "config.json", WEIGHTS);
    }

    @Test
    void redirectionsEnd() {
        hub.reply(
                "/revision/main",
                Stream.generate(() -> TestHub.status(302, "Location", "main"))
                        .limit(20)
                        .toArray(TestHub.Reply[]::new));
        assertThatThrownBy(this::pull).hasMessageContaining("redirects again and again");
        hub.reply("/revision/main", TestHub.status(302, "Location", "file:///etc/passwd"));
        assertThatThrownBy(this::pull).hasMessageContaining("redirects to file:///etc/passwd, expected ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nonsense", "[]", "{\"sha\": \"../..\", \"siblings\": []}", "{\"siblings\": []}"})
    void whatIsNoHubIsSaid(String content) {
        hub.reply("/revision/main", exchange -> {
            exchange.sendResponseHeaders(200, content.isEmpty() ? -1 : content.length());
            exchange.getResponseBody().write(content.getBytes(StandardCharsets.UTF_8));
        });
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageContaining("expected what the Hub says of a model at " + hub.endpoint());
    }

    @Test
    void roomIsCheckedBeforeAnythingIsFetched() {
        String size = Long.toString((long) 1e17);
        hub.sizesListed = false;
        hub.sizes.put(WEIGHTS, size);
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageMatching(
                        ".*: needs [\\d,]+ MB on the disk of .*, which has [\\d,]+ MB free; free room, or choose another folder with --cache-dir or HF_HUB_CACHE\\.");
        assertThat(hub.of("storage")).isEmpty();
    }

    @Test
    void withoutSymbolicLinksThereAreOtherNamesOrCopies() throws IOException {
        Path content = Files.write(cache.resolve("content"), new byte[] {1, 2});
        for (HubCache.Link link : HubCache.Link.values()) {
            Path name = cache.resolve("snapshots/a/" + link);
            new HubCache(cache, List.of(link)).link(name, content);
            assertThat(name).hasBinaryContent(new byte[] {1, 2});
            assertThat(Files.isSymbolicLink(name)).isEqualTo(link == HubCache.Link.SYMBOLIC);
            assertThat(Files.isRegularFile(name, LinkOption.NOFOLLOW_LINKS)).isEqualTo(link != HubCache.Link.SYMBOLIC);
        }
    }
}
