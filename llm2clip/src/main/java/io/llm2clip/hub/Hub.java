package io.llm2clip.hub;

import io.llm2clip.hub.HubHttp.Answer;
import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The Hub, or a mirror of it, as far as models are fetched from it. */
final class Hub implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Of a listing; more would be no model. */
    private static final int MAX_LISTING = 64 << 20;

    private final HubSettings settings;
    private final Retries retries;
    private final HubHttp http;

    Hub(HubSettings settings, Retries.Policy policy, Progress progress) {
        this.settings = settings;
        retries = new Retries(policy, progress);
        http = new HubHttp(settings, policy.silence());
    }

    Retries retries() {
        return retries;
    }

    /**
     * Asks what a repository holds.
     *
     * @throws HubException if there is none, or it cannot be read
     */
    HubListing listing(HubName name) {
        URI address = HubAddress.listing(settings.endpoint(), name);
        byte[] json = retries.of(name.toString(), () -> 0, () -> {
            try (Answer answer = http.get(address, Map.of())) {
                if (answer.status() != 200) {
                    throw Refusals.of(settings, name, "", answer);
                }
                return answer.body().readNBytes(MAX_LISTING);
            }
        });
        try {
            return listing(name, JSON.readTree(json));
        } catch (JacksonException e) {
            throw noListing(name, e);
        }
    }

    private HubListing listing(HubName name, JsonNode info) {
        String commit = info.path("sha").asString("");
        if (!HubName.isCommit(commit) || !info.path("siblings").isArray()) {
            throw noListing(name, null);
        }
        List<HubFile> files = new ArrayList<>();
        for (JsonNode sibling : info.path("siblings")) {
            JsonNode large = sibling.path("lfs");
            Optional<Checksum> checksum = large.isObject()
                    ? Checksum.of(
                            Checksum.Kind.SHA256,
                            large.path("sha256").asString(large.path("oid").asString("")))
                    : Checksum.of(Checksum.Kind.GIT_BLOB, sibling.path("blobId").asString(""));
            long size = large.path("size").asLong(sibling.path("size").asLong(-1));
            files.add(new HubFile(sibling.path("rfilename").asString(""), size, checksum));
        }
        return new HubListing(name, commit, files);
    }

    private HubException noListing(HubName name, @Nullable Exception cause) {
        return new HubException(
                "%s: expected what the Hub says of a model at %s, found something else; check the address of the Hub (HF_ENDPOINT)."
                        .formatted(name, settings.endpoint()),
                cause);
    }

    /**
     * Asks about a file.
     *
     * @throws HubException if there is none, or it cannot be read
     */
    RemoteFile file(HubListing listing, HubFile file) {
        URI address = HubAddress.file(settings.endpoint(), listing.name(), listing.commit(), file.path());
        return retries.of(listing.name() + ": " + file.path(), () -> 0, () -> {
            // A renamed repository redirects within the Hub; storage elsewhere knows nothing of the Hub's hashes.
            try (Answer answer = http.head(
                    address,
                    (redirection, next) -> redirection.header("X-Linked-Etag").isEmpty()
                            && HubAddress.sameServer(settings.endpoint(), next))) {
                if (answer.status() != 200 && !answer.isRedirection()) {
                    throw Refusals.of(settings, listing.name(), file.path(), answer);
                }
                return file(listing, file, address, answer);
            }
        });
    }

    private static RemoteFile file(HubListing listing, HubFile file, URI address, Answer answer) {
        String subject = listing.name() + ": " + file.path();
        answer.header("X-Repo-Commit")
                .filter(commit -> !commit.equals(listing.commit()))
                .ifPresent(commit -> {
                    throw new HubException("%s: expected the file of commit %s, found that of %s; try again."
                            .formatted(subject, listing.commit(), commit));
                });
        String tag = answer.header("X-Linked-Etag")
                .or(() -> answer.header("ETag"))
                .map(Hub::unquoted)
                .filter(HubCache::isContent)
                .or(() -> file.checksum().map(Checksum::hex))
                .orElseThrow(() -> new HubException(
                        "%s: the server does not say by what its content is known (ETag); use the Hub or another mirror (HF_ENDPOINT)."
                                .formatted(subject)));
        // A redirection's own length is not the file's.
        Optional<String> length = answer.isRedirection() ? Optional.empty() : answer.header("Content-Length");
        long size = answer.header("X-Linked-Size")
                .or(() -> length)
                .filter(text -> text.matches("\\d{1,18}"))
                .map(Long::parseLong)
                .orElse(file.size());
        if (size < 0 || file.size() >= 0 && size != file.size()) {
            throw new HubException(
                    "%s: expected a file of %s, found %s; try again, or use the Hub or another mirror (HF_ENDPOINT)."
                            .formatted(
                                    subject,
                                    file.size() < 0 ? "a size that the server says" : file.size() + " bytes",
                                    size < 0 ? "none" : size + " bytes"));
        }
        return new RemoteFile(file.path(), address, tag, size, file.checksum().or(() -> Checksum.ofTag(tag)));
    }

    /** {@code W/"tag"} and {@code "tag"}. */
    private static String unquoted(String tag) {
        return tag.strip().replaceFirst("^W/", "").replaceAll("^\"|\"$", "");
    }

    /** The content of a file from a byte on, if the server can: its status says so. */
    Answer content(HubName name, RemoteFile file, long from) throws IOException {
        Answer answer = http.get(file.address(), from > 0 ? Map.of("Range", "bytes=" + from + "-") : Map.of());
        if (answer.status() == 200 || answer.status() == 206 || answer.status() == 416) {
            return answer;
        }
        try (answer) {
            throw Refusals.of(settings, name, file.path(), answer);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
