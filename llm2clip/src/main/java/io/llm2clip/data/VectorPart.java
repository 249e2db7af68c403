package io.llm2clip.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A share of the vectors of a {@link TextVectorStore}, which a process of its own computes: a store in a folder of the store, which takes
 * it over when it is finished.
 *
 * @param number of the share, from 1
 * @param count of shares
 */
public record VectorPart(int number, int count) {
    /** Everything is one share. */
    public static final VectorPart WHOLE = new VectorPart(1, 1);

    private static final String NAME = "part-%s-of-%s";
    /** Of all shares, as a glob. */
    static final String NAMES = NAME.formatted("*", "*");

    private static final Pattern PATTERN = Pattern.compile(NAME.formatted("\\d+", "\\d+"));

    public VectorPart {
        if (count < 1 || number < 1 || number > count) {
            throw new IllegalArgumentException(
                    "Share %d of %d; expected one from 1 of at least 1.".formatted(number, count));
        }
    }

    /** Whether an example with this number belongs to the share. */
    public boolean has(long example) {
        return example % count == number - 1;
    }

    /** Where a store has it. */
    Path folder(Path store) {
        return count == 1 ? store : store.resolve(NAME.formatted(number, count));
    }

    /** Whether a folder of a store is called so. */
    static boolean isName(String name) {
        return PATTERN.matcher(name).matches();
    }

    /** The folders of a store's shares that are finished. */
    static List<Path> finished(Path store) throws IOException {
        if (!Files.isDirectory(store)) {
            return List.of();
        }
        try (var folders = Files.newDirectoryStream(store, NAMES)) {
            List<Path> finished = new ArrayList<>();
            for (Path folder : folders) {
                if (Files.isRegularFile(folder.resolve(StoreFiles.FINISHED))) {
                    finished.add(folder);
                }
            }
            finished.sort(null);
            return finished;
        }
    }
}
