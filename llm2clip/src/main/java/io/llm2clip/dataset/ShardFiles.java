package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/** The files of a data set: one, those of a folder, or those of a pattern such as {@code data/{00000..00287}.tar}. */
final class ShardFiles {
    private ShardFiles() {}

    /**
     * Those that a name stands for, in the order of a pattern, or of their names.
     *
     * @param shard which files of a folder, by name
     * @throws InputException if one that is named is missing
     */
    static List<Path> of(String pattern, Predicate<String> shard) {
        if (Files.isDirectory(Path.of(pattern))) {
            return in(Path.of(pattern), shard);
        }
        List<Path> shards = Braces.expand(pattern).stream().map(Path::of).toList();
        List<Path> missing =
                shards.stream().filter(each -> !Files.isRegularFile(each)).toList();
        if (!missing.isEmpty()) {
            throw new InputException(
                    "%d of %d shards of %s are missing, the first is %s; correct the range or fetch them."
                            .formatted(missing.size(), shards.size(), pattern, missing.getFirst()));
        }
        return shards;
    }

    /** Those of a folder. */
    static List<Path> in(Path folder, Predicate<String> shard) {
        try (var files = Files.list(folder)) {
            return files.filter(file -> shard.test(file.getFileName().toString()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new InputException("The folder %s cannot be read (%s).".formatted(folder, IoReason.of(e)), e);
        }
    }
}
