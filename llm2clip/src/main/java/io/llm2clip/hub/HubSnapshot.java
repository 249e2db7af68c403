package io.llm2clip.hub;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a path in a cache of the Hub says of the model there: {@code CACHE/models--OWNER--NAME/snapshots/REVISION}.
 *
 * @param cache the folder of all repositories
 * @param owner of the repository; few old ones have none
 * @param name of the repository
 */
public record HubSnapshot(Path cache, Optional<String> owner, String name) {
    static final String SNAPSHOTS = "snapshots";
    private static final Pattern REPOSITORY = Pattern.compile("models--(?:(?<owner>.+?)--)?(?<name>.+)");

    /** The folder of a repository. */
    static String folder(HubName name) {
        return "models--%s--%s".formatted(name.owner(), name.name());
    }

    /** The model whose snapshot a directory is, if it is one. */
    public static Optional<HubSnapshot> of(Path directory) {
        Path snapshots = directory.toAbsolutePath().normalize().getParent();
        Path repository = snapshots == null ? null : snapshots.getParent();
        if (snapshots == null || repository == null || !snapshots.endsWith(SNAPSHOTS)) {
            return Optional.empty();
        }
        Matcher folder = REPOSITORY.matcher(String.valueOf(repository.getFileName()));
        return folder.matches()
                ? Optional.of(new HubSnapshot(
                        repository.resolveSibling(""),
                        Optional.ofNullable(folder.group("owner")),
                        folder.group("name")))
                : Optional.empty();
    }

    /** The model whose snapshot a path is, or lies in. */
    public static Optional<HubSnapshot> around(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        return Stream.iterate(absolute, each -> each != null, Path::getParent)
                .flatMap(each -> of(each).stream())
                .findFirst();
    }

    /**
     * Snapshots in the same cache of the models of a name, whoever owns them: what was fetched of each last.
     *
     * @throws CheckpointException if the cache cannot be read
     */
    public List<Path> named(String other) {
        if (!Files.isDirectory(cache)) {
            return List.of();
        }
        try (Stream<Path> repositories = Files.list(cache)) {
            return repositories
                    .filter(repository -> {
                        Matcher folder = REPOSITORY.matcher(String.valueOf(repository.getFileName()));
                        return folder.matches() && folder.group("name").equals(other);
                    })
                    .sorted()
                    .flatMap(repository -> latest(repository).stream())
                    .toList();
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be read (%s); check its permissions.".formatted(cache, IoReason.of(e)), e);
        }
    }

    private static Optional<Path> latest(Path repository) {
        try {
            String revision =
                    Files.readString(repository.resolve("refs").resolve("main")).strip();
            return Optional.of(repository.resolve(SNAPSHOTS).resolve(revision));
        } catch (IOException e) {
            // Fetched by revision only, or not at all: the caller says what it looked for.
            return Optional.empty();
        }
    }
}
