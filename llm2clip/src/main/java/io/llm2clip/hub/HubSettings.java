package io.llm2clip.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where the Hub and its cache are, by the variables that the Hub's other programs read.
 *
 * @param endpoint address of the Hub or of a mirror, without a slash at its end
 * @param cache folder of all repositories that were fetched
 * @param token of an account, if there is one; it is sent to {@code endpoint} only
 * @param offline whether the Hub must not be asked for anything
 * @param proxies from a scheme to the proxy for it
 */
public record HubSettings(URI endpoint, Path cache, Optional<String> token, boolean offline, HubProxies proxies) {
    private static final String HUB = "https://huggingface.co";
    private static final Set<String> TRUE = Set.of("1", "on", "yes", "true");
    private static final Pattern VARIABLE = Pattern.compile("\\$(?:(\\w+)|\\{([^}]+)})");

    /** Those of this process. */
    public static HubSettings ofProcess() {
        return of(System.getenv(), Path.of(System.getProperty("user.home")));
    }

    /**
     * By variables: {@code HF_HOME}, {@code HF_HUB_CACHE}, {@code HF_ENDPOINT}, {@code HF_TOKEN}, {@code HF_TOKEN_PATH},
     * {@code HF_HUB_OFFLINE} and their older names, and those of proxies.
     *
     * @param home of the user
     * @throws HubException if one has no meaning
     */
    public static HubSettings of(Map<String, String> variables, Path home) {
        Optional<Path> caches =
                value(variables, "XDG_CACHE_HOME").map(text -> path("XDG_CACHE_HOME", text, variables, home));
        Path hub = value(variables, "HF_HOME")
                .map(text -> path("HF_HOME", text, variables, home))
                .orElseGet(() -> caches.orElse(home.resolve(".cache")).resolve("huggingface"));
        Path cache = Stream.of("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
                .flatMap(name -> value(variables, name).map(text -> path(name, text, variables, home)).stream())
                .findFirst()
                .orElseGet(() -> hub.resolve("hub"));
        Path tokenFile = value(variables, "HF_TOKEN_PATH")
                .map(text -> path("HF_TOKEN_PATH", text, variables, home))
                .orElseGet(() -> hub.resolve("token"));
        return new HubSettings(
                endpoint("HF_ENDPOINT", value(variables, "HF_ENDPOINT").orElse(HUB)),
                cache,
                token(variables, tokenFile),
                isTrue(variables, "HF_HUB_OFFLINE") || isTrue(variables, "TRANSFORMERS_OFFLINE"),
                HubProxies.of(variables));
    }

    /** The same with another cache folder. */
    public HubSettings withCache(Path folder) {
        return new HubSettings(endpoint, folder, token, offline, proxies);
    }

    /**
     * The same with another address of the Hub.
     *
     * @throws HubException if it is none
     */
    public HubSettings withEndpoint(String address) {
        return new HubSettings(endpoint("--endpoint", address), cache, token, offline, proxies);
    }

    /** The page of a repository, for people. */
    String page(HubName name) {
        return endpoint + "/" + name.repository();
    }

    /** Without the token, which is secret. */
    @Override
    public String toString() {
        return "HubSettings[endpoint=%s, cache=%s, token=%s, offline=%s]"
                .formatted(endpoint, cache, token.isPresent() ? "given" : "none", offline);
    }

    private static URI endpoint(String source, String text) {
        try {
            URI address = new URI(text.strip().replaceAll("/+$", ""));
            boolean web = List.of("http", "https")
                    .contains(
                            Objects.requireNonNullElse(address.getScheme(), "").toLowerCase(Locale.ROOT));
            if (web && address.getHost() != null && address.getRawQuery() == null && address.getRawFragment() == null) {
                return address;
            }
        } catch (URISyntaxException e) {
            // Said below.
        }
        throw new HubException("%s: expected an address of the Hub such as %s, found '%s'; correct it or leave it out."
                .formatted(source, HUB, text));
    }

    private static Optional<String> token(Map<String, String> variables, Path file) {
        Optional<String> named = Stream.of("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
                .flatMap(name -> value(variables, name).stream())
                .findFirst();
        Optional<String> token =
                named.isPresent() || isTrue(variables, "HF_HUB_DISABLE_IMPLICIT_TOKEN") ? named : ofFile(file);
        token.filter(text -> !text.chars().allMatch(c -> c > ' ' && c < 0x7f)).ifPresent(_ -> {
            throw new HubException(
                    "The token of the Hub in %s has characters that no token has; copy it again from the Hub's settings."
                            .formatted(named.isPresent() ? "HF_TOKEN" : file));
        });
        return token;
    }

    private static Optional<String> ofFile(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(file).strip()).filter(text -> !text.isEmpty());
        } catch (IOException e) {
            throw new HubException(
                    "%s: the Hub's token cannot be read (%s); mend its permissions or delete it."
                            .formatted(file, e.getMessage()),
                    e);
        }
    }

    private static boolean isTrue(Map<String, String> variables, String name) {
        return value(variables, name)
                .filter(text -> TRUE.contains(text.toLowerCase(Locale.ROOT)))
                .isPresent();
    }

    private static Optional<String> value(Map<String, String> variables, String name) {
        return Optional.ofNullable(variables.get(name)).map(String::strip).filter(text -> !text.isEmpty());
    }

    /** With {@code ~} for the user's home and variables within. */
    private static Path path(String name, String text, Map<String, String> variables, Path home) {
        String expanded = VARIABLE.matcher(text)
                .replaceAll(match -> Matcher.quoteReplacement(Arrays.asList(match.group(1), match.group(2)).stream()
                        .filter(Objects::nonNull)
                        .findFirst()
                        .map(variables::get)
                        .orElse(match.group())));
        try {
            if (expanded.equals("~")) {
                return home;
            }
            return expanded.startsWith("~/") ? home.resolve(expanded.substring(2)) : Path.of(expanded);
        } catch (InvalidPathException e) {
            throw new HubException(
                    "%s: expected a folder, found '%s' (%s); correct it.".formatted(name, text, e.getReason()), e);
        }
    }
}
