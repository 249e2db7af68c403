package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Where a path leads. Outputs go where a symbolic link points, and the link stays. */
final class Links {
    /** As many as Linux follows. */
    private static final int MAX_LINKS = 40;

    private Links() {}

    /** The path and what it links to, step by step; the last one is no link, and need not exist. */
    static List<Path> chain(Path path) throws IOException {
        List<Path> chain = new ArrayList<>();
        Path at = path.toAbsolutePath();
        chain.add(at);
        while (Files.isSymbolicLink(at)) {
            if (chain.size() > MAX_LINKS) {
                throw new FileSystemLoopException(path.toString());
            }
            at = at.resolveSibling(Files.readSymbolicLink(at));
            chain.add(at);
        }
        return chain;
    }

    /** The path without links: of what does not exist yet, the real path of the nearest folder above that does. */
    static Path real(Path path) throws IOException {
        Path last = chain(path).getLast();
        if (Files.exists(last)) {
            return last.toRealPath();
        }
        Path missing = last.normalize();
        for (Path above = missing.getParent(); above != null; above = above.getParent()) {
            if (Files.exists(above)) {
                return above.toRealPath().resolve(above.relativize(missing));
            }
        }
        return missing;
    }

    /** The folder that an entry is in; of a root, the root. */
    static Path folderOf(Path path) {
        Path absolute = path.toAbsolutePath();
        return Objects.requireNonNullElse(absolute.getParent(), absolute);
    }
}
