package io.llm2clip.hub;

import io.llm2clip.nn.checkpoint.OutputDirectory;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** Where a model is that is named by a path, or by its name on the Hub. */
public final class HubPath {
    private HubPath() {}

    /**
     * The path itself if there is such a file or directory, or it cannot be a name of the Hub; otherwise the directory of the Hub's
     * cache that holds the model of this name. Nothing is fetched.
     *
     * @param place a path, or {@code owner/name} or {@code owner/name@revision}
     * @throws HubException if it is neither there nor in the cache
     */
    public static Path of(String place) {
        return HubName.isName(place) && !exists(place) ? of(place, HubSettings.ofProcess()) : path(place);
    }

    static Path of(String place, HubSettings settings) {
        if (exists(place) || !HubName.isName(place) || isFile(place)) {
            return path(place);
        }
        return cached(place, settings)
                .orElseThrow(() -> new HubException(
                        "%s: there is no such file or directory, and no model of this name of the Hub in %s; correct the path, or fetch the model with 'llm2clip pull %s'."
                                .formatted(place, settings.cache(), place)));
    }

    /** The directory of the Hub's cache that holds the model of a name, if it is one and the model was fetched. */
    public static Optional<Path> cached(String name) {
        return cached(name, HubSettings.ofProcess());
    }

    static Optional<Path> cached(String name, HubSettings settings) {
        return HubName.isName(name) ? new HubCache(settings.cache()).find(HubName.parse(name)) : Optional.empty();
    }

    private static boolean exists(String place) {
        try {
            // A run that died while it replaced a model may have left it under another name.
            OutputDirectory.recover(Path.of(place));
            return Files.exists(Path.of(place));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    /** Whether it is named as a file of weights is. */
    private static boolean isFile(String place) {
        String name = place.toLowerCase(Locale.ROOT);
        return Stream.of(".safetensors", ".pt", ".pth", ".bin", ".gguf", ".json")
                .anyMatch(name::endsWith);
    }

    private static Path path(String place) {
        try {
            return Path.of(place);
        } catch (InvalidPathException e) {
            throw new HubException("'%s': expected a path, found %s; correct it.".formatted(place, e.getReason()), e);
        }
    }
}
