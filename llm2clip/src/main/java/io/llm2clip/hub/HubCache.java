package io.llm2clip.hub;

import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The folder in which programs of the Hub share what they fetched: of each repository its contents by their hashes, and for each commit
 * a tree of links to them. What is in it, this and Python's {@code huggingface_hub} find alike.
 *
 * @param folder of all repositories
 * @param links how names in snapshots come to their content, in order of preference
 */
record HubCache(Path folder, List<Link> links) {
    /** A name for a content. */
    enum Link {
        /** A symbolic link, relative, so that the folder can be moved. */
        SYMBOLIC {
            @Override
            void make(Path name, Path content) throws IOException {
                Files.createSymbolicLink(name, name.resolveSibling("").relativize(content));
            }
        },
        /** Another name of the same file. */
        HARD {
            @Override
            void make(Path name, Path content) throws IOException {
                Files.createLink(name, content);
            }
        },
        /** A file of its own. */
        COPY {
            @Override
            void make(Path name, Path content) throws IOException {
                Path copy = name.resolveSibling(name.getFileName() + ".incomplete");
                Files.copy(content, copy, StandardCopyOption.REPLACE_EXISTING);
                Files.move(copy, name, StandardCopyOption.ATOMIC_MOVE);
            }
        };

        abstract void make(Path name, Path content) throws IOException;
    }

    /** Of contents: hashes, and what else servers tag them with. */
    private static final Pattern CONTENT = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    HubCache(Path folder) {
        this(folder.toAbsolutePath().normalize(), List.of(Link.values()));
    }

    /** Whether a tag of a server can be the name of a content. */
    static boolean isContent(String tag) {
        return CONTENT.matcher(tag).matches();
    }

    /** The tree of a revision, complete or not; empty if it was never fetched. */
    Optional<Path> find(HubName name) {
        return commit(name).map(commit -> snapshot(name, commit)).filter(Files::isDirectory);
    }

    private Optional<String> commit(HubName name) {
        if (name.isCommit()) {
            return Optional.of(name.revision());
        }
        Path file = reference(name);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Files.readString(file).strip()).filter(HubName::isCommit);
        } catch (IOException e) {
            throw new HubException(
                    "%s: cannot be read (%s); check its permissions.".formatted(file, IoReason.of(e)), e);
        }
    }

    Path repository(HubName name) {
        return folder.resolve(HubSnapshot.folder(name));
    }

    Path snapshot(HubName name, String commit) {
        return repository(name).resolve(HubSnapshot.SNAPSHOTS).resolve(commit);
    }

    Path content(HubName name, String tag) {
        return repository(name).resolve("blobs").resolve(tag);
    }

    Path lock(HubName name, String tag) {
        return folder.resolve(".locks")
                .resolve(String.valueOf(repository(name).getFileName()))
                .resolve(tag + ".lock");
    }

    private Path reference(HubName name) {
        return repository(name).resolve("refs").resolve(name.revision());
    }

    /**
     * Where a file of a snapshot is.
     *
     * @throws HubException if it would not be within it: the name is the server's
     */
    Path file(HubName name, String commit, String path) {
        Path snapshot = snapshot(name, commit);
        boolean plain = !path.isEmpty()
                && path.chars().noneMatch(c -> c < ' ' || c == 0x7f || c == '\\' || c == ':')
                && List.of(path.split("/", -1)).stream()
                        .noneMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."));
        try {
            if (plain && snapshot.resolve(path).normalize().startsWith(snapshot)) {
                return snapshot.resolve(path);
            }
        } catch (InvalidPathException e) {
            throw new HubException(
                    "%s: the name of its file '%s' cannot be one on this system (%s); leave it out with --exclude."
                            .formatted(name, path, e.getReason()),
                    e);
        }
        throw new HubException(
                "%s: has a file named '%s', which would not be within the model's folder; do not trust this repository, or leave the file out with --exclude."
                        .formatted(name, path.replaceAll("\\p{Cntrl}", "?")));
    }

    /** Gives a content its name in a snapshot. */
    void link(Path name, Path content) {
        try {
            Files.createDirectories(name.resolveSibling(""));
            // Of an earlier content that is gone.
            Files.deleteIfExists(name);
            for (Link link : links) {
                if (made(link, name, content)) {
                    return;
                }
            }
        } catch (IOException e) {
            throw unwritable(name, e);
        }
    }

    private boolean made(Link link, Path name, Path content) throws IOException {
        try {
            link.make(name, content);
            return true;
        } catch (FileAlreadyExistsException e) {
            // Of another run, which made it of the same content.
            return true;
        } catch (IOException | UnsupportedOperationException | SecurityException e) {
            if (link == links.getLast()) {
                throw e instanceof IOException failure ? failure : new IOException(e);
            }
            return false;
        }
    }

    /** Notes which commit a branch or tag is. */
    void refer(HubName name, String commit) {
        if (name.isCommit() || commit(name).equals(Optional.of(commit))) {
            return;
        }
        Path file = reference(name);
        try {
            Files.createDirectories(file.resolveSibling(""));
        } catch (IOException e) {
            throw unwritable(file, e);
        }
        AtomicFile.write(file, commit.getBytes(StandardCharsets.US_ASCII));
    }

    HubException unwritable(Path file, IOException e) {
        return new HubException(
                "%s: cannot be written (%s); free room on its disk, mend its permissions, or choose another folder with --cache-dir or HF_HUB_CACHE."
                        .formatted(file, IoReason.of(e)),
                e);
    }
}
